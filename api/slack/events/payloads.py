"""Slack's payloads, parsed as requests: messages, commands and shortcuts that may want an answer."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from api.slack.events.intents import continues, is_courtesy, is_question, is_stop
from api.slack.workspace.installations import Workspace
from api.slack.workspace.slack_request import SlackPlace, SlackRequest

Payload = Mapping[str, Any]
_WRITTEN_SUBTYPES = (None, "thread_broadcast", "file_share")
"""Subtypes of messages that somebody wrote; the others report edits, joins and the like."""
_TOKEN = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


def parse_message(
    event: Payload, workspace: Workspace, takes_part: Callable[[SlackPlace], bool], may_be_auto: Callable[[str], bool]
) -> SlackRequest | None:
    """The message as a request, or None if it asks the bot nothing.

    Slack sends a mention twice, as a mention and as a message; both have the same key.
    """
    fields = [event.get(name) for name in ("channel", "user", "ts", "text")]
    if not all(isinstance(field, str) for field in fields) or not is_from_person(event, workspace):
        return None
    channel, user, ts, text = map(str, fields)
    typed, thread = typed_text(text, workspace.bot_user), event.get("thread_ts")
    place = SlackPlace(workspace.team, channel, str(thread or ts))
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    mentioned = event.get("type") == "app_mention" or f"<@{workspace.bot_user}" in text
    addressed = mentioned or direct
    follow_up = not addressed and bool(thread) and (continues(typed) or is_stop(typed)) and takes_part(place)
    unasked = not thread and is_question(typed) and may_be_auto(channel)
    if is_courtesy(typed) or not (addressed or follow_up or unasked):
        return None
    return SlackRequest(
        key=f"{workspace.team}:{channel}:{ts}",
        place=place,
        user=user,
        text=typed,
        ts=ts,
        addressed=addressed,
        follow_up=follow_up,
        user_team=_other_team(workspace, *(event.get(name) for name in ("user_team", "source_team", "team"))),
        direct=direct,
    )


def as_written(event: Payload, workspace: Workspace) -> Payload:
    """The event; for an edit that adds a mention of the bot, the message as if it had been written so."""
    now, before = event.get("message"), event.get("previous_message")
    if event.get("subtype") != "message_changed" or not (isinstance(now, Mapping) and isinstance(before, Mapping)):
        return event
    mention = f"<@{workspace.bot_user}"
    if mention not in str(now.get("text")) or mention in str(before.get("text")):
        return event
    return {**now, **{name: event.get(name) for name in ("type", "channel", "channel_type")}}


def parse_command(body: Payload, workspace: Workspace) -> SlackRequest | None:
    """The slash command as a request, or None if fields are missing. Only the asker sees the answer."""
    if not _has_texts(body, "channel_id", "user_id", "trigger_id"):
        return None
    return SlackRequest(
        key=f"{workspace.team}:command:{body['trigger_id']}",
        place=SlackPlace(workspace.team, body["channel_id"]),
        user=body["user_id"],
        text=typed_text(str(body.get("text") or ""), workspace.bot_user),
        user_team=_other_team(workspace, body.get("user_team_id"), body.get("team_id")),
        asker_only=True,
        response_url=body.get("response_url"),
    )


def parse_shortcut(body: Payload, workspace: Workspace) -> SlackRequest | None:
    """The message that the shortcut was chosen on, as a request; only who chose it sees the answer."""
    message, channel, user = (body.get(name) or {} for name in ("message", "channel", "user"))
    fields = ((message, "ts"), (channel, "id"), (user, "id"), (body, "trigger_id"))
    if not all(_has_texts(part, name) for part, name in fields):
        return None
    return SlackRequest(
        key=f"{workspace.team}:shortcut:{body['trigger_id']}",
        place=SlackPlace(workspace.team, channel["id"], str(message.get("thread_ts") or message["ts"])),
        user=user["id"],
        text=typed_text(str(message.get("text") or ""), workspace.bot_user),
        user_team=_other_team(workspace, user.get("team_id")),
        asker_only=True,
        response_url=body.get("response_url"),
    )


def typed_text(text: str, bot_user: str) -> str:
    """The text as it was typed: without the bot's mention, and with Slack's angle brackets resolved."""

    def label_of(token: re.Match[str]) -> str:
        sign, value, label = token.groups()
        if sign == "@" and value == bot_user:
            return ""
        return f"{sign.replace('!', '@')}{label or value}"

    return html.unescape(_TOKEN.sub(label_of, text)).strip()


def is_from_person(event: Payload, workspace: Workspace) -> bool:
    """Whether a person wrote the message, and not a bot or Slack itself."""
    return (
        event.get("subtype") in _WRITTEN_SUBTYPES
        and not event.get("bot_id")
        and not event.get("hidden")
        and event.get("user") != workspace.bot_user
    )


def _other_team(workspace: Workspace, *teams: object) -> str | None:
    """The first team that is given, unless it is the workspace's own."""
    team = next((team for team in teams if isinstance(team, str) and team), workspace.team)
    return None if team == workspace.team else team


def _has_texts(body: Payload, *names: str) -> bool:
    return isinstance(body, Mapping) and all(isinstance(body.get(name), str) for name in names)
