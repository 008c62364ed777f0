"""What an app's manifest lacks of the one that it should have: each thing with where on the app's page it is set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.core.findings import Finding

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Aspect:
    """``lack`` says in words what is not as it should be, of the wanted manifest and the app's; empty where all is."""

    name: str
    lack: Callable[[Manifest, Manifest], str]
    page: str
    """Of the app's settings, as Slack's menu calls it."""
    http: bool = False
    """Whether it is nothing for Socket Mode."""


def compared(wanted: Manifest, had: Manifest) -> list[Finding]:
    """A finding for each thing that the manifest sets, but for scopes: of those the installation has a say too."""
    socket = _at(wanted, "settings", "socket_mode_enabled")
    aspects = [aspect for aspect in _ASPECTS if not (socket and aspect.http)]
    return [_finding(aspect, aspect.lack(wanted, had)) for aspect in aspects]


def asked(manifest: Manifest) -> frozenset[str]:
    """The bot's scopes that the manifest asks for."""
    return frozenset(_at(manifest, "oauth_config", "scopes", "bot") or ())


def _finding(aspect: _Aspect, lack: str) -> Finding:
    detail = f"{lack}: see {aspect.page} on the app's page" if lack else "as it should be"
    return Finding(aspect.name, ok=not lack, detail=detail)


def _events(wanted: Manifest, had: Manifest) -> str:
    where = ("settings", "event_subscriptions", "bot_events")
    there = _at(had, *where) or ()
    missing = [event for event in _at(wanted, *where) if event not in there]
    return f"the app is not subscribed to {', '.join(missing)}" if missing else ""


def _socket_mode(wanted: Manifest, had: Manifest) -> str:
    where = ("settings", "socket_mode_enabled")
    if bool(_at(had, *where)) == _at(wanted, *where):
        return ""
    off, on = "it is off, so nothing comes to `footnote slack`", "it is on, so nothing comes to `footnote serve`"
    return off if _at(wanted, *where) else on


def _interactivity(_: Manifest, had: Manifest) -> str:
    return "" if _at(had, "settings", "interactivity", "is_enabled") else "it is off, so buttons do nothing"


def _command(wanted: Manifest, had: Manifest) -> str:
    (command,) = _names(wanted, "slash_commands", "command")
    return "" if command in _names(had, "slash_commands", "command") else f"there is no {command}"


def _shortcut(wanted: Manifest, had: Manifest) -> str:
    (wished,) = _at(wanted, "features", "shortcuts")
    there = [(s.get("callback_id"), s.get("type")) for s in _at(had, "features", "shortcuts") or ()]
    if (wished["callback_id"], wished["type"]) in there:
        return ""
    return f"none on messages has the callback id {wished['callback_id']}"


def _agent_view(_: Manifest, had: Manifest) -> str:
    features = _at(had, "features") or {}
    if "agent_view" in features:
        return ""
    return "the app has the older assistant view" if "assistant_view" in features else "the app has none"


def _direct_messages(_: Manifest, had: Manifest) -> str:
    home = _at(had, "features", "app_home") or {}
    if not home.get("messages_tab_enabled"):
        return "the messages tab is off, so nobody can write to the bot"
    return "people may read them and not write" if home.get("messages_tab_read_only_enabled") else ""


def _addresses(wanted: Manifest, had: Manifest) -> str:
    url = _at(wanted, "settings", "event_subscriptions", "request_url")
    (command,) = _names(wanted, "slash_commands", "command")
    sent = {
        "events": _at(had, "settings", "event_subscriptions", "request_url"),
        "buttons": _at(had, "settings", "interactivity", "request_url"),
        command: next((c.get("url") for c in _commands(had) if c.get("command") == command), url),
    }
    wrong = [f"{what} to {where or 'nowhere'}" for what, where in sent.items() if where != url]
    return f"Slack sends {', '.join(wrong)}, and not to {url}" if wrong else ""


def _redirects(wanted: Manifest, had: Manifest) -> str:
    there = _at(had, "oauth_config", "redirect_urls") or ()
    missing = [url for url in _at(wanted, "oauth_config", "redirect_urls") or () if url not in there]
    return f"{missing[0]} is not among them, so no workspace can install the app" if missing else ""


def _names(manifest: Manifest, of: str, key: str) -> list[str]:
    return [one.get(key, "") for one in _at(manifest, "features", of) or ()]


def _commands(manifest: Manifest) -> Sequence[Mapping[str, Any]]:
    return _at(manifest, "features", "slash_commands") or ()


def _at(manifest: Any, *names: str) -> Any:
    """What stands there; None where any of it is left out, as Slack does with what is not set."""
    for name in names:
        manifest = (manifest or {}).get(name)
    return manifest


_ASPECTS = (
    _Aspect("events", _events, "Event Subscriptions, Subscribe to bot events"),
    _Aspect("socket mode", _socket_mode, "Socket Mode"),
    _Aspect("interactivity", _interactivity, "Interactivity & Shortcuts"),
    _Aspect("slash command", _command, "Slash Commands"),
    _Aspect("shortcut", _shortcut, "Interactivity & Shortcuts"),
    _Aspect("agent view", _agent_view, "Agents & AI Apps"),
    _Aspect("direct messages", _direct_messages, "App Home, Messages Tab"),
    _Aspect("addresses", _addresses, "Event Subscriptions, Interactivity & Shortcuts and Slash Commands", http=True),
    _Aspect("redirect addresses", _redirects, "OAuth & Permissions, Redirect URLs", http=True),
)
