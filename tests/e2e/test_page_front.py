"""The page with all its parts in a real browser: sources, conversations, documents, keys, feedback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, Route, expect

from api.app.fastapi_app import create_app
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.behind_the_page import FakeDocument, Front, cited
from fakes.browser import MISSING, WHY_MISSING, contrast, is_dark, overflow, serious_violations, shot
from fakes.services import fake_services
from fakes.serving import serving
from rag.types import Near

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(MISSING, reason=WHY_MISSING),
]

FILLER = "🎉 How leave works\n\n" + "Nothing of the matter is said here, at some length and to no end.\n\n" * 60
NOTES = FakeDocument(
    "hr/leave.md",
    f"{FILLER}Every employee is entitled to 25 days of leave.\n\nDays not taken by 31 March lapse.",
    title="Leave",
    heading="Leave and absence",
)
PAPER = FakeDocument(
    "hr/handbook.pdf",
    "The handbook\nof the company\fSick leave\nCall before nine.\fThe end",
    title="Handbook",
    paged=True,
)
LEAVE = cited(
    answer(
        "## Leave\n\n- **25 days** a year [1]\n- They lapse in March [2]\n\n| Who | Days |\n|---|--:|\n| all | 25 |\n",
        {1: "entitled to 25 days of leave", 2: "Days not taken by 31 March lapse."},
    ),
    NOTES,
)
SICK = cited(answer("Call before nine [1].", {1: "Call before nine."}), PAPER)
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}

FOCUSED = """() => {
  const focused = document.activeElement;
  const shown = focused.id === "question" ? focused.parentElement : focused; // its box is outlined for it
  const outlined = focused === document.body || getComputedStyle(shown).outlineStyle !== "none";
  return [focused.getAttribute("aria-label") ?? focused.textContent.trim(), outlined];
}"""

Open = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
def opened(browser: Browser) -> Open:
    """Opens the page with a front before it; fails at the end where the page asked anybody else, or complained."""

    @asynccontextmanager
    async def open_page(
        answerer: ScriptedAnswerer, front: Front | None = None, at: str = "/", **context: object
    ) -> AsyncIterator[Page]:
        front = front or Front([NOTES, PAPER])
        app = front.before(create_app(fake_services(answerer, authenticator=front)))
        async with serving(app) as address, await browser.new_context(**{"viewport": WIDE} | context) as tab:
            page = await tab.new_page()
            asked: list[str] = []
            complaints: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: "Content Security" in said.text and complaints.append(said.text))
            await page.goto(address + at)
            yield page
            assert [url for url in asked if not url.startswith((address, "data:"))] == []
            assert complaints == []

    return open_page


async def ask(page: Page, question: str) -> None:
    answers = await page.locator(".foot").count()
    await page.get_by_label("Your question").fill(question)
    await page.keyboard.press("Enter")
    await expect(page.locator(".foot")).to_have_count(answers + 1)


async def in_view(page: Page, selector: str) -> bool:
    return bool(
        await page.locator(selector).evaluate(
            """element => {
              const { top, bottom } = element.getBoundingClientRect();
              const frame = document.getElementById("viewer-body").getBoundingClientRect();
              return top >= frame.top && bottom <= frame.bottom;
            }"""
        )
    )


async def test_an_answer_is_set_as_markdown(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE))) as page:
        await ask(page, "How many days of leave?")
        await expect(page.locator(".text h4")).to_have_text("Leave")
        await expect(page.locator(".text li strong")).to_have_text("25 days")
        await expect(page.locator(".text td").last).to_have_css("text-align", "right")
        await shot(page, "front-answer")


async def test_a_footnote_opens_its_source_with_the_quote_marked_and_in_view(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE))) as page:
        await ask(page, "How many days of leave?")
        marker = page.get_by_role("button", name="Source 1: hr/leave.md, line 123", exact=True)
        await marker.click()
        viewer = page.get_by_role("region", name="Source")
        await expect(viewer.locator("mark.quoted")).to_have_text("entitled to 25 days of leave")
        await expect(viewer.locator("mark.other")).to_have_text("Days not taken by 31 March lapse.")
        await expect(viewer.get_by_text("Leave and absence")).to_be_visible()
        assert await in_view(page, "mark.quoted")
        await shot(page, "front-viewer")
        assert await serious_violations(page) == []
        await page.keyboard.press("Escape")
        await expect(viewer).to_be_hidden()
        await expect(marker).to_be_focused()
        await page.get_by_role("button", name="Source 2: hr/leave.md").click()
        await expect(viewer.locator("mark.quoted")).to_have_text("Days not taken by 31 March lapse.")
        await page.go_back()
        await expect(viewer).to_be_hidden()


async def test_a_page_of_a_pdf_is_shown_as_a_picture_and_as_text(opened: Open) -> None:
    front = Front([PAPER])
    async with opened(ScriptedAnswerer(*telling(SICK)), front) as page:
        await ask(page, "I am sick, what now?")
        await page.get_by_role("button", name="Source 1: hr/handbook.pdf, page 2").click()
        picture = page.get_by_role("img", name="Page 2 of hr/handbook.pdf, the quote marked")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1000
        start = PAPER.text.index("Call")
        assert {*front.pictures} == {f"2?start={start}&end={start + 17}&quote=Call+before+nine.&width=1000"}
        await shot(page, "front-pdf-page")
        await page.get_by_role("button", name="Next page").click()
        await expect(page.get_by_text("Page 3 of 3")).to_be_visible()
        await expect(page.get_by_role("button", name="Next page")).to_be_disabled()
        await expect(page.get_by_role("img", name="Page 3 of hr/handbook.pdf", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Previous page").press("Enter")
        await page.get_by_role("button", name="Zoom in").press("Enter")
        await expect(page.get_by_text("150 %")).to_be_visible()
        assert await serious_violations(page) == []
        await page.get_by_role("button", name="Text").click()
        await expect(page.locator("mark.quoted")).to_have_text("Call before nine.")
        await expect(page.locator(".place-head")).to_have_text(["Page 1", "Page 2", "Page 3"])
        await shot(page, "front-pdf-text")


async def test_a_link_opens_the_viewer_at_its_place(opened: Open) -> None:
    place = NOTES.place("entitled to 25 days")
    at = f"/view/{NOTES.id}?start={place.char_start}&end={place.char_end}"
    async with opened(ScriptedAnswerer(), at=at) as page:
        await expect(page.locator("mark.quoted")).to_have_text("entitled to 25 days")
        await expect(page.get_by_label("Your question")).to_be_hidden()
        await expect(page.get_by_role("link", name="Original")).to_have_attribute(
            "href", page.url.split("/view")[0] + f"/v1/documents/{NOTES.id}/original"
        )
        await expect(page.locator("mark.quoted")).to_be_in_viewport()
        await expect(page.get_by_role("heading", name="Footnote")).to_be_in_viewport()
        await expect(page.get_by_role("link", name="Ask about your documents")).to_be_in_viewport()
        await shot(page, "front-view")
        assert await serious_violations(page) == []


async def test_a_long_document_comes_in_parts(opened: Open) -> None:
    long = FakeDocument(
        "long.txt", "🎉 begins\n\n" + "So it goes on and on.\n\n" * 2000 + "Here it is.\n\n" + "And on. " * 2000
    )
    place = long.place("Here it is.")
    at = f"/view/{long.id}?start={place.char_start}&end={place.char_end}"
    async with opened(ScriptedAnswerer(), Front([long], max_excerpt=30_000), at=at) as page:
        await expect(page.locator("mark.quoted")).to_have_text("Here it is.")
        for label in ("Show what comes before", "Show what comes after"):
            await page.get_by_role("button", name=label).click()
            await expect(page.locator("mark.quoted")).to_have_text("Here it is.")
            await expect(page.get_by_role("button", name=label)).to_have_count(0)
        assert await page.locator(".document").evaluate("node => node.textContent") == long.text


async def test_a_link_to_what_is_not_there_says_so(opened: Open) -> None:
    async with opened(ScriptedAnswerer(), at="/view/unknown") as page:
        await expect(page.get_by_role("alert")).to_contain_text("There is no such document.")


async def test_a_conversation_is_read_again_with_the_same_numbers_after_a_reload(opened: Open) -> None:
    answerer, front = ScriptedAnswerer(*telling(LEAVE)), Front([NOTES, PAPER])
    async with opened(answerer, front) as page:
        await ask(page, "How many days of leave?")
        answerer.script = telling(SICK)
        await ask(page, "And when I am sick?")
        before = await page.locator("#conversation").inner_text()
        assert [one["conversation"] for one in front.asked] == ["c0", "c0"]
        assert page.url.endswith("#c=c0")
        await page.reload()
        await expect(page.locator(".foot")).to_have_count(2)
        assert await page.locator("#conversation").inner_text() == before
        await page.get_by_role("button", name="Source 2: hr/leave.md").click()
        await expect(page.locator("mark.quoted")).to_have_text("Days not taken by 31 March lapse.")


async def test_who_asks_before_the_session_is_known_is_kept_all_the_same(opened: Open) -> None:
    front, gate = Front([NOTES]), asyncio.Event()

    async def late(route: Route) -> None:
        await gate.wait()
        await route.continue_()

    async with opened(ScriptedAnswerer(*telling(LEAVE)), front) as page:
        await page.route("**/v1/session", late)
        await page.reload()
        await page.get_by_label("Your question").fill("How many days of leave?")
        await page.keyboard.press("Enter")
        await expect(page.locator("article")).to_have_count(1)
        gate.set()
        await expect(page.locator(".foot")).to_have_count(1)
        assert [one["conversation"] for one in front.asked] == ["c0"]


async def test_conversations_are_opened_renamed_and_deleted(opened: Open) -> None:
    front = Front([NOTES])
    async with opened(ScriptedAnswerer(*telling(LEAVE)), front) as page:
        await ask(page, "How many days of leave?")
        await page.keyboard.press("Control+k")
        await expect(page.locator("article")).to_have_count(0)
        await ask(page, "Anything else?")
        await expect(page.locator("#conversations .entry")).to_have_text(["Anything else?", "How many days of leave?"])
        await page.get_by_role("link", name="How many days of leave?").click()
        await expect(page.locator(".question")).to_have_text("You asked: How many days of leave?")
        await expect(page.get_by_role("link", name="Export")).to_have_attribute(
            "href", f"{page.url.split('#')[0]}v1/conversations/c0.md"
        )
        await page.get_by_role("button", name="Rename").click()
        await page.get_by_label("Title of the conversation").fill("Leave")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="Leave", exact=True)).to_be_focused()
        await shot(page, "front-conversations")
        await page.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_role("button", name="Keep")).to_be_focused()
        await page.get_by_role("group", name="Delete it?").get_by_role("button", name="Delete").click()
        await expect(page.locator("#conversations .entry")).to_have_text(["Anything else?"])
        await expect(page.locator("article")).to_have_count(0)
        assert list(front.kept) == ["c1"]


async def test_a_verdict_is_given_once_and_seen_after_a_reload(opened: Open) -> None:
    front = Front([NOTES])
    async with opened(ScriptedAnswerer(*telling(LEAVE)), front) as page:
        await ask(page, "How many days of leave?")
        await page.get_by_role("button", name="Good answer").click()
        await expect(page.get_by_role("button", name="Good answer", pressed=True)).to_be_visible()
        await page.get_by_role("button", name="Bad answer").click()
        await page.get_by_label("What is wrong?").select_option("outdated")
        await page.get_by_label("A better answer").fill("30 days")
        await shot(page, "front-feedback")
        assert await serious_violations(page) == []
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("button", name="Bad answer", pressed=True)).to_be_visible()
        assert list(front.feedback.values()) == [
            {"verdict": "down", "reason": "outdated", "comment": "", "better_answer": "30 days"}
        ]
        await page.reload()
        await expect(page.get_by_role("button", name="Bad answer", pressed=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Good answer", pressed=False)).to_be_visible()


async def test_a_document_is_added_asked_alone_and_taken_away(opened: Open) -> None:
    progress = ("progress", {"stage": "indexing", "done": 1, "total": 2, "path": "uploads/plan.txt"})
    front = Front([NOTES, PAPER])
    front.events.insert(0, progress)
    async with opened(ScriptedAnswerer(*telling(LEAVE)), front) as page:
        await page.locator("#picker").set_input_files(
            {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"The plan."}
        )
        await expect(page.locator(".job")).to_contain_text("Ready to be asked.")
        await expect(page.get_by_text("3 documents")).to_be_visible()
        await page.get_by_role("button", name="Ask only uploads/plan.txt").click()
        await expect(page.locator(".chip")).to_have_text("Only: uploads/plan.txt")
        await ask(page, "What is the plan?")
        assert front.asked[0]["filters"] == {"paths": ["uploads/plan.txt"]}
        await shot(page, "front-documents")
        assert await serious_violations(page) == []
        await page.locator(".chip").click()
        await page.get_by_label("Find documents by name").fill("plan")
        await expect(page.locator("#documents .entry")).to_have_count(1)
        await page.get_by_role("button", name="Delete uploads/plan.txt").click()
        await page.get_by_role("group", name="Delete it?").get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("No document has this in its name.")).to_be_visible()


async def test_a_document_that_cannot_be_read_is_told_in_words(opened: Open) -> None:
    front = Front([], events=[("finished", {"failed": [{"path": "uploads/bad.pdf", "reason": "It is encrypted."}]})])
    async with opened(ScriptedAnswerer(), front) as page:
        for name, content in (("empty.txt", b""), ("bad.pdf", b"%PDF")):
            await page.locator("#picker").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})
        await expect(page.locator(".job").nth(0)).to_contain_text("Failed: The file is empty.")
        await expect(page.locator(".job").nth(1)).to_contain_text("Failed: It is encrypted.")


async def test_filters_are_chosen_and_sent(opened: Open) -> None:
    front = Front([NOTES])
    async with opened(ScriptedAnswerer(*telling(LEAVE)), front) as page:
        await page.get_by_role("button", name="Filters").click()
        await page.get_by_label("Type").select_option("application/pdf")
        await page.get_by_label("Path").fill("hr/**")
        await page.get_by_label("Since").fill("2024-05-31")
        await shot(page, "front-filters")
        assert await serious_violations(page) == []
        await page.get_by_role("button", name="Apply").click()
        await expect(page.get_by_role("button", name="Filters")).to_be_focused()
        await ask(page, "Leave?")
        assert front.asked[0]["filters"] == {
            "media_types": ["application/pdf"],
            "paths": ["hr/**"],
            "since": "2024-05-31",
        }


async def test_a_key_lets_in_and_what_was_typed_outlives_it(opened: Open) -> None:
    front = Front([NOTES], key="right")
    async with opened(ScriptedAnswerer(*telling(LEAVE)), front) as page:
        await expect(page.get_by_role("dialog", name="A key is needed")).to_be_visible()
        await page.get_by_label("Your key").fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("This key opens nothing")
        await shot(page, "front-login")
        assert await serious_violations(page) == []
        await page.get_by_label("Your key").fill("right")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Ada")).to_be_visible()
        await expect(page.get_by_text("1 document")).to_be_visible()
        front.key = "another"  # the first is revoked meanwhile
        await page.get_by_label("Your question").fill("How many days of leave?")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog", name="A key is needed")).to_be_visible()
        await page.get_by_label("Your key").fill("another")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Your question")).to_have_value("How many days of leave?")
        await expect(page.locator("article")).to_have_count(0)
        await page.get_by_label("Your question").press("Enter")
        await expect(page.locator(".sources li")).to_have_count(2)
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_role("dialog", name="A key is needed")).to_be_visible()
        await expect(page.locator("article")).to_have_count(0)


async def test_a_refusal_that_arrives_after_the_login_asks_for_no_key_again(opened: Open) -> None:
    front, logged_in = Front([NOTES]), asyncio.Event()

    async def refused_late(route: Route) -> None:
        await logged_in.wait()
        await route.fulfill(status=401, json={})

    async with opened(ScriptedAnswerer(*telling(LEAVE)), front) as page:
        await expect(page.get_by_text("1 document")).to_be_visible()
        await page.route("**/v1/documents?q=leave*", refused_late, times=1)
        async with page.expect_request("**/v1/documents?q=leave*"):
            await page.get_by_label("Find documents by name").fill("leave")
        front.key = "right"
        await page.get_by_label("Your question").fill("How many days of leave?")
        await page.keyboard.press("Enter")
        await page.get_by_label("Your key").fill("right")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Ada")).to_be_visible()
        async with page.expect_response(lambda response: response.status == 401):
            logged_in.set()
        await ask(page, "How many days of leave?")
        await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_a_declined_answer_offers_documents_that_open(opened: Open) -> None:
    near = (Near(NOTES.path, "Leave", NOTES.place("Days not taken")),)
    told = replace(answer("The documents do not say."), status="declined", sentences=(), nearest=near)
    async with opened(ScriptedAnswerer(*telling(told))) as page:
        await ask(page, "Who won?")
        await page.locator(".nearest").get_by_role("button", name="hr/leave.md").click()
        await expect(page.locator("mark.quoted")).to_have_text("Days not taken")
        await shot(page, "front-declined")
        assert await serious_violations(page) == []


async def test_a_finding_is_told_on_hover(opened: Open) -> None:
    told = cited(answer("It is **30 days** [1].", {1: "25 days"}, verdicts=("unsupported",)), NOTES)
    told = replace(told, sentences=(replace(told.sentences[0], finding="30: its source has 25"),))
    async with opened(ScriptedAnswerer(*telling(told))) as page:
        await ask(page, "Leave?")
        await page.locator(".text strong .sentence").hover()
        await expect(page.locator("#tip")).to_have_text("Not supported by its source (30: its source has 25)")


async def test_the_keyboard_alone_reaches_everything(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE))) as page:
        await expect(page.locator("#conversations-part")).to_be_visible()  # the page has begun
        await expect(page.get_by_label("Your question")).to_be_focused()
        await page.keyboard.type("How many days of leave?")
        await page.keyboard.press("Enter")
        await expect(page.locator(".foot")).to_have_count(1)
        reached = []
        for _ in range(30):
            await page.keyboard.press("Shift+Tab")
            name, outlined = await page.evaluate(FOCUSED)
            assert outlined, name
            reached.append(name)
        for name in ("Filters", "Bad answer", "Copy with footnotes", "hr/leave.md", "Table", "Light or dark", "Rename"):
            assert name in reached
        await page.get_by_role("button", name="Source 1: hr/leave.md").press("Enter")
        await expect(page.get_by_role("heading", name="hr/leave.md")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("region", name="Source")).to_be_hidden()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
        await shot(page, "front-shortcuts")
        assert await serious_violations(page) == []
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog", name="Shortcuts")).to_be_hidden()
        await page.keyboard.press("d")
        await expect(page.get_by_label("Find documents by name")).to_be_focused()


async def test_dark_is_chosen_and_kept(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE))) as page:
        await page.get_by_role("button", name="Light or dark").click()
        assert await is_dark(page)
        await page.reload()
        assert await is_dark(page)
        await ask(page, "How many days of leave?")
        await page.get_by_role("button", name="Source 1: hr/leave.md").click()
        await expect(page.locator("mark.quoted")).to_be_visible()
        for selector in (
            "mark.quoted",
            "mark.other",
            ".place-head, .heading-head",
            ".entry",
            ".quiet",
            "#viewer-place",
        ):
            assert await contrast(page, selector) >= 4.5, selector
        assert await serious_violations(page) == []
        await shot(page, "front-dark")


async def test_on_paper_there_are_answers_and_their_sources(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE)), color_scheme="dark") as page:
        await ask(page, "How many days of leave?")
        await page.emulate_media(media="print", color_scheme="dark")
        for selector in ("#top", "#side", "#bottom", ".tools"):
            await expect(page.locator(selector)).to_be_hidden()
        await expect(page.locator(".sources li").first).to_be_visible()
        assert not await is_dark(page)
        await shot(page, "front-paper")


async def test_on_a_phone_the_side_is_a_drawer_and_the_source_covers_the_page(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE)), viewport=PHONE, has_touch=True) as page:
        await ask(page, "How many days of leave?")
        await shot(page, "front-phone")
        assert await overflow(page) == 0
        await page.get_by_role("button", name="Conversations and documents").click()
        await expect(page.get_by_role("navigation")).to_be_visible()
        await shot(page, "front-phone-side")
        assert await serious_violations(page) == []
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("navigation")).to_be_hidden()
        await page.get_by_role("button", name="Source 1: hr/leave.md").click()
        await expect(page.locator("mark.quoted")).to_be_visible()
        assert await in_view(page, "mark.quoted")
        assert await overflow(page) == 0
        box = await page.locator("#viewer").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 360, "height": 740}
        await shot(page, "front-phone-viewer")
        assert await serious_violations(page) == []
        await page.get_by_role("button", name="Close the source").click()
        await expect(page.get_by_role("button", name="Source 1: hr/leave.md")).to_be_focused()
        await page.emulate_media(color_scheme="dark")
        assert await is_dark(page)
        await shot(page, "front-phone-dark")
        assert await serious_violations(page) == []


async def test_an_answer_and_a_link_are_copied(opened: Open) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    async with opened(ScriptedAnswerer(*telling(SICK)), permissions=allowed) as page:
        await ask(page, "I am sick, what now?")
        await page.get_by_role("button", name="Copy with footnotes").click()
        await expect(page.locator("#status")).to_have_text("Copied.")
        clipboard = "navigator.clipboard.readText()"
        assert await page.evaluate(clipboard) == (
            "Call before nine [1].\n\n[1] hr/handbook.pdf, page 2, line 3: “Call before nine.”"
        )
        await page.get_by_role("button", name="Source 1").click()
        await page.get_by_role("button", name="Copy link").click()
        await expect(page.locator("#status")).to_have_text("The link is copied.")
        start = PAPER.text.index("Call")
        link = await page.evaluate(clipboard)
        assert link.endswith(f"/view/{PAPER.id}?start={start}&end={start + 17}&page=2")
        await page.goto(link)
        await expect(page.get_by_role("img", name="Page 2 of hr/handbook.pdf, the quote marked")).to_be_visible()


async def test_an_answer_says_that_it_was_cut_short_or_kept(opened: Open) -> None:
    told = replace(SICK, cut_short="it may have 200 tokens", cached=True)
    async with opened(ScriptedAnswerer(*telling(told))) as page:
        await ask(page, "I am sick, what now?")
        await expect(page.locator(".label")).to_have_text("Cut short: it may have 200 tokens")
        await expect(page.locator(".made")).to_have_text("scripted, kept from when the same was asked before")


async def test_files_dropped_on_the_page_are_added(opened: Open) -> None:
    front = Front([])
    async with opened(ScriptedAnswerer(), front) as page:
        await expect(page.get_by_text("There are no documents yet.")).to_be_visible()
        carried = await page.evaluate_handle(
            """() => {
              const carried = new DataTransfer();
              carried.items.add(new File(["The plan."], "plan.txt", { type: "text/plain" }));
              return carried;
            }"""
        )
        await page.dispatch_event("#chat", "dragover", {"dataTransfer": carried})
        await expect(page.get_by_text("Drop the files to add them")).to_be_visible()
        await page.dispatch_event("#chat", "drop", {"dataTransfer": carried})
        await expect(page.locator(".job")).to_contain_text("Ready to be asked.")
        await expect(page.get_by_text("Drop the files to add them")).to_be_hidden()
        assert [one.path for one in front.documents] == ["uploads/plan.txt"]


async def test_what_is_written_is_swapped_for_the_answer_without_a_jump(opened: Open) -> None:
    done = asyncio.Event()
    *events, last = telling(LEAVE)
    async with opened(ScriptedAnswerer(*events, done, last)) as page:
        await page.get_by_label("Your question").fill("How many days of leave?")
        await page.keyboard.press("Enter")
        await expect(page.locator(".text")).to_contain_text("lapse in March")
        top = "document.querySelector('.question').getBoundingClientRect().top"
        before = await page.evaluate(top)
        done.set()
        await expect(page.locator(".sources li")).to_have_count(2)
        assert await page.evaluate(top) == before
