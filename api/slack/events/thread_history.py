"""The earlier messages of a thread, as a conversation."""

import logging
from collections.abc import Mapping
from typing import Any

from api.slack.events.payloads import typed_text
from api.slack.workspace.installations import Workspace
from api.slack.workspace.slack_access import FAILURES, failure_reason
from api.slack.workspace.slack_request import SlackRequest
from rag.types import Turn

log = logging.getLogger(__name__)
_MAX_MESSAGES = 100
"""The model's window decides how many of them it is given."""


async def turns_before(workspace: Workspace, request: SlackRequest) -> tuple[Turn, ...]:
    """What people and the bot wrote before, oldest first; empty if Slack does not tell."""
    thread = request.place.thread
    if request.ts is None or thread in (None, request.ts):
        return ()
    try:
        response = await workspace.client.conversations_replies(
            channel=request.place.channel, ts=str(thread), latest=request.ts, limit=_MAX_MESSAGES
        )
    except FAILURES as error:
        log.warning("A thread of %s cannot be read: %s", request.place.channel, failure_reason(error))
        return ()
    messages: list[Mapping[str, Any]] = response.get("messages") or []
    turns = []
    for message in messages:
        text = typed_text(str(message.get("text") or ""), workspace.bot_user)
        by_bot = message.get("user") == workspace.bot_user
        if float(message["ts"]) < float(request.ts) and text and (by_bot or not message.get("bot_id")):
            turns.append(Turn("assistant" if by_bot else "user", text))
    return tuple(turns)
