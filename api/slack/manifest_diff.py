"""Compares an app's manifest with the one that the bot needs, and says where on the app's page to set the rest."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from api.core.findings import Finding
from api.slack.bot import SHORTCUT

Manifest = Mapping[str, Any]
_PAGES = {
    "events": "Event Subscriptions, Subscribe to bot events",
    "socket mode": "Socket Mode",
    "interactivity": "Interactivity & Shortcuts",
    "slash command": "Slash Commands",
    "shortcut": "Interactivity & Shortcuts",
    "agent view": "Agents & AI Apps",
    "direct messages": "App Home, Messages Tab",
    "addresses": "Event Subscriptions, Interactivity & Shortcuts and Slash Commands",
    "redirect addresses": "OAuth & Permissions, Redirect URLs",
}
"""For each check, the page of the app's settings."""
_PROBLEMS = {
    "settings.event_subscriptions.bot_events": ("events", "the app is not subscribed to {missing}"),
    "settings.socket_mode_enabled": (
        "socket mode",
        "it is {state}: `footnote slack` needs it on, `footnote serve` off",
    ),
    "settings.interactivity.is_enabled": ("interactivity", "it is off, so buttons do nothing"),
    "features.slash_commands.{command}": ("slash command", "there is no {command}"),
    f"features.shortcuts.{SHORTCUT}.type": ("shortcut", f"none on messages has the callback id {SHORTCUT}"),
    "features.agent_view": ("agent view", "the app has none, or the older assistant view"),
    "features.app_home.messages_tab_enabled": ("direct messages", "it is off, so nobody can write to the bot"),
    "features.app_home.messages_tab_read_only_enabled": ("direct messages", "people can read them but not write any"),
    "settings.event_subscriptions.request_url": ("addresses", "Slack sends events to {actual}, and not to {missing}"),
    "settings.interactivity.request_url": ("addresses", "Slack sends buttons to {actual}, and not to {missing}"),
    "features.slash_commands.{command}.url": ("addresses", "Slack sends {command} to {actual}, and not to {missing}"),
    "oauth_config.redirect_urls": (
        "redirect addresses",
        "{missing} is not among them, so no workspace can install the app",
    ),
}
"""For each path in the manifest, its check, and what it means if a needed value is missing there."""


def compare_manifests(needed: Manifest, actual: Manifest) -> list[Finding]:
    """A finding for the whole manifest, then one for each check. Scopes count for the whole only."""
    needed_values, actual_values = _flatten(needed), _flatten(actual)
    command = needed["features"]["slash_commands"][0]["command"]
    problems: dict[str, list[str]] = {check: [] for check in _PAGES}
    for pattern, (check, problem) in _PROBLEMS.items():
        path = pattern.format(command=command)
        values = actual_values[path]
        if missing := needed_values[path] - (values or {"False"}):  # Slack leaves out what is off
            words = {
                "command": command,
                "missing": ", ".join(sorted(missing)),
                "actual": ", ".join(sorted(values)) or "nowhere",
                "state": "off" if "True" in missing else "on",
            }
            problems[check].append(problem.format(**words))
    if needed["settings"]["socket_mode_enabled"]:
        del problems["addresses"], problems["redirect addresses"]  # Slack sends nothing to an address then
    ok = not any(problems.values()) and bot_scopes(needed) <= bot_scopes(actual)
    printer = f"`footnote slack manifest{'' if needed['settings']['socket_mode_enabled'] else ' --http'}`"
    remedy = f"to set all at once, paste what {printer} prints at App Manifest on the app's page, and install it again"
    findings = [Finding("manifest", ok=ok, detail=f"the app is set as {printer} prints it" if ok else remedy)]
    for check, texts in problems.items():
        detail = f"{'; '.join(texts)}: see {_PAGES[check]} on the app's page" if texts else "as it should be"
        findings.append(Finding(check, ok=not texts, detail=detail))
    return findings


def bot_scopes(manifest: Manifest) -> frozenset[str]:
    """The bot's scopes that the manifest asks for."""
    return frozenset(_flatten(manifest)["oauth_config.scopes.bot"])


def _flatten(manifest: Manifest) -> defaultdict[str, set[str]]:
    """The manifest's values by dotted path. A dictionary's own path is there too, with the value "present"."""
    values: defaultdict[str, set[str]] = defaultdict(set)
    for path, value in _entries(manifest):
        values[path.removeprefix(".")].add(value)
    return values


def _entries(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield path, "present"
        for key, inner in value.items():
            yield from _entries(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            name = item.get("command") or item.get("callback_id") if isinstance(item, Mapping) else None
            yield from _entries(item, f"{path}.{name}" if name else path)
    elif value is not None:
        yield path, str(value)
