"""The chat page in a real browser: Debian's chromium, driven by Playwright, against a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, expect

from api.app.fastapi_app import create_app
from fakes.answerer import ScriptedAnswerer, answer, passage, telling, unverified_answer
from fakes.browser import MISSING, WHY_MISSING, contrast, is_dark, overflow, serious_violations, shot
from fakes.services import fake_services
from fakes.serving import serving
from rag.errors import ModelBusyError
from rag.types import Completed, Delta, Near, Retrieved, Turn
from rag.verification.abstention import UNVERIFIED

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(MISSING, reason=WHY_MISSING),
]

LEAVE = answer(
    "New employees get 25 days of leave [1].\nUnused days lapse in March [2].",
    {1: "Every employee is entitled to 25 days", 2: "Days not taken by 31 March lapse."},
)
HOSTILE = (
    "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script><a href='javascript:window.hacked=1'>x</a>"
)
BACKGROUND = "element => getComputedStyle(element).backgroundColor"

Open = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
def opened(browser: Browser) -> Open:
    """Opens the page of a server whose answerer is given; fails at the end where the page asked anybody else."""

    @asynccontextmanager
    async def open_page(answerer: ScriptedAnswerer, **context: object) -> AsyncIterator[Page]:
        app = create_app(fake_services(answerer, max_question_chars=200, advice="Set llm.model to connect one."))
        async with serving(app) as address, await browser.new_context(**context) as tab:
            page = await tab.new_page()
            asked: list[str] = []
            complaints: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(address)
            yield page
            assert [url for url in asked if not url.startswith(address)] == []
            assert complaints == []

    return open_page


async def ask(page: Page, question: str) -> None:
    await page.get_by_label("Your question").fill(question)
    await page.keyboard.press("Enter")


async def test_the_answer_is_seen_while_it_is_written(opened: Open) -> None:
    found, first, rest, done = (asyncio.Event() for _ in range(4))
    events = telling(LEAVE)
    script = (found, events[0], first, events[1], rest, events[2], done, events[3])
    async with opened(ScriptedAnswerer(*script)) as page:
        text, status = page.locator(".text"), page.get_by_role("status")
        await shot(page, "welcome")
        await ask(page, "How many days of leave?")
        await expect(status).to_have_text("Searching…")
        found.set()
        await expect(status).to_have_text("2 passages found, writing…")
        first.set()
        await expect(text).to_have_text(events[1].text)
        await expect(page.locator("article")).to_have_attribute("aria-busy", "true")
        await shot(page, "streaming")
        rest.set()
        await expect(text).to_contain_text("lapse in March")
        await expect(page.locator(".sources")).to_have_count(0)
        done.set()
        await expect(page.locator(".sources li")).to_have_count(2)
        await expect(status).to_have_text("Answered, 2 sources.")
        await expect(page.locator("article")).not_to_have_attribute("aria-busy", "true")


async def test_a_footnote_shows_its_quote_and_leads_to_its_source(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE))) as page:
        await ask(page, "How many days of leave?")
        marker, tip = page.get_by_role("button", name="Source 2: hr/leave.pdf, page 4, line 12"), page.locator("#tip")
        await marker.hover()
        await expect(tip).to_contain_text("“Days not taken by 31 March lapse.”")
        await shot(page, "tip")
        await page.keyboard.press("Escape")
        await expect(tip).to_be_hidden()
        await marker.click()
        source = page.locator(".sources li").nth(1)
        await expect(source).to_be_focused()
        await expect(source).to_have_text("[2] hr/leave.pdf, page 4, line 12: “Days not taken by 31 March lapse.”")
        await shot(page, "source")


async def test_the_keyboard_alone_reaches_a_footnote(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE))) as page:
        await ask(page, "How many days of leave?")
        await expect(page.locator(".sources li")).to_have_count(2)
        await page.get_by_role("button", name="New conversation").focus()
        await page.keyboard.press("Tab")
        await expect(page.locator("#tip")).to_contain_text("“Every employee is entitled to 25 days”")
        await page.keyboard.press("Enter")
        await expect(page.locator(".sources li").first).to_be_focused()


async def test_markers_stand_right_after_characters_outside_the_basic_plane(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(answer("🎉🎉 Party 🎉 [1] on.", {1: "party"})))) as page:
        await ask(page, "When?")
        await expect(page.locator(".sentence")).to_have_text("🎉🎉 Party 🎉 1 on.")


async def test_shift_enter_starts_a_new_line(opened: Open) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    async with opened(answerer) as page:
        await page.get_by_label("Your question").press_sequentially("one")
        await page.keyboard.press("Shift+Enter")
        await page.get_by_label("Your question").press_sequentially("two")
        await page.keyboard.press("Enter")
        await expect(page.locator(".sources li")).to_have_count(2)
        assert answerer.asked[0].text == "one\ntwo"


async def test_a_follow_up_sends_what_was_said_and_a_new_conversation_nothing(opened: Open) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    async with opened(answerer) as page:
        for number in range(6):
            await ask(page, f"question {number}")
            await expect(page.locator(".sources")).to_have_count(number + 1)
        assert answerer.asked[1].history == (Turn("user", "question 0"), Turn("assistant", LEAVE.text))
        assert len(answerer.asked[5].history) == 8
        assert answerer.asked[5].history[0] == Turn("user", "question 1")
        await shot(page, "conversation")
        await page.get_by_role("button", name="New conversation").click()
        await expect(page.locator("article")).to_have_count(0)
        await ask(page, "something else")
        await expect(page.locator(".sources")).to_have_count(1)
        assert answerer.asked[6].history == ()


async def test_doubtful_sentences_are_marked_in_words(opened: Open) -> None:
    told = answer(
        "Leave is 25 days [1].\nIt is the best in town [1].\nIt may grow [1].\nAll like it.",
        {1: "25 days"},
        verdicts=("supported", "unsupported", "weak", "uncited"),
    )
    first, second, *rest = told.sentences
    doubted = replace(told, sentences=(first, replace(second, finding="best: in no source"), *rest))
    async with opened(ScriptedAnswerer(*telling(doubted))) as page:
        await ask(page, "Leave?")
        await expect(page.locator(".unsupported")).to_have_text(
            "It is the best in town 1. not supported by its source (best: in no source)"
        )
        await expect(page.locator(".weak")).to_have_text("It may grow 1. weakly supported by its source")
        await expect(page.locator(".uncited")).to_have_text("All like it. no source named")
        await expect(page.locator(".supported .verdict")).to_have_count(0)
        for verdict in ("unsupported", "weak", "uncited"):
            assert await contrast(page, f".{verdict} .verdict") >= 4.5
        assert await page.locator(".weak").evaluate(BACKGROUND) == "rgba(0, 0, 0, 0)"
        assert await page.locator(".unsupported").evaluate(BACKGROUND) != "rgba(0, 0, 0, 0)"
        assert await serious_violations(page) == []
        await shot(page, "doubt")


async def test_an_unverified_answer_says_so_in_words_and_what_its_source_contradicts(opened: Open) -> None:
    async with opened(ScriptedAnswerer(*telling(unverified_answer()))) as page:
        await ask(page, "Leave?")
        await expect(page.locator(".answer.unverified > .label")).to_have_text(UNVERIFIED)
        await expect(page.get_by_role("status")).to_have_text(UNVERIFIED)
        await expect(page.locator(".contradicted")).to_have_text(
            "Leave is 99 days 1. contradicted by its source (the source says 25, not 99)"
        )
        for part in (".contradicted .verdict", ".unverified > .label"):
            assert await contrast(page, part) >= 4.5
        assert await serious_violations(page) == []
        await shot(page, "unverified")


async def test_a_partial_answer_says_which_part_is_left(opened: Open) -> None:
    told = replace(
        answer("Leave is 25 days [1].", {1: "25 days"}), status="partly", unanswered="who signs for <b>it</b>"
    )
    async with opened(ScriptedAnswerer(*telling(told))) as page:
        await ask(page, "How long is leave, and who signs for it?")
        await expect(page.locator(".label")).to_have_text("The documents answer this in part")
        await expect(page.locator(".unanswered")).to_have_text("The documents do not answer: who signs for <b>it</b>")
        await expect(page.get_by_role("status")).to_have_text("Answered, 1 source; the documents answer it in part.")
        await shot(page, "partly")


async def test_a_declined_answer_looks_declined_and_says_where_to_look(opened: Open) -> None:
    near = (
        Near("hr/leave.pdf", "Leave", passage("x").locator),
        Near("hr/pay.md", "Pay", passage("x", page=None).locator),
    )
    told = replace(answer("The documents do not say who won."), status="declined", sentences=(), nearest=near)
    async with opened(ScriptedAnswerer(*telling(told))) as page:
        await ask(page, "Who won the 2022 World Cup?")
        await expect(page.locator(".answer.declined .label")).to_have_text("Not in the documents")
        await expect(page.get_by_role("status")).to_have_text("The documents do not answer this.")
        await expect(page.locator(".nearest li")).to_have_text(["hr/leave.pdf, page 4, line 12", "hr/pay.md, line 12"])
        await expect(page.locator(".sources")).to_have_count(0)
        await shot(page, "declined")


async def test_where_nothing_is_near_a_declined_answer_offers_nothing(opened: Open) -> None:
    told = replace(answer("The documents do not say who won."), status="declined", sentences=())
    async with opened(ScriptedAnswerer(*telling(told))) as page:
        await ask(page, "Who won the 2022 World Cup?")
        await expect(page.locator(".answer.declined")).to_be_visible()
        await expect(page.locator(".nearest")).to_have_count(0)


async def test_the_answer_that_stands_takes_the_place_of_what_was_streamed(opened: Open) -> None:
    told = answer("Leave is 25 days [1].", {1: "25 days"})
    streamed = Delta("Leave is 25 days [1]. It is 99 days [2].")
    async with opened(ScriptedAnswerer(Retrieved(told.retrieval), streamed, Completed(told))) as page:
        await ask(page, "Leave?")
        await expect(page.locator(".text")).to_have_text("Leave is 25 days 1.")
        await expect(page.locator(".sources li")).to_have_count(1)


async def test_the_offline_answerer_says_once_how_to_connect_a_model(opened: Open) -> None:
    offline = answer("25 days [1].", {1: "25 days"}, model="offline-extractive")
    async with opened(ScriptedAnswerer(*telling(offline))) as page:
        for number in (1, 2):
            await ask(page, "Leave?")
            await expect(page.locator(".sources")).to_have_count(number)
        await expect(page.get_by_role("note")).to_have_text("Set llm.model to connect one.")
        await expect(page.locator(".made").first).to_have_text("offline-extractive, 1.5 s")
        await shot(page, "advice")


async def test_an_error_is_told_in_words_and_the_question_can_be_asked_again(opened: Open) -> None:
    answerer = ScriptedAnswerer(
        Retrieved(LEAVE.retrieval), Delta("New emp"), ModelBusyError("The model asked to wait.", retry_after=7)
    )
    async with opened(answerer) as page:
        await ask(page, "Leave?")
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("The language model is busy")
        await expect(alert).to_contain_text("The model asked to wait. Try again in 7 seconds.")
        assert await serious_violations(page) == []
        await shot(page, "error")
        answerer.script = telling(LEAVE)
        await page.get_by_role("button", name="Try again").click()
        await expect(page.locator(".sources")).to_have_count(1)
        assert answerer.asked[1].history == ()


async def test_a_refused_question_is_told_in_words(opened: Open) -> None:
    async with opened(ScriptedAnswerer()) as page:
        await ask(page, "x" * 201)
        await expect(page.get_by_role("alert")).to_contain_text("The question has 201 characters, and the limit is 200")


async def test_a_server_that_is_gone_is_told_in_words(opened: Open) -> None:
    async with opened(ScriptedAnswerer()) as page:
        await page.context.set_offline(True)
        await ask(page, "Leave?")
        await expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")


async def test_stop_ends_the_answer_on_the_server_too(opened: Open) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE)[:2], asyncio.Event())
    async with opened(answerer) as page:
        await ask(page, "Leave?")
        await expect(page.locator(".text")).not_to_be_empty()
        await page.get_by_role("button", name="Stop").click()
        await expect(page.get_by_role("status")).to_have_text("Stopped.")
        await asyncio.wait_for(answerer.ended.wait(), 5)
        await expect(page.get_by_role("button", name="Ask")).to_be_visible()


async def test_a_new_conversation_leaves_the_old_one_behind_while_it_is_answered(opened: Open) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE)[:2], asyncio.Event())
    async with opened(answerer) as page:
        await ask(page, "Leave?")
        await expect(page.locator(".text")).not_to_be_empty()
        await page.get_by_role("button", name="New conversation").click()
        await asyncio.wait_for(answerer.ended.wait(), 5)
        await expect(page.locator("article")).to_have_count(0)
        await expect(page.get_by_role("status")).to_be_empty()
        answerer.script = telling(LEAVE)
        await ask(page, "Leave?")
        await expect(page.locator(".sources li")).to_have_count(2)
        assert answerer.asked[1].history == ()


async def test_markup_in_an_answer_stays_text(opened: Open) -> None:
    hostile = answer(f"{HOSTILE} [1].", {1: HOSTILE}, path=f"{HOSTILE}.pdf", model=HOSTILE, verdicts=("weak",))
    async with opened(ScriptedAnswerer(*telling(hostile))) as page:
        await ask(page, HOSTILE)
        await page.locator(".marker").hover()
        await expect(page.locator("#tip")).to_contain_text("<script>window.hacked=1</script>")
        await expect(page.locator(".text")).to_contain_text("<img src=x onerror=")
        assert await page.evaluate("window.hacked") is None
        assert await page.locator("#conversation img, #conversation script, #conversation a, #tip img").count() == 0


async def test_nothing_overflows_at_360_pixels(opened: Open) -> None:
    long = answer(
        f"{'Donaudampfschifffahrt' * 6} [1].\n| a | b |\n|---|---|\n| {'x' * 80} | 1 | [2]",
        {1: "words " * 60, 2: "y" * 200},
        path=f"{'folder/' * 12}{'name' * 20}.pdf",
        verdicts=("unsupported",),
    )
    async with opened(ScriptedAnswerer(*telling(long)), viewport={"width": 360, "height": 640}) as page:
        await shot(page, "phone-welcome")
        await ask(page, "https://example.com/" + "q" * 150)
        await expect(page.locator(".sources li")).to_have_count(2)
        await page.locator(".marker").first.hover()
        assert await overflow(page) == 0
        box = await page.locator("#tip").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        await shot(page, "phone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_the_page_in_both_colour_schemes(opened: Open, scheme: str) -> None:
    async with opened(ScriptedAnswerer(*telling(LEAVE)), color_scheme=scheme) as page:
        await ask(page, "Leave?")
        await expect(page.locator(".sources li")).to_have_count(2)
        assert await is_dark(page) == (scheme == "dark")
        for selector in (".text", ".question", ".sources li", ".made", ".marker", "#status"):
            assert await contrast(page, selector) >= 4.5, selector
        await shot(page, scheme)
