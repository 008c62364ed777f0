"""Nothing scripted: the page in a real browser, before the whole server over the samples, with keys."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from api.app.composition import make_app, make_services
from api.auth.api_keys import KeyStore
from fakes.browser import MISSING, WHY_MISSING, chromium, serious_violations, shot
from fakes.engines import OpenEngine
from fakes.serving import serving

pytestmark = pytest.mark.skipif(MISSING, reason=WHY_MISSING)
WEEKS = "How many weeks of leave does the other parent get?"
BERTH = b"# Berths\n\nThe ferry Cormorant lies at berth 17 in winter.\n"


@dataclass(frozen=True)
class Visit:
    page: Page
    keys: KeyStore


@pytest_asyncio.fixture
async def visit(own_index: Path, opened: OpenEngine, tmp_path: Path) -> AsyncIterator[Visit]:
    """The page of a server that wants a key; fails at the end where the page asked anybody else, or broke."""
    server = {"dir": tmp_path / "server", "keys": "always"}
    engine = opened(own_index, server=server)
    services = make_services(engine)
    assert services.indexing
    services.indexing.take_up()
    try:
        async with serving(make_app(services, engine.settings.server)) as address, chromium() as browser:
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            asked: list[str] = []
            broken: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: broken.append(str(error)))
            page.on("response", lambda told: told.status >= 500 and broken.append(told.url))
            await page.goto(address)
            yield Visit(page, KeyStore(tmp_path / "server"))
            assert [url for url in asked if not url.startswith((address, "data:"))] == []
            assert broken == []
    finally:
        services.indexing.stop()


async def log_in(visit: Visit, *groups: str) -> None:
    _, key = visit.keys.create("Anna", groups, may_write=True)
    await visit.page.get_by_label("Your key").fill(key)
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.get_by_text("Anna")).to_be_visible()


async def ask(page: Page, question: str) -> None:
    answers = await page.locator(".foot").count()
    await page.get_by_label("Your question").fill(question)
    await page.keyboard.press("Enter")
    await expect(page.locator(".foot")).to_have_count(answers + 1, timeout=30_000)


async def test_from_a_key_to_the_words_in_the_source_and_the_same_after_a_reload(visit: Visit) -> None:
    page = visit.page
    await log_in(visit)
    await ask(page, WEEKS)
    await page.set_viewport_size({"width": 1280, "height": 320})  # pixels: less than the page's picture has above it
    await page.locator(".marker", has_text="1").first.click()
    picture = page.locator("#viewer-body img")
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 1000
    await expect(page.locator(".quote-place")).to_be_in_viewport()
    await shot(page, "real-pdf")
    await page.get_by_role("button", name="Text").click()
    await expect(page.locator("mark.quoted").first).to_be_in_viewport()
    assert "26 weeks" in await page.locator("#viewer").inner_text()
    await page.keyboard.press("Escape")
    await ask(page, "And the birth parent?")
    before = await page.locator("#conversation").inner_text()
    await page.reload()
    await expect(page.locator(".foot")).to_have_count(2)
    assert await page.locator("#conversation").inner_text() == before
    assert await serious_violations(page) == []


async def test_what_is_uploaded_is_asked_judged_and_deleted(visit: Visit) -> None:
    page = visit.page
    await log_in(visit)
    await page.locator("#picker").set_input_files({"name": "berths.md", "mimeType": "text/markdown", "buffer": BERTH})
    await expect(page.locator(".job")).to_contain_text("Ready to be asked.", timeout=60_000)
    await ask(page, "At which berth does the ferry Cormorant lie?")
    await expect(page.locator(".answer .text").last).to_contain_text("berth 17")
    await page.locator(".marker").last.click()
    await expect(page.locator("mark.quoted")).to_contain_text("berth 17")
    await shot(page, "real-upload")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Good answer").click()
    await expect(page.get_by_role("button", name="Good answer", pressed=True)).to_be_visible()
    await page.get_by_label("Find documents by name").fill("berths.md")
    await page.get_by_role("button", name="Delete uploads").click()
    await page.get_by_role("group", name="Delete it?").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No document has this in its name.")).to_be_visible()
    await page.reload()
    await expect(page.locator("#conversation")).to_contain_text("rests on documents that you may not see now")
