"""``footnote slack`` and ``footnote slack manifest``."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.app.composition import make_app, make_services, with_slack
from api.commands.slack import listen_until_stopped
from api.history.audit_log import Journal
from api.slack.manifest import EVENTS as SUBSCRIBED
from api.slack.manifest import SCOPES, manifest
from fakes.engines import ROOT, OpenEngine, RunFootnote
from fakes.serving import serving
from fakes.slack.manifests import checked
from fakes.slack.server import FakeSlack
from fakes.slack.settings import EVENTS
from rag.settings import SlackSettings


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[FakeSlack]:
    monkeypatch.chdir(tmp_path)
    async with FakeSlack() as fake:
        fake.settings.events, fake.installation.scopes = set(SUBSCRIBED), list(SCOPES)
        yield fake


def test_the_manifest_is_json_of_what_slack_needs_for_socket_mode(footnote: RunFootnote) -> None:
    told = json.loads(footnote("slack", "manifest", "--name", "Doc").out)
    assert told["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in told["settings"]["event_subscriptions"]
    assert told["features"]["bot_user"]["display_name"] == "Doc"
    assert told["features"]["slash_commands"][0]["command"] == "/ask"
    assert told["features"]["agent_view"].keys() == {"agent_description"}
    assert set(told["settings"]["event_subscriptions"]["bot_events"]) <= EVENTS


def test_by_http_it_has_the_servers_addresses(footnote: RunFootnote) -> None:
    Path("footnote.toml").write_text('[server]\npublic_url = "https://docs.acme.example/"\n', encoding="utf-8")
    told = json.loads(footnote("slack", "manifest", "--http").out)
    events = "https://docs.acme.example/slack/events"
    assert told["settings"]["event_subscriptions"]["request_url"] == events
    assert told["settings"]["interactivity"]["request_url"] == events
    assert told["features"]["slash_commands"][0]["url"] == events
    assert told["oauth_config"]["redirect_urls"] == ["https://docs.acme.example/slack/oauth_redirect"]


def test_by_http_without_an_address_is_told_in_words(footnote: RunFootnote) -> None:
    ran = footnote("slack", "manifest", "--http")
    assert (ran.code, ran.out) == (1, "")
    assert "server.public_url is not set" in ran.err


def test_it_asks_for_no_scope_that_the_settings_do_not_take() -> None:
    def scopes(**parts: object) -> set[str]:
        told = manifest(SlackSettings.model_validate(parts), None, socket=True)
        return set(told["oauth_config"]["scopes"]["bot"])

    few = scopes()
    assert few.isdisjoint({"users:read.email", "usergroups:read", "im:write"})
    assert scopes(groups=[{"group": "hr", "emails": ["*@x.example"]}]) - few == {"users:read.email"}
    assert scopes(groups=[{"group": "hr", "user_groups": ["S1"]}]) - few == {"usergroups:read"}
    assert scopes(people=["U1"]) - few == {"im:write"}
    assert few < set(SCOPES)


def test_it_keeps_to_slacks_limits() -> None:
    told = manifest(SlackSettings(prompts=("x" * 300,) * 4), None, socket=True, name="Footnote")
    prompts = told["features"]["agent_view"]["suggested_prompts"]
    assert len(prompts) <= 4
    assert all(len(prompt["title"]) <= 75 for prompt in prompts)
    assert len(told["display_information"]["description"]) <= 140
    assert len(told["features"]["shortcuts"][0]["name"]) <= 24
    assert len(told["features"]["agent_view"]["agent_description"]) <= 300


@pytest.mark.parametrize("socket", [True, False])
@pytest.mark.parametrize("parts", [{}, {"prompts": ["x" * 300] * 4, "people": ["U1"], "command": "/docs"}])
def test_slack_takes_the_manifest(parts: dict[str, object], *, socket: bool) -> None:
    settings = SlackSettings.model_validate(parts)
    assert list(checked(manifest(settings, "https://docs.acme.example", socket=socket))) == []


def test_without_an_app_token_the_bot_says_what_it_lacks(footnote: RunFootnote) -> None:
    ran = footnote("slack")
    assert ran.code == 1
    assert "slack.app_token is not set" in ran.err


async def test_the_bot_of_the_command_line_answers_from_the_index_until_it_is_stopped(
    slack: FakeSlack, own_index: Path, opened: OpenEngine
) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    tokens = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.base_url}
    engine = opened(own_index, slack=tokens)
    running = asyncio.create_task(listen_until_stopped(engine, make_services(engine)))
    await slack.until(lambda: slack.sockets.ready, timeout=60)
    asked = await slack.say(anna, general, f"{slack.bot.mention} How many days of leave do new employees get?")
    await slack.until(lambda: slack.answers(general, asked.ts), timeout=60)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 30)
    assert slack.answers(general, asked.ts)[0].content


async def test_the_process_logs_why_it_stays_silent(slack: FakeSlack, own_index: Path, tmp_path: Path) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    tokens = f'bot_token = "{slack.bot_token}"\napp_token = "{slack.app_token}"\napi_url = "{slack.base_url}"\n'
    config = tmp_path / "bot.toml"
    config.write_text(
        f'[server]\ndir = "{tmp_path / "server"}"\nlog = "json"\n[slack]\n{tokens}'
        f'[[slack.channels]]\nchannel = "{general.id}"\nmode = "auto"\n'
    )
    command = [sys.executable, "-m", "api.commands.cli", "slack", "--index", own_index, "--config", config]
    running = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
    assert running.stderr
    try:
        await slack.until(lambda: slack.sockets.ready, timeout=60)
        await slack.say(anna, general, "Who won the 2022 World Cup?")
        async with asyncio.timeout(60):
            while "Stayed silent" not in (line := (await running.stderr.readline()).decode()):
                assert running.returncode is None
    finally:
        running.terminate()
        await running.communicate()
    assert json.loads(line)["level"] == "info"
    assert "World Cup" not in line


async def test_the_server_answers_slack_by_http_and_keeps_feedback_in_its_journal(
    slack: FakeSlack, own_index: Path, opened: OpenEngine, tmp_path: Path
) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    secrets = {"bot_token": slack.bot_token, "signing_secret": slack.signing_secret, "api_url": slack.base_url}
    engine = opened(own_index, slack=secrets, journal={"on": True}, server={"dir": tmp_path / "server"})
    app = make_app(with_slack(engine, make_services(engine)), engine.settings.server)
    async with serving(app, lifespan="on") as url:
        slack.request_url = f"{url}/slack/events"
        asked = await slack.say(anna, general, f"{slack.bot.mention} How many days of leave do new employees get?")
        await slack.until(lambda: slack.answers(general, asked.ts), timeout=60)
        await slack.settled()
        (told,) = slack.answers(general, asked.ts)
        (buttons,) = [block for block in told.blocks if block["type"] == "context_actions"]
        await slack.press(anna, told, "footnote_feedback", buttons["elements"][0]["positive_button"]["value"])
        await slack.until(lambda: "Thank you" in str(slack.transcript(general)))
    (entry,) = Journal.open_existing(tmp_path / "server").entries()
    assert (entry.via, entry.principal) == ("slack", f"slack:{slack.team.id}:{anna.id}")
    assert entry.feedback is not None
    assert entry.feedback.verdict == "up"
