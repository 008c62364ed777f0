"""``footnote slack check``: what of tokens, scopes and the app's own settings is not as the bot needs it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.core.findings import Finding
from api.slack.diagnostics import diagnose
from api.slack.manifest import EVENTS, manifest
from fakes.engines import RunFootnote
from fakes.slack.server import FakeSlack
from fakes.slack_bots import BASE, slack_settings
from rag.settings import SlackSettings

Change = Callable[[dict[str, Any]], object]
EVENTS_URL = f"{BASE}/slack/events"


def configure_app(slack: FakeSlack, *, socket: bool = True, **parts: object) -> dict[str, Any]:
    """The app as the printed manifest makes it; what is changed in what is given is changed on its page."""
    slack.configure(manifest(SlackSettings.model_validate(parts), BASE, socket=socket))
    assert slack.world.manifest is not None
    return slack.world.manifest


async def run_checks(slack: FakeSlack, folder: Path, *, http: bool = False, **parts: Any) -> dict[str, Finding]:
    parts = {"config_token": slack.config_token(), **parts}
    return {finding.check: finding for finding in await diagnose(slack_settings(slack, folder, **parts), http=http)}


def problems_in(findings: dict[str, Finding]) -> dict[str, str]:
    return {finding.check: finding.detail for finding in findings.values() if finding.ok is False}


# Without a configuration token


async def test_without_a_configuration_token_events_are_listed_as_not_verified(
    slack: FakeSlack, tmp_path: Path
) -> None:
    findings = await run_checks(slack, tmp_path, config_token="")
    assert {finding.check: finding.ok for finding in findings.values()} == {
        "bot token": True, "scopes": True, "app token": True, "events": None, "the app's page": None,
    }  # fmt: skip
    detail = findings["events"].detail
    assert all(event in detail for event in EVENTS)
    assert "FOOTNOTE_SLACK__CONFIG_TOKEN" in detail
    assert not slack.sent("apps.manifest.export")


async def test_no_connection_is_opened_that_would_take_events_from_the_bot(slack: FakeSlack, tmp_path: Path) -> None:
    await run_checks(slack, tmp_path)
    assert len(slack.sent("apps.connections.open")) == 1
    assert slack.sockets.opened == 0


async def test_it_names_the_scopes_that_are_missing(slack: FakeSlack, tmp_path: Path) -> None:
    slack.installation.scopes = [scope for scope in slack.installation.scopes if not scope.startswith("im:")]
    findings = await run_checks(slack, tmp_path, config_token="", people=["U1"])
    assert "missing: im:history, im:read, im:write; add them" in problems_in(findings)["scopes"]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"bot_token": "xoxb-wrong"}, "slack.bot_token: Slack says invalid_auth"),
        ({"app_token": "xapp-wrong"}, "slack.app_token: Slack says invalid_auth"),
        ({"api_url": "http://127.0.0.1:9/api/"}, "Slack cannot be reached"),
        ({"bot_token": ""}, "slack.bot_token is not set"),
        ({"app_token": "", "signing_secret": ""}, "set slack.app_token for `footnote slack`"),
    ],
)
async def test_it_names_what_is_wrong(slack: FakeSlack, tmp_path: Path, parts: dict[str, str], expected: str) -> None:
    findings = await diagnose(slack_settings(slack, tmp_path, **parts))
    assert any(expected in finding.detail and finding.ok is False for finding in findings)


# With one


@pytest.mark.parametrize("socket", [True, False])
async def test_an_app_as_the_manifest_makes_it_is_well(slack: FakeSlack, tmp_path: Path, *, socket: bool) -> None:
    configure_app(slack, socket=socket)
    findings = await run_checks(slack, tmp_path, http=not socket)
    assert not problems_in(findings)
    assert all(finding.ok for finding in findings.values())
    named = {"manifest", "events", "socket mode", "interactivity", "slash command", "shortcut", "agent view"}
    named |= {"direct messages"} if socket else {"direct messages", "addresses", "redirect addresses"}
    assert named == findings.keys() - {"bot token", "scopes", "app token"}


@pytest.mark.parametrize("event", EVENTS)
async def test_each_event_that_is_not_subscribed_to_is_named(slack: FakeSlack, tmp_path: Path, event: str) -> None:
    configure_app(slack)["settings"]["event_subscriptions"]["bot_events"].remove(event)
    problems = problems_in(await run_checks(slack, tmp_path))
    assert problems.keys() == {"events", "manifest"}
    assert problems["events"] == (
        f"the app is not subscribed to {event}: see Event Subscriptions, Subscribe to bot events on the app's page"
    )
    assert "paste what `footnote slack manifest` prints at App Manifest" in problems["manifest"]


@pytest.mark.parametrize(
    ("change", "check", "expected"),
    [
        (lambda m: m["settings"].pop("event_subscriptions"), "events", f"subscribed to {', '.join(EVENTS)}: see Event"),
        (
            lambda m: m["settings"].update(socket_mode_enabled=False),
            "socket mode",
            "it is off: `footnote slack` needs it on, `footnote serve` off",
        ),
        (lambda m: m["settings"].pop("socket_mode_enabled"), "socket mode", "see Socket Mode on the app's page"),
        (lambda m: m["settings"]["interactivity"].update(is_enabled=False), "interactivity", "see Interactivity &"),
        (lambda m: m["settings"].pop("interactivity"), "interactivity", "buttons do nothing"),
        (lambda m: m["features"]["slash_commands"][0].update(command="/docs"), "slash command", "no /ask: see Slash"),
        (lambda m: m["features"].pop("slash_commands"), "slash command", "there is no /ask"),
        (lambda m: m["features"]["shortcuts"][0].update(type="global"), "shortcut", "none on messages has"),
        (lambda m: m["features"].pop("shortcuts"), "shortcut", "the callback id footnote_ask: see"),
        (lambda m: m["features"].pop("agent_view"), "agent view", "the app has none"),
        (
            lambda m: m["features"].update(assistant_view=m["features"].pop("agent_view")),
            "agent view",
            "the older assistant view",
        ),
        (
            lambda m: m["features"]["app_home"].update(messages_tab_enabled=False),
            "direct messages",
            "nobody can write to the bot: see App Home",
        ),
        (
            lambda m: m["features"]["app_home"].update(messages_tab_read_only_enabled=True),
            "direct messages",
            "people can read them but not write any",
        ),
    ],
)
async def test_each_thing_that_is_not_set_as_it_should_be_is_named_with_its_page(
    slack: FakeSlack, tmp_path: Path, change: Change, check: str, expected: str
) -> None:
    change(configure_app(slack))
    problems = problems_in(await run_checks(slack, tmp_path))
    assert problems.keys() == {check, "manifest"}
    assert expected in problems[check]


@pytest.mark.parametrize(
    ("change", "check", "expected"),
    [
        (
            lambda m: m["settings"]["event_subscriptions"].update(request_url="https://old.example/slack/events"),
            "addresses",
            f"Slack sends events to https://old.example/slack/events, and not to {EVENTS_URL}",
        ),
        (
            lambda m: m["settings"]["interactivity"].pop("request_url"),
            "addresses",
            f"Slack sends buttons to nowhere, and not to {EVENTS_URL}",
        ),
        (
            lambda m: m["features"]["slash_commands"][0].update(url="https://old.example/"),
            "addresses",
            f"Slack sends /ask to https://old.example/, and not to {EVENTS_URL}",
        ),
        (
            lambda m: m["settings"].update(socket_mode_enabled=True),
            "socket mode",
            "it is on: `footnote slack` needs it on, `footnote serve` off",
        ),
        (
            lambda m: m["oauth_config"].pop("redirect_urls"),
            "redirect addresses",
            f"{BASE}/slack/oauth_redirect is not among them",
        ),
    ],
)
async def test_by_http_its_addresses_are_compared_too(
    slack: FakeSlack, tmp_path: Path, change: Change, check: str, expected: str
) -> None:
    change(configure_app(slack, socket=False))
    problems = problems_in(await run_checks(slack, tmp_path, app_token="", client_id="1.2", client_secret="s"))
    assert problems.keys() == {check, "manifest"}
    assert expected in problems[check]
    assert "`footnote slack manifest --http`" in problems["manifest"]


async def test_a_single_workspace_needs_no_redirect_address(slack: FakeSlack, tmp_path: Path) -> None:
    configure_app(slack, socket=False)["oauth_config"].pop("redirect_urls")
    assert not problems_in(await run_checks(slack, tmp_path, app_token=""))


async def test_scopes_that_the_app_does_not_ask_for_are_named(slack: FakeSlack, tmp_path: Path) -> None:
    configure_app(slack)
    findings = await run_checks(slack, tmp_path, people=["U1"])
    assert problems_in(findings)["scopes"].startswith(
        "the app does not ask for im:write: add them at OAuth & Permissions"
    )
    assert not findings["manifest"].ok


async def test_scopes_that_it_asks_for_and_was_not_installed_with_want_a_new_installation(
    slack: FakeSlack, tmp_path: Path
) -> None:
    configure_app(slack, people=["U1"])
    slack.installation.scopes.remove("im:write")
    problems = problems_in(await run_checks(slack, tmp_path, people=["U1"]))
    assert problems == {"scopes": "missing: im:write; install the app again, at Install App"}


async def test_tokens_of_two_apps_are_told(slack: FakeSlack, tmp_path: Path) -> None:
    other = "xapp-1-A9999999999-1-x"
    slack.world.app_tokens[other] = []
    problems = problems_in(await run_checks(slack, tmp_path, config_token="", app_token=other))
    assert problems["app"].startswith("slack.app_token is of A9999999999, slack.bot_token of A0000000001")


async def test_without_a_bot_token_the_app_tokens_app_is_compared(slack: FakeSlack, tmp_path: Path) -> None:
    configure_app(slack)["settings"]["event_subscriptions"]["bot_events"].remove("app_mention")
    problems = problems_in(await run_checks(slack, tmp_path, bot_token=""))
    assert "app_mention" in problems["events"]


async def test_where_neither_token_tells_which_app_it_is_that_is_said(slack: FakeSlack, tmp_path: Path) -> None:
    findings = await run_checks(slack, tmp_path, bot_token="", app_token="", client_id="1.2", client_secret="s")
    assert "set one of them" in problems_in(findings)["manifest"]
    assert findings["events"].ok is None


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ("wrong", "slack.config_token: Slack says invalid_auth: it is wrong or was revoked: at api.slack.com/apps"),
        ("expired", "Slack says token_expired: it lasts twelve hours"),
        ("bot's", "Slack says not_allowed_token_type: it is of another kind"),
        ("of another app", "Slack says no_permission: make the token as a collaborator of the app"),
        ("app_not_eligible", "Slack says app_not_eligible: Slack exports no app of this kind"),
        ("app_not_found", "Slack says app_not_found: make the token as a collaborator"),
        ("unheard_of", "Slack says unheard_of: see its documentation"),
        ("a storm", "Slack says ratelimited"),
    ],
)
async def test_why_the_manifest_cannot_be_had_is_told_and_events_are_not_verified(
    slack: FakeSlack, tmp_path: Path, failure: str, expected: str
) -> None:
    configure_app(slack)
    token = {
        "wrong": "xoxe.xoxp-wrong",
        "expired": slack.config_token(seconds=-1),
        "bot's": slack.bot_token,
        "of another app": slack.config_token(apps=()),
    }.get(failure, slack.config_token())
    if "_" in failure:
        slack.errors["apps.manifest.export"] = [failure]
    if failure == "a storm":
        slack.limits.storm(1, "apps.manifest.export")
    findings = await run_checks(slack, tmp_path, config_token=token)
    assert expected in problems_in(findings)["manifest"]
    assert findings["events"].ok is None
    assert not any(token in finding.detail for finding in findings.values())


# As a command


def configured(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch, *, verified: bool) -> None:
    tokens = {"BOT_TOKEN": slack.bot_token, "APP_TOKEN": slack.app_token, "API_URL": slack.base_url}
    for name, value in (tokens | ({"CONFIG_TOKEN": slack.config_token()} if verified else {})).items():
        monkeypatch.setenv(f"FOOTNOTE_SLACK__{name}", value)


async def test_as_a_command_it_is_well_though_events_are_not_verified_and_says_so_in_json_too(
    slack: FakeSlack, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(slack, monkeypatch, verified=False)
    text, data = [await asyncio.to_thread(footnote, "slack", "check", *flags) for flags in ([], ["--json"])]
    assert (text.code, data.code) == (0, 0)
    assert "not verified events: the app must be subscribed to agent_session_stopped" in text.out
    assert {row["check"]: row["ok"] for row in json.loads(data.out)}["events"] is None


async def test_as_a_command_it_fails_where_the_app_lacks_an_event(
    slack: FakeSlack, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_app(slack)["settings"]["event_subscriptions"]["bot_events"].remove("message.im")
    configured(slack, monkeypatch, verified=True)
    ran = await asyncio.to_thread(footnote, "slack", "check")
    assert ran.code == 1
    assert "wrong events: the app is not subscribed to message.im: see Event Subscriptions" in ran.out
    assert "xoxe" not in ran.out + ran.err


async def test_by_a_flag_it_compares_what_http_takes(
    slack: FakeSlack, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_app(slack)
    configured(slack, monkeypatch, verified=True)
    monkeypatch.setenv("FOOTNOTE_SERVER__PUBLIC_URL", BASE)
    ran = await asyncio.to_thread(footnote, "slack", "check", "--http")
    assert ran.code == 1
    assert "wrong socket mode: it is on" in ran.out
    addresses = (f"Slack sends {what} to nowhere, and not to {EVENTS_URL}" for what in ("events", "buttons", "/ask"))
    assert f"wrong addresses: {'; '.join(addresses)}" in ran.out


def test_the_check_fails_as_a_command_where_nothing_is_set(footnote: RunFootnote) -> None:
    ran = footnote("slack", "check")
    assert ran.code == 1
    assert "FOOTNOTE_SLACK__BOT_TOKEN" in ran.out
