"""Several workspaces, each of which installs the bot by OAuth and is answered with its own token."""

import html
import re
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.slack.workspace.installations import installation_store
from fakes.slack.model import Team
from fakes.slack.server import FakeSlack
from fakes.slack_bots import BASE, LEAVE, Book, Library, answering, slack_settings

# slack_sdk's, of what aiohttp 4 will not have
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
CANARY = "QUETZAL-7781"
SECRET = Book("secret", f"It is {CANARY}", ("hr",))
HR = [{"group": "hr", "emails": ["*@acme.example"]}]


@asynccontextmanager
async def installing(slack: FakeSlack, folder: Path, **parts: object) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at the bot's server, which several workspaces may install."""
    bound = {"bot_token": "", "client_id": slack.client_id, "client_secret": slack.client_secret, "groups": HR}
    settings = slack_settings(slack, folder, **bound, **parts)
    async with answering(slack, Library(LEAVE, SECRET), settings, "http"):
        assert slack.request_url is not None
        async with httpx.AsyncClient(base_url=slack.request_url.removesuffix("/slack/events")) as browser:
            yield browser


async def install(slack: FakeSlack, browser: httpx.AsyncClient, team: Team) -> httpx.Response:
    """Follows the page's link, agrees, and goes where Slack sends the browser."""
    page = await browser.get("/slack/install")
    cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    consent = await browser.get(f"{link(page)}&team={team.id}")
    back = urlsplit(consent.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == BASE
    response = await browser.get(f"{back.path}?{back.query}", headers={"Cookie": cookies})
    assert response.status_code == 200, response.text
    return response


def link(page: httpx.Response) -> str:
    (url,) = re.findall(r'href="([^"]*/oauth/v2/authorize[^"]*)"', page.text)
    return html.unescape(url)


async def test_each_workspace_installs_the_bot_and_is_answered(slack: FakeSlack, tmp_path: Path) -> None:
    other = slack.add_team("Other")
    ben = slack.add_user("ben", team=other)
    async with installing(slack, tmp_path) as browser:
        assert (await install(slack, browser, other)).status_code == 200
        question = await slack.say(ben, slack.dm(ben), "How much leave?")
        await slack.settled()
        assert "25 days of leave" in slack.answers(slack.dm(ben), question.ts)[0].content
    kept = tmp_path / "slack-installations.sqlite3"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


async def test_an_installation_outlives_a_restart_and_ends_where_the_app_is_taken_out(
    slack: FakeSlack, tmp_path: Path
) -> None:
    other = slack.add_team("Other")
    ben = slack.add_user("ben", team=other)
    async with installing(slack, tmp_path) as browser:
        await install(slack, browser, other)
    async with installing(slack, tmp_path):
        question = await slack.say(ben, slack.dm(ben), "How much leave?")
        await slack.settled()
        assert slack.answers(slack.dm(ben), question.ts)
        slack.uninstall(other)
        await slack.settled()
    store = installation_store(tmp_path / "slack-installations.sqlite3", slack.client_id)
    assert store.find_bot(enterprise_id=None, team_id=other.id) is None


async def test_a_state_that_is_not_ours_installs_nothing(slack: FakeSlack, tmp_path: Path) -> None:
    anna = slack.add_user("anna")
    async with installing(slack, tmp_path) as browser:
        code = slack.code(slack.team, anna, f"{BASE}/slack/oauth_redirect")
        response = await browser.get("/slack/oauth_redirect", params={"code": code, "state": "guessed"})
        assert response.status_code == 400
        await slack.say(anna, slack.dm(anna), "How much leave?")
        await slack.until(lambda: slack.deliveries.all[-1].attempts)
    assert slack.sent("chat.postMessage") == []


@pytest.mark.parametrize("trusted", [False, True])
async def test_members_of_another_workspace_are_in_groups_only_where_it_is_named(
    slack: FakeSlack, tmp_path: Path, *, trusted: bool
) -> None:
    """They could give themselves any address."""
    other = slack.add_team("Other")
    mallory = slack.add_user("mallory", team=other, email="mallory@acme.example")
    async with installing(slack, tmp_path, workspaces=[other.id] if trusted else []) as browser:
        await install(slack, browser, other)
        question = await slack.say(mallory, slack.dm(mallory), "What does the secret say?")
        await slack.settled()
        shown = "\n".join(message.content for message in slack.answers(slack.dm(mallory), question.ts))
    assert shown
    assert (CANARY in shown) is trusted


async def test_the_page_asks_for_the_scopes_of_the_manifest(slack: FakeSlack, tmp_path: Path) -> None:
    async with installing(slack, tmp_path) as browser:
        page = await browser.get("/slack/install")
    assert "app_mentions:read" in parse_qs(urlsplit(link(page)).query)["scope"][0].split(",")
