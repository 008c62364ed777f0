"""The app's manifest: what Slack allows the bot to do, and no more than the chosen features need.

https://docs.slack.dev/reference/app-manifest
"""

from typing import Any

from api.slack.bot import SHORTCUT
from rag.settings import SlackSettings

_ALWAYS = ("app_mentions:read", "assistant:write", "chat:write", "commands", "im:history", "im:read", "users:read")
_CHANNELS = ("channels:history", "channels:read", "groups:history", "groups:read", "mpim:history", "mpim:read")
SCOPES = tuple(sorted((*_ALWAYS, *_CHANNELS, "im:write", "usergroups:read", "users:read.email")))
"""The scopes of all features together."""
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
_APP_HOME = {"home_tab_enabled": False, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False}
_SHORTCUT = {
    "name": "Ask the documents",
    "type": "message",
    "callback_id": SHORTCUT,
    "description": "Looks up what this message asks",
}


def scopes(slack: SlackSettings) -> tuple[str, ...]:
    """The scopes that the settings need, sorted."""
    needed = {*_ALWAYS, *_CHANNELS}
    if any(rule.emails for rule in slack.groups):
        needed.add("users:read.email")
    if any(rule.user_groups for rule in slack.groups):
        needed.add("usergroups:read")
    if slack.people:
        needed.add("im:write")
    return tuple(sorted(needed))


def manifest(slack: SlackSettings, public_url: str | None, *, socket: bool, name: str = "Footnote") -> dict[str, Any]:
    """The manifest as JSON types. By ``socket`` Slack needs no address of ours; else it sends to ``public_url``."""
    base = (public_url or "").rstrip("/")
    url = None if socket else f"{base}/slack/events"
    request_url = {"request_url": url} if url else {}
    command = {"command": slack.command, "description": "Ask the documents", "usage_hint": "your question"}
    prompts = [{"title": text[:75], "message": text} for text in slack.prompts]
    return {
        "display_information": {
            "name": name,
            "description": "Answers from your documents, each sentence with its source",
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": dict(_APP_HOME),
            "bot_user": {"display_name": name, "always_online": True},
            "agent_view": {
                "agent_description": "Ask what the documents say. Every sentence of an answer names its source.",
                **({"suggested_prompts": prompts} if prompts else {}),
            },
            "slash_commands": [{**command, "should_escape": True, **({"url": url} if url else {})}],
            "shortcuts": [dict(_SHORTCUT)],
        },
        "oauth_config": {
            **({} if socket else {"redirect_urls": [f"{base}/slack/oauth_redirect"]}),
            "scopes": {"bot": list(scopes(slack))},
        },
        "settings": {
            "event_subscriptions": {**request_url, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **request_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }
