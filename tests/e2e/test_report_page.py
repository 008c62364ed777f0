"""The report of a run in a real browser: Debian's chromium, which opens the file as a person does."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from eval.reports.page import make_report, save_report
from eval.runs.folder import RunFolder
from eval.types import AnswerSentence, CitedQuote, GoldCase, GoldEvidence, Location, RetrievedPassage, Row
from fakes.browser import MISSING, WHY_MISSING, contrast, is_dark, overflow, shot
from fakes.hostile import HOSTILE, hostile
from fakes.runs import finished
from rag.types import Turn, Usage

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(MISSING, reason=WHY_MISSING),
]

LEAVE, PAY = Location("handbook/leave.pdf", 1, 0, 40), Location("handbook/pay.txt", None, 0, 30)
FOUND = (
    RetrievedPassage(LEAVE, "Leave", ("Leave", "Annual"), "Every employee has 27 days of leave a year.", 0.031),
    RetrievedPassage(PAY, "Pay", (), "Pay comes on the last day of the month.", 0.012),
)
CASES = (
    GoldCase(
        "q-leave",
        "How much leave do I get?",
        ("27 days",),
        (GoldEvidence("handbook/leave.pdf", 1, quote="27 days"),),
        answerable=True,
        kind="single",
        tags=("holiday",),
        history=(Turn("user", "I joined this year."), Turn("assistant", "Welcome.")),
    ),
    GoldCase(
        "q-pay", "When is pay day?", ("the last day of the month",), (GoldEvidence("handbook/pay.txt"),), True, "multi"
    ),
    GoldCase("q-cup", "Who won the World Cup?", (), (), answerable=False, kind="null"),
    GoldCase("q-error", "What broke?", ("x",), (), answerable=True, kind="single"),
)
ROWS = (
    Row(
        "q-leave",
        "partly",
        gold=(LEAVE,),
        retrieved=FOUND,
        answer="You get 27 days [1].\nIt is the best in town [2].",
        citations=(CitedQuote(1, LEAVE, "27 days of leave", 0.97), CitedQuote(2, PAY, "the last day", 0.1)),
        sentences=(
            AnswerSentence("You get 27 days [1].", (1,), 0.97, "supported"),
            AnswerSentence("It is the best in town [2].", (2,), 0.1, "unsupported"),
        ),
        confidence=0.8,
        model="some-model",
        usage=Usage(1200, 34),
        timings={"retrieve": 0.03, "generate": 0.8, "total": 0.83},
    ),
    Row(
        "q-pay",
        "answered",
        gold=(PAY,),
        retrieved=FOUND[:1],
        answer="On Friday.",
        confidence=0.3,
        timings={"retrieve": 0.02, "generate": 2, "total": 2.02},
    ),
    Row("q-cup", "declined", answer="The documents do not say.", confidence=0.1, timings={"total": 0.2}),
    Row("q-error", "failed", error="The language model is busy."),
)

Open = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(finished(tmp_path_factory.mktemp("runs") / "run", CASES, ROWS))


def written(run: RunFolder, baseline: RunFolder | None = None) -> Path:
    page = run.path / "report.html"
    save_report(make_report(run, baseline), page)
    return page


@pytest.fixture
def opened(browser: Browser) -> Open:
    """Opens a page; fails at the end where it asked anybody for anything, complained, or opened a dialog."""

    @asynccontextmanager
    async def open_page(file: Path, state: str = "", **context: object) -> AsyncIterator[Page]:
        async with await browser.new_context(**context) as tab:
            page = await tab.new_page()
            heard: list[str] = []
            page.on("request", lambda request: heard.append(request.url))
            page.on("pageerror", lambda error: heard.append(str(error)))
            page.on("console", lambda message: heard.append(message.text))
            page.on("dialog", lambda dialog: heard.append(dialog.message))
            await page.goto(f"{file.as_uri()}{state}")
            yield page
            assert [told for told in heard if not told.startswith(file.as_uri())] == []

    return open_page


def chooser(page: Page, name: str) -> Locator:
    return page.get_by_role("combobox", name=name, exact=True)


async def ids(page: Page) -> list[str]:
    return [text.split("·")[0] for text in await page.locator("#list .under > span:first-child").all_text_contents()]


# Finding a question


async def test_all_questions_are_there_with_their_outcome_in_words(opened: Open, file: Path) -> None:
    async with opened(file) as page:
        assert await ids(page) == ["q-leave", "q-pay", "q-cup", "q-error"]
        marks = await page.locator("#list summary .mark").all_text_contents()
        assert marks == ["✓ Right", "✗ Wrong", "✓ Right", "✗ Failed"]
        await expect(page.get_by_role("status")).to_have_text("4 of 4 questions")
        await shot(page, "report")


async def test_a_search_looks_in_questions_answers_and_ids_for_all_words(opened: Open, file: Path) -> None:
    async with opened(file) as page:
        search = page.get_by_role("searchbox", name="Search questions, answers, ids")
        for words, found in [("LEAVE much", ["q-leave"]), ("friday", ["q-pay"]), ("q-c", ["q-cup"])]:
            await search.fill(words)
            await expect(page.get_by_role("status")).to_have_text("1 of 4 questions")
            assert await ids(page) == found
        await search.fill("nowhere")
        await expect(page.get_by_role("status")).to_contain_text("None of 4 questions")


async def test_filters_narrow_together_and_stay_in_the_address(opened: Open, file: Path) -> None:
    async with opened(file) as page:
        await chooser(page, "Outcome").select_option("Wrong (2)")
        await chooser(page, "Kind").select_option("single (2)")
        assert await ids(page) == ["q-error"]
        await page.reload()
        assert await ids(page) == ["q-error"]
        assert page.url.endswith("#outcome=wrong&kind=single")
        await shot(page, "report-filtered")
        await page.get_by_role("button", name="Clear").click()
        await expect(page.get_by_role("status")).to_have_text("4 of 4 questions")
        assert page.url == file.as_uri()


async def test_a_cause_leads_to_its_questions(opened: Open, file: Path) -> None:
    async with opened(file) as page:
        await page.get_by_role("link", name="Evidence not found").click()
        await expect(page.get_by_role("status")).to_have_text("1 of 4 questions")
        assert await ids(page) == ["q-pay"]
        await expect(chooser(page, "What went wrong")).to_have_value("not-found")


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("Slowest first", "q-pay"),
        ("Least confident first", "q-cup"),
        ("Wrong first", "q-pay"),
        ("Lowest sentences_supported", "q-leave"),
    ],
)
async def test_questions_can_be_ordered(opened: Open, file: Path, order: str, first: str) -> None:
    async with opened(file) as page:
        await chooser(page, "Order").select_option(order)
        assert (await ids(page))[0] == first


# One question


async def test_a_question_opens_with_all_that_is_known_of_it(opened: Open, file: Path) -> None:
    async with opened(file) as page:
        question = page.locator("#list details").filter(has_text="How much leave").first
        await question.locator("summary").first.click()
        for told in (
            "Asked: I joined this year.",
            "Status: partly, confidence 0.80",
            "✓ supported 0.97",
            "✗ unsupported 0.10",
            "handbook/leave.pdf, page 1: “27 days of leave”",
            "2 passages retrieved, 1 with gold evidence",
            "tokens in1200",
            "some-model",
        ):
            await expect(question).to_contain_text(told)
        await question.get_by_text("2 passages retrieved").click()
        await expect(question.locator(".passages li.gold")).to_contain_text("1handbook/leave.pdf, page 1score 0.0310")
        await expect(question.locator(".passages li.gold")).to_contain_text("✓ holds gold evidence")
        await expect(question.locator(".passages li")).to_have_count(2)
        await shot(page, "report-question")


async def test_what_went_wrong_stands_above_the_answer(opened: Open, file: Path) -> None:
    async with opened(file, "#open=q-pay&open=q-error") as page:
        await expect(page.locator(".diagnosis").first).to_have_text(
            "Why: not found: no passage of handbook/pay.txt was among the 1"
        )
        await expect(page.locator(".error")).to_have_text("The language model is busy.")


async def test_a_footnote_leads_to_its_quote_and_back(opened: Open, file: Path) -> None:
    async with opened(file, "#open=q-leave") as page:
        await page.get_by_role("link", name="Footnote 2", exact=True).click()
        note = page.locator(".footnotes li").nth(1)
        await expect(note).to_be_focused()
        await expect(note).to_contain_text("handbook/pay.txt: “the last day”")
        await page.get_by_role("link", name="Back to footnote 2 in the answer").click()
        await expect(page.get_by_role("link", name="Footnote 2", exact=True)).to_be_focused()
        assert page.url.endswith("#open=q-leave")


async def test_the_keyboard_alone_opens_a_question(opened: Open, file: Path) -> None:
    async with opened(file) as page:
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Questions")).to_be_focused()
        await page.get_by_role("button", name="Clear").focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".body")).to_contain_text("You get 27 days")


async def test_measures_that_are_not_guarded_are_folded(opened: Open, file: Path) -> None:
    async with opened(file) as page:
        await expect(page.get_by_role("row", name="answer_em")).to_have_count(0)
        await page.get_by_role("button", name="more measures").click()
        await expect(page.get_by_role("row", name="answer_em")).to_be_visible()


# Against another run


async def test_against_another_run_what_flipped_comes_first_with_both_answers(opened: Open, tmp_path: Path) -> None:
    before = (replace(ROWS[2], status="answered", answer="Argentina."), *ROWS[:2], ROWS[3])
    baseline = finished(tmp_path / "baseline", CASES, before, name="before")
    async with opened(written(finished(tmp_path / "run", CASES, ROWS), baseline)) as page:
        assert (await ids(page))[0] == "q-cup"
        flipped = page.locator("#list > li").first
        await expect(flipped.locator(".change")).to_have_text("was wrong")
        await flipped.locator("summary").click()
        answers = flipped.locator(".body .columns").first
        await expect(answers).to_contain_text("Answer of before")
        await expect(answers).to_contain_text("Argentina.")
        await expect(answers).to_contain_text("The documents do not say.")
        await shot(page, "report-difference")


# Safe, and for everyone


async def test_hostile_text_stays_text(opened: Open, tmp_path: Path) -> None:
    baseline, run = (hostile(tmp_path / name, CASES, ROWS) for name in ("before", "after"))
    async with opened(written(run, baseline)) as page:
        for summary in await page.locator("#list > li > details > summary").all():
            await summary.click()
        for summary in await page.locator(".passages > summary").all():
            await summary.click()
        await expect(page.locator("#list .asked").first).to_have_text(HOSTILE)
        await chooser(page, "Tag").select_option(index=1)
        assert await page.locator("img, iframe, script[src], link, base, [onerror]").count() == 0
        assert await page.locator("script").count() == 2


async def test_hostile_text_in_the_address_stays_text(opened: Open, file: Path) -> None:
    async with opened(file, f"#q={HOSTILE}&kind={HOSTILE}&open={HOSTILE}".replace(" ", "%20")) as page:
        await expect(page.get_by_role("status")).to_contain_text("None of 4 questions")
        assert await page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_the_page_in_both_colour_schemes(opened: Open, file: Path, scheme: str) -> None:
    async with opened(file, "#open=q-leave&open=q-pay", color_scheme=scheme) as page:
        assert await is_dark(page) == (scheme == "dark")
        await page.get_by_text("2 passages retrieved").click()
        await expect(page.locator(".passages li")).to_have_count(2)
        marks = (".mark.right", ".mark.wrong", ".diagnosis strong", ".passages li.gold .small", ".marker")
        text = ("h1", ".note", ".about", ".guarded", ".facts dt", ".under", "#shown", ".said", ".body h3", "cite")
        for selector in (*marks, *text):
            assert await contrast(page, selector) >= 4.5, selector
        ink = await page.evaluate("getComputedStyle(document.body).color")
        assert ink in await page.locator("figure svg text").evaluate_all(
            "all => all.map((t) => getComputedStyle(t).fill)"
        )
        await shot(page, f"report-{scheme}")


async def test_nothing_overflows_on_a_telephone(opened: Open, tmp_path: Path) -> None:
    long = replace(
        ROWS[0], answer="Donaudampfschifffahrt" * 20, sentences=(), citations=(CitedQuote(1, LEAVE, "y" * 300, 1),)
    )
    cases = (replace(CASES[0], question="q" * 200, tags=("t" * 80,), kind="k" * 60), *CASES[1:])
    page_file = written(finished(tmp_path / "run", cases, (long, *ROWS[1:]), name="n" * 120))
    async with opened(page_file, "#open=q-leave", viewport={"width": 390, "height": 800}) as page:
        await expect(page.locator(".body")).to_have_count(1)
        assert await overflow(page) == 0
        await shot(page, "report-phone")


async def test_headings_follow_each_other_and_controls_have_names(opened: Open, file: Path) -> None:
    async with opened(file, "#open=q-leave") as page:
        levels = [int(name[1]) for name in await page.locator("h1, h2, h3, h4").evaluate_all(NAMES)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        for control in await page.locator("#filters input, #filters select").all():
            assert await control.evaluate("control => control.labels.length") == 1
        for plot in await page.locator("figure svg").all():
            assert await plot.get_attribute("aria-label")


NAMES = "all => all.map((heading) => heading.tagName)"


async def test_six_hundred_questions_are_made_only_when_they_are_opened(opened: Open, tmp_path: Path) -> None:
    cases = [replace(CASES[n % 4], id=f"q-{n}") for n in range(600)]
    rows = [replace(ROWS[n % 4], id=f"q-{n}", retrieved=FOUND * 4) for n in range(600)]
    async with opened(written(finished(tmp_path / "run", cases, rows))) as page:
        await expect(page.get_by_role("status")).to_have_text("600 of 600 questions")
        await expect(page.locator(".body, .passages li")).to_have_count(0)
        await page.get_by_role("searchbox").fill("q-599")
        await expect(page.get_by_role("status")).to_have_text("1 of 600 questions")
        await page.locator("#list summary").click()
        await expect(page.locator(".body")).to_have_count(1)
