"""The earlier messages of a thread, as a conversation."""

import logging
from collections.abc import Mapping
from typing import Any

from api.slack.events.intents import continues, is_courtesy
from api.slack.events.payloads import typed_text
from api.slack.workspace.installations import Workspace
from api.slack.workspace.slack_access import FAILURES, failure_reason
from api.slack.workspace.slack_request import SlackRequest
from rag.types import Turn

log = logging.getLogger(__name__)
_MAX_MESSAGES = 100
"""The model's window decides how many of them it is given."""


async def turns_before(workspace: Workspace, request: SlackRequest) -> tuple[Turn, ...]:
    """What was asked of the bot and what it wrote before, oldest first; empty if Slack does not tell.

    What people said before the bot came into the thread counts too; after that, what they say to each other does not.
    """
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
    turns: list[Turn] = []
    joined, talk = False, ""
    for message in messages:
        written = str(message.get("text") or "")
        text = typed_text(written, workspace.bot_user)
        by_bot = message.get("user") == workspace.bot_user
        if float(message["ts"]) >= float(request.ts) or not text or (message.get("bot_id") and not by_bot):
            continue
        joined, talk = joined or by_bot, ""
        asked = request.direct or f"<@{workspace.bot_user}" in written or continues(text)
        if by_bot or (not is_courtesy(text) and (asked or not joined)):
            turns.append(Turn("assistant" if by_bot else "user", text))
        else:
            talk = text
    if talk and not request.text:  # a mention without a word asks it
        turns.append(Turn("user", talk))
    return tuple(turns)
