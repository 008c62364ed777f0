"""What Slack delivers, as what was heard: messages, commands and shortcuts that may want an answer."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from api.slack.workspace.installations import Workspace
from api.slack.workspace.places import Heard, Place

Payload = Mapping[str, Any]
_SPOKEN = (None, "thread_broadcast", "file_share")
"""Subtypes of messages that somebody wrote; the others tell of edits, joins and the like."""
_TOKEN = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_TO_ANOTHER = re.compile(r"\s*<@[UW]")


def heard_message(
    event: Payload, workspace: Workspace, takes_part: Callable[[Place], bool], may_be_auto: Callable[[str], bool]
) -> Heard | None:
    """None where it asks the bot nothing. A mention comes twice, as a mention and as a message, and is the same."""
    facts = [event.get(name) for name in ("channel", "user", "ts", "text")]
    if not all(isinstance(fact, str) for fact in facts) or not spoken(event, workspace):
        return None
    channel, user, ts, text = map(str, facts)
    thread = event.get("thread_ts")
    place = Place(workspace.team, channel, str(thread or ts))
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    mentioned = event.get("type") == "app_mention" or f"<@{workspace.bot_user}" in text
    follows = bool(thread) and not _TO_ANOTHER.match(text) and takes_part(place)
    addressed = mentioned or direct or follows
    if not addressed and not (may_be_auto(channel) and not thread and "?" in text):
        return None
    return Heard(
        key=f"{workspace.team}:{channel}:{ts}",
        place=place,
        user=user,
        text=said(text, workspace.bot_user),
        ts=ts,
        addressed=addressed,
        user_team=_other(workspace, *(event.get(name) for name in ("user_team", "source_team", "team"))),
        direct=direct,
    )


def heard_command(body: Payload, workspace: Workspace) -> Heard | None:
    if not _texts(body, "channel_id", "user_id", "trigger_id"):
        return None
    return Heard(
        key=f"{workspace.team}:command:{body['trigger_id']}",
        place=Place(workspace.team, body["channel_id"]),
        user=body["user_id"],
        text=said(str(body.get("text") or ""), workspace.bot_user),
        user_team=_other(workspace, body.get("user_team_id"), body.get("team_id")),
        alone=True,
        response_url=body.get("response_url"),
    )


def heard_shortcut(body: Payload, workspace: Workspace) -> Heard | None:
    """The message it was chosen on is the question; only who chose it sees the answer."""
    message, channel, user = (body.get(name) or {} for name in ("message", "channel", "user"))
    if not (_texts(message, "ts") and _texts(channel, "id") and _texts(user, "id") and _texts(body, "trigger_id")):
        return None
    return Heard(
        key=f"{workspace.team}:shortcut:{body['trigger_id']}",
        place=Place(workspace.team, channel["id"], str(message.get("thread_ts") or message["ts"])),
        user=user["id"],
        text=said(str(message.get("text") or ""), workspace.bot_user),
        user_team=_other(workspace, user.get("team_id")),
        alone=True,
        response_url=body.get("response_url"),
    )


def said(text: str, bot_user: str) -> str:
    """As it was typed: without the bot's mention, and with what Slack put in angle brackets in words."""

    def in_words(token: re.Match[str]) -> str:
        sign, value, label = token.groups()
        if sign == "@" and value == bot_user:
            return ""
        return f"{sign.replace('!', '@')}{label or value}"

    return html.unescape(_TOKEN.sub(in_words, text)).strip()


def spoken(event: Payload, workspace: Workspace) -> bool:
    """By a person."""
    return (
        event.get("subtype") in _SPOKEN
        and not event.get("bot_id")
        and not event.get("hidden")
        and event.get("user") != workspace.bot_user
    )


def _other(workspace: Workspace, *teams: object) -> str | None:
    """The first of the teams that is told, if it is another."""
    told = next((team for team in teams if isinstance(team, str) and team), workspace.team)
    return None if told == workspace.team else told


def _texts(body: Payload, *names: str) -> bool:
    return isinstance(body, Mapping) and all(isinstance(body.get(name), str) for name in names)
