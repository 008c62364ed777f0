"""App manifests: what Slack refuses in one, and the app as one makes it.

https://docs.slack.dev/reference/app-manifest
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fakes.slack.elements import Findings
from fakes.slack.model import Json
from fakes.slack.settings import EVENTS

EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "member_joined_channel": "channels:read",
    "assistant_thread_started": "assistant:write",
    "assistant_thread_context_changed": "assistant:write",
}
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")


@dataclass(frozen=True, slots=True)
class App:
    """The app that a manifest makes."""

    scopes: list[str]
    events: set[str]
    commands: set[str]
    shortcuts: set[str]
    agent_view: bool
    redirect_url: str | None


def read(manifest: Json) -> App:
    """The app.

    :raises AssertionError: with all that Slack would refuse in the manifest, each with its place.
    """
    problems = checked(manifest)
    assert not problems, "\n".join(problems)
    features, oauth = manifest.get("features", {}), manifest.get("oauth_config", {})
    redirects = oauth.get("redirect_urls") or [None]
    return App(
        scopes=list(_at(manifest, "oauth_config", "scopes", "bot") or []),
        events=set(_at(manifest, "settings", "event_subscriptions", "bot_events") or []),
        commands={one["command"] for one in features.get("slash_commands", [])},
        shortcuts={one["callback_id"] for one in features.get("shortcuts", [])},
        agent_view="agent_view" in features,
        redirect_url=redirects[0],
    )


def checked(manifest: Json) -> list[str]:
    """What Slack would refuse."""
    findings = Findings()
    _display(findings, manifest.get("display_information") or {})
    features = manifest.get("features") or {}
    socket = bool(_at(manifest, "settings", "socket_mode_enabled"))
    _views(findings, features)
    _commands(findings, features.get("slash_commands", []), socket=socket)
    _shortcuts(findings, features.get("shortcuts", []))
    for problem, at in _subscriptions(manifest, socket=socket):
        findings.add(problem, at)
    return findings.problems


def _display(findings: Findings, display: Json) -> None:
    at = "/display_information"
    findings.length(display.get("name"), 35, f"{at}/name")
    findings.maybe(display, "description", 140, at)
    if display.get("long_description") is not None:
        findings.length(display["long_description"], 4000, f"{at}/long_description", least=174)
    if not COLOUR.fullmatch(display.get("background_color", "#000")):
        findings.add("must be a colour as #rrggbb", f"{at}/background_color")


def _views(findings: Findings, features: Json) -> None:
    findings.maybe(features.get("bot_user") or {}, "display_name", 80, "/features/bot_user")
    for view, described in (("agent_view", "agent_description"), ("assistant_view", "assistant_description")):
        if view not in features:
            continue
        at = f"/features/{view}"
        findings.length(features[view].get(described), 300, f"{at}/{described}")
        for i, prompt in enumerate(features[view].get("suggested_prompts", [])):
            findings.length(prompt.get("title"), 75, f"{at}/suggested_prompts/{i}/title")
            findings.length(prompt.get("message"), 3000, f"{at}/suggested_prompts/{i}/message")


def _commands(findings: Findings, commands: object, *, socket: bool) -> None:
    for i, command in enumerate(findings.count(commands, 50, "/features/slash_commands", least=0)):
        at = f"/features/slash_commands/{i}"
        findings.length(command.get("command"), 32, f"{at}/command", least=2)
        findings.length(command.get("description"), 2000, f"{at}/description")
        findings.maybe(command, "usage_hint", 1000, at)
        if not str(command.get("command")).startswith("/"):
            findings.add("must start with a slash", f"{at}/command")
        if not socket:
            findings.length(command.get("url"), 3000, f"{at}/url")


def _shortcuts(findings: Findings, shortcuts: object) -> None:
    for i, shortcut in enumerate(findings.count(shortcuts, 10, "/features/shortcuts", least=0)):
        at = f"/features/shortcuts/{i}"
        findings.length(shortcut.get("name"), 24, f"{at}/name")
        findings.length(shortcut.get("callback_id"), 255, f"{at}/callback_id")
        findings.length(shortcut.get("description"), 150, f"{at}/description")
        if shortcut.get("type") not in ("message", "global"):
            findings.add("must be one of: message, global", f"{at}/type")


def _subscriptions(manifest: Json, *, socket: bool) -> Iterator[tuple[str, str]]:
    at = "/settings/event_subscriptions"
    scopes = _at(manifest, "oauth_config", "scopes", "bot") or []
    for event in _at(manifest, "settings", "event_subscriptions", "bot_events") or []:
        if event not in EVENTS:
            yield f"unknown event: {event}", f"{at}/bot_events"
        elif EVENT_SCOPES.get(event, "commands") not in (*scopes, "commands"):
            yield f"{event} requires the scope {EVENT_SCOPES[event]}", f"{at}/bot_events"
    if _at(manifest, "features", "slash_commands") and "commands" not in scopes:
        yield "slash commands require the scope commands", "/oauth_config/scopes/bot"
    for name in () if socket else ("event_subscriptions", "interactivity"):
        if not str(_at(manifest, "settings", name, "request_url") or "").startswith("https://"):
            yield "must be an https:// address unless socket_mode_enabled", f"/settings/{name}/request_url"


def _at(manifest: Any, *names: str) -> Any:
    for name in names:
        manifest = (manifest or {}).get(name)
    return manifest
