"""Debian's chromium, driven by Playwright, and what is asked of every page of ours in it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = not CHROMIUM.exists() and not os.environ.get("CI")
SCREENSHOTS = os.environ.get("FOOTNOTE_SCREENSHOTS")
"""A folder. Read here, since tests run without settings of the machine."""
WHY_MISSING = "no /usr/bin/chromium: apt-get install chromium"
expect.set_options(timeout=30_000)  # ms: two cores may be busy with all the other tests


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()


async def shot(page: Page, name: str) -> None:
    """A picture to look at, where one is asked for."""
    if SCREENSHOTS:
        await page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


async def overflow(page: Page) -> int:
    width: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


async def is_dark(page: Page) -> bool:
    return bool(await page.evaluate(_BRIGHTNESS, "background-color") < 128)


async def contrast(page: Page, selector: str) -> float:
    """WCAG 2.2's contrast ratio of an element's text to the nearest background behind it."""
    ratio: float = await page.evaluate(_CONTRAST, selector)
    return ratio


async def serious_violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical in the page as it stands: rule and element."""
    await page.evaluate(_axe())
    found = await page.evaluate("axe.run({ resultTypes: ['violations'] })")
    grave = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {node['html'][:120]}: {node['failureSummary']}" for one in grave for node in one["nodes"]]


@cache
def _axe() -> str:
    source = files("axe_playwright_python").joinpath("axe.min.js")
    return source.read_text(encoding="utf-8")


_BRIGHTNESS = """name => {
  const [r, g, b] = getComputedStyle(document.body).getPropertyValue(name).match(/[\\d.]+/g).map(Number);
  return (r + g + b) / 3;
}"""
_CONTRAST = """selector => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const element = document.querySelector(selector);
  let behind = element;
  while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  const [ink, paper] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(light);
  return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
}"""
