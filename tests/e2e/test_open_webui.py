"""Open WebUI itself, unchanged, before a real ``footnote serve``: by its own API, and by its page in a real browser."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Locator, Page, Route, expect

from api.auth.api_keys import KeyStore
from fakes.browser import MISSING, WHY_MISSING, chromium, shot
from fakes.footnote_serve import footnote_serve
from fakes.open_webui import OPEN_WEBUI, OpenWebUI

pytestmark = [
    pytest.mark.skipif(not OPEN_WEBUI.exists(), reason="`make open-webui` installs Open WebUI, 750 MB, and asks by it"),
    pytest.mark.timeout(600),  # two servers start
]
in_a_browser = pytest.mark.skipif(MISSING, reason=WHY_MISSING)
WEEKS = "How many weeks of leave does the other parent get?"
PATIENCE = 60_000
CHAT = {"model": "footnote", "messages": [{"role": "user", "content": WEEKS}]}


@pytest.fixture(scope="module")
def answering(samples_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on the machine's own address, where no key is wanted."""
    with footnote_serve(samples_index, tmp_path_factory.mktemp("footnote")) as (_, address, _):
        yield address


@pytest.fixture(scope="module")
def webui(answering: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenWebUI]:
    with OpenWebUI(tmp_path_factory.mktemp("open-webui"), f"{answering}v1", "any") as running:
        yield running


@contextmanager
def connected(webui: OpenWebUI, base_url: str, key: str) -> Iterator[httpx.Client]:
    """Open WebUI with another connection, as an administrator gives it."""
    with webui.client() as client:
        before = client.get("/openai/config").json()
        other = {"OPENAI_API_BASE_URLS": [base_url], "OPENAI_API_KEYS": [key]}
        client.post("/openai/config/update", json=before | other).raise_for_status()
        try:
            yield client
        finally:
            client.post("/openai/config/update", json=before).raise_for_status()


@dataclass(frozen=True)
class Visit:
    page: Page
    strangers: list[str] = field(default_factory=list)
    """What the page wanted of others than Open WebUI, and did not get."""

    async def ask(self, question: str) -> Locator:
        """The answer, when it is there to its end."""
        said = self.page.locator("[id^=response-content-container]")
        before = await said.count()
        await self.page.locator("#chat-input").click()
        await self.page.keyboard.type(question)
        await self.page.keyboard.press("Enter")
        await expect(said).to_have_count(before + 1, timeout=PATIENCE)
        await expect(self.page.get_by_role("button", name="Regenerate").last).to_be_visible(timeout=PATIENCE)
        return said.last


@asynccontextmanager
async def visiting(webui: OpenWebUI) -> AsyncIterator[Visit]:
    async with chromium() as browser:
        visit = Visit(await browser.new_page(viewport={"width": 1280, "height": 900}))

        async def refuse(route: Route) -> None:
            visit.strangers.append(route.request.url)
            await route.abort()

        await visit.page.route(lambda url: urlsplit(url).hostname not in ("127.0.0.1", None), refuse)
        await visit.page.goto(webui.url)
        await visit.page.add_locator_handler(  # its news, the first time that somebody comes
            visit.page.get_by_role("button", name="Okay, Let's Go!"), lambda button: button.click()
        )
        await expect(visit.page.locator("#chat-input")).to_be_visible(timeout=PATIENCE)
        yield visit


def answers(answering: str) -> int:
    """How many Footnote gave so far."""
    told = httpx.get(f"{answering}metrics", trust_env=False).text
    return sum(int(float(count)) for count in re.findall(r'footnote_answers_total\{.*via="openai"\} (\S+)', told))


async def kept_chat(webui: OpenWebUI) -> dict[str, Any]:
    """The newest chat, once Open WebUI has done for it what it does after an answer."""
    with webui.client() as client:
        for _ in range(300):
            newest = client.get("/api/v1/chats/").json()[0]
            chat: dict[str, Any] = client.get(f"/api/v1/chats/{newest['id']}").json()
            said = [m for m in chat["chat"]["history"]["messages"].values() if m["role"] == "assistant"]
            if all("followUps" in message for message in said):
                return chat
            await asyncio.sleep(0.1)
    raise AssertionError("it asked for no suggestions")


# Its API


def test_its_list_has_our_model_and_a_chat_gives_the_answer_with_its_footnotes(
    webui: OpenWebUI, answering: str
) -> None:
    with webui.client() as client:
        models = client.get("/api/models").json()["data"]
        message = client.post("/api/chat/completions", json=CHAT).json()["choices"][0]["message"]
    assert [model["id"] for model in models] == ["footnote"]
    text, notes = message["content"], [note["url_citation"] for note in message["annotations"]]
    assert "8 weeks" in text.partition("\n\n---")[0]
    markers = [text[note["start_index"] : note["end_index"]] for note in notes]
    assert markers == [f"[{number}]" for number in range(1, len(notes) + 1)]
    for marker, note in zip(markers, notes, strict=True):
        assert note["url"].startswith(f"{answering}view/")
        assert re.search(rf"^- {re.escape(marker)} \[`handbook/.*`\]\({re.escape(note['url'])}\)$", text, re.MULTILINE)


