"""The app's manifest: what Slack is to let the bot do, and no more than the chosen features take.

https://docs.slack.dev/reference/app-manifest
"""

from typing import Any

from api.slack.bot import SHORTCUT
from rag.settings import SlackSettings

_ALWAYS = ("app_mentions:read", "assistant:write", "chat:write", "commands", "im:history", "im:read", "users:read")
_ROOMS = ("channels:history", "channels:read", "groups:history", "groups:read", "mpim:history", "mpim:read")
SCOPES = tuple(sorted((*_ALWAYS, *_ROOMS, "im:write", "usergroups:read", "users:read.email")))
"""All that any feature takes."""
EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
)


def scopes(slack: SlackSettings) -> tuple[str, ...]:
    """Those that the settings take."""
    wanted = {*_ALWAYS, *_ROOMS}
    if any(rule.emails for rule in slack.groups):
        wanted.add("users:read.email")
    if any(rule.user_groups for rule in slack.groups):
        wanted.add("usergroups:read")
    if slack.people:
        wanted.add("im:write")
    return tuple(sorted(wanted))


def manifest(slack: SlackSettings, public_url: str | None, *, socket: bool, name: str = "Footnote") -> dict[str, Any]:
    """As JSON types. With ``socket`` Slack needs no address of ours; without, ``public_url`` is where it sends to."""
    url = None if socket else f"{(public_url or '').rstrip('/')}/slack/events"
    return {
        "display_information": {
            "name": name,
            "description": "Answers from your documents, each sentence with its source",
            "background_color": "#1f3a5f",
        },
        "features": _features(slack, url, name),
        "oauth_config": {
            **({} if socket else {"redirect_urls": [f"{(public_url or '').rstrip('/')}/slack/oauth_redirect"]}),
            "scopes": {"bot": list(scopes(slack))},
        },
        "settings": {
            "event_subscriptions": {**({"request_url": url} if url else {}), "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **({"request_url": url} if url else {})},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }


def _features(slack: SlackSettings, url: str | None, name: str) -> dict[str, Any]:
    command = {
        "command": slack.command,
        "description": "Ask the documents",
        "usage_hint": "your question",
        "should_escape": True,
        **({"url": url} if url else {}),
    }
    prompts = [{"title": text[:75], "message": text} for text in slack.prompts]
    return {
        "app_home": {"home_tab_enabled": False, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": name, "always_online": True},
        "agent_view": {
            "agent_description": "Ask what the documents say. Every sentence of an answer names its source.",
            **({"suggested_prompts": prompts} if prompts else {}),
        },
        "slash_commands": [command],
        "shortcuts": [
            {
                "name": "Ask the documents",
                "type": "message",
                "callback_id": SHORTCUT,
                "description": "Looks up what this message asks",
            }
        ],
    }
