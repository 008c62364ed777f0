"""What was said in a thread before."""

import logging
from collections.abc import Mapping
from typing import Any

from api.slack.events.payloads import said
from api.slack.workspace.installations import Workspace
from api.slack.workspace.places import Heard
from api.slack.workspace.slack_access import FAILURES, reason
from rag.types import Turn

log = logging.getLogger(__name__)
_MOST = 100
"""Messages; how many turns a model is given is a matter of its window."""


async def turns_before(workspace: Workspace, heard: Heard) -> tuple[Turn, ...]:
    """Oldest first: what people said, and what the bot answered. Without it where Slack does not tell."""
    thread = heard.place.thread
    if heard.ts is None or thread in (None, heard.ts):
        return ()
    try:
        told = await workspace.client.conversations_replies(
            channel=heard.place.channel, ts=str(thread), latest=heard.ts, limit=_MOST
        )
    except FAILURES as error:
        log.warning("A thread of %s cannot be read: %s", heard.place.channel, reason(error))
        return ()
    messages: list[Mapping[str, Any]] = told.get("messages") or []
    before = (message for message in messages if float(message["ts"]) < float(heard.ts))
    return tuple(turn for message in before if (turn := _turn(message, workspace)))


def _turn(message: Mapping[str, Any], workspace: Workspace) -> Turn | None:
    text = said(str(message.get("text") or ""), workspace.bot_user)
    if not text:
        return None
    if message.get("user") == workspace.bot_user:
        return Turn("assistant", text)
    return None if message.get("bot_id") else Turn("user", text)