def test_a_chat_streamed_by_its_api_is_the_same(webui: OpenWebUI) -> None:
    with webui.client() as client:
        client.get("/api/models")
        whole = client.post("/api/chat/completions", json=CHAT).json()["choices"][0]["message"]
        streamed = client.post("/api/chat/completions", json=CHAT | {"stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in lines[:-1]]
    assert "".join(delta.get("content", "") for delta in deltas) == whole["content"]
    assert [delta["annotations"] for delta in deltas if "annotations" in delta] == [whole["annotations"]]


# Its page


@in_a_browser
async def test_its_page_shows_answers_with_sources_and_a_link_opens_our_viewer_at_the_words(webui: OpenWebUI) -> None:
    async with visiting(webui) as visit:
        answer = await visit.ask(WEEKS)
        await expect(answer).to_contain_text("8 weeks", timeout=PATIENCE)
        source = visit.page.get_by_role("button", name="View source: Leave policy, page 3, line 7")
        await expect(source.first).to_be_visible()
        await shot(visit.page, "open-webui")
        async with visit.page.context.expect_page() as opening:
            await answer.get_by_role("link", name="handbook/leave-policy.pdf, page 3, line 7").click()
        viewer = await opening.value
        await viewer.get_by_role("button", name="Text").click()
        await expect(viewer.locator("mark.quoted").first).to_contain_text("8 weeks", timeout=PATIENCE)
        await shot(viewer, "open-webui-viewer")
        strangers = {urlsplit(url)[1:3] for url in visit.strangers}
    assert strangers <= {("www.google.com", "/s2/favicons")}  # its own doing, and docs/serving.md says how to stop it


@in_a_browser
async def test_a_follow_up_is_understood_and_what_it_wants_for_itself_is_asked_of_nobody(
    webui: OpenWebUI, answering: str
) -> None:
    before = answers(answering)
    async with visiting(webui) as visit:
        await visit.ask(WEEKS)
        await expect(await visit.ask("And the birth parent?")).to_contain_text("26 weeks", timeout=PATIENCE)
        chat = await kept_chat(webui)
    assert chat["title"] == WEEKS
    assert not chat["meta"].get("tags")
    assert {str(m["followUps"]) for m in chat["chat"]["history"]["messages"].values() if "followUps" in m} == {"[]"}
    assert answers(answering) - before == 2


@in_a_browser
async def test_without_annotations_its_page_shows_the_numbers_and_asks_nobody_else(webui: OpenWebUI) -> None:
    model = {"id": "footnote", "name": "Handbook", "meta": {}, "params": {"custom_params": {"annotations": "false"}}}
    with webui.client() as client:
        client.post("/api/v1/models/create", json=model).raise_for_status()
        try:
            async with visiting(webui) as visit:
                answer = await visit.ask(WEEKS)
                await expect(answer).to_contain_text(re.compile(r"8 weeks.*\[\d\]"), timeout=PATIENCE)
                await expect(answer.get_by_role("link").first).to_be_visible()
                declined = await visit.ask("Who won the 2022 World Cup?")
                await expect(declined).to_contain_text("do not answer", timeout=PATIENCE)
                await shot(visit.page, "open-webui-numbers")
        finally:
            client.post("/api/v1/models/model/delete", json={"id": "footnote"}).raise_for_status()
    assert visit.strangers == []


# Keys


def test_a_wrong_key_is_told_in_words_and_a_good_one_finds_the_model(
    webui: OpenWebUI, samples_index: Path, tmp_path: Path
) -> None:
    _, key = KeyStore(tmp_path / "var" / "server").create("Open WebUI", ("hr",))
    serving = footnote_serve(samples_index, tmp_path, FOOTNOTE_SERVER__KEYS="always")
    with serving as (_, address, _), webui.client() as client:
        verify = {"url": f"{address}v1", "key": "any"}
        refused = client.post("/openai/verify", json=verify)
        welcome = client.post("/openai/verify", json=verify | {"key": key})
    assert refused.status_code == 401
    assert refused.json()["error"]["message"].startswith("Send a valid key")
    assert [model["id"] for model in welcome.json()["data"]] == ["footnote"]


@in_a_browser
async def test_its_page_says_in_our_words_that_a_key_was_revoked(
    webui: OpenWebUI, samples_index: Path, tmp_path: Path
) -> None:
    keys = KeyStore(tmp_path / "var" / "server")
    made, key = keys.create("Open WebUI", ("hr",))
    serving = footnote_serve(samples_index, tmp_path, FOOTNOTE_SERVER__KEYS="always")
    with serving as (_, address, _), connected(webui, f"{address}v1", key):
        async with visiting(webui) as visit:
            await expect(await visit.ask(WEEKS)).to_contain_text("8 weeks", timeout=PATIENCE)
            keys.revoke(made.id)
            await visit.page.locator("#chat-input").click()
            await visit.page.keyboard.type("And the birth parent?")
            await visit.page.keyboard.press("Enter")
            await expect(visit.page.get_by_text("Send a valid key").first).to_be_visible(timeout=PATIENCE)
            await shot(visit.page, "open-webui-revoked")
