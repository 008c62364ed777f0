"""What becomes of what the sources do not bear out: marked, cut, or the model asked once more."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.chat import ScriptedChat, TakingTurns
from fakes.passages import FixedRetriever, passage
from rag.answering.assistant import Assistant
from rag.citations.markers import MarkerStream
from rag.errors import ModelError
from rag.prompting import prompts
from rag.prompting.llm_writer import LLMWriter
from rag.types import Answer, Completed, CutShort, Delta, Question, Revision, Usage
from rag.verification.checker import CheckedText, Checker
from rag.verification.policy import Policy, Unsupported, better_of, cut_unsupported

LEAVE = passage("Staff get 27 days of leave a year.", path="leave.txt")
PAGER = passage("The pager pays 50 euros a week.", path="pager.txt")
ASKED = Question("How much leave is there, and what does the pager pay?")
GOOD, ALSO_GOOD = "Staff get 27 days of leave a year [1].", "The pager pays 50 euros a week [2]."
BAD, UNCITED = "Staff get 99 days of leave a year [1].", "Elephants never forget."


def checked(text: str) -> CheckedText:
    markers = MarkerStream([LEAVE, PAGER])
    markers.feed(text)
    markers.finish()
    return asyncio.run(Checker().check(markers.text, markers.marks(), [LEAVE, PAGER]))


async def answer(model: ScriptedChat | TakingTurns, unsupported: Unsupported, min_evidence: float = 0.0) -> Answer:
    policy = Policy(unsupported, min_evidence)
    return await Assistant(FixedRetriever(LEAVE, PAGER), LLMWriter(model), policy=policy).answer(ASKED)


async def test_marking_leaves_the_text_and_tells_each_sentences_verdict() -> None:
    told = await answer(ScriptedChat(f"{GOOD} {BAD} {UNCITED}"), "mark")
    assert told.text == f"{GOOD} {BAD} {UNCITED}"
    assert [s.verdict for s in told.sentences] == ["supported", "unsupported", "uncited"]


async def test_cutting_takes_out_what_is_not_borne_out_and_counts_the_sources_anew() -> None:
    told = await answer(ScriptedChat(f"Staff get 99 days of leave [2]. {UNCITED} {ALSO_GOOD} {GOOD}"), "cut")
    assert told.text == "The pager pays 50 euros a week [1]. Staff get 27 days of leave a year [2]."
    assert [(c.number, c.passage.path) for c in told.citations] == [(1, "pager.txt"), (2, "leave.txt")]
    assert_is_whole(told)


async def test_a_source_that_only_what_was_cut_names_is_no_source_of_the_answer() -> None:
    told = await answer(ScriptedChat(f"{GOOD} The pager pays 70 dollars [2]."), "cut")
    assert (told.text, len(told.citations)) == (GOOD, 1)


@pytest.mark.parametrize("unsupported", ["mark", "cut", "retry"])
async def test_where_nothing_is_borne_out_the_whole_text_stays_unverified(unsupported: Unsupported) -> None:
    told = await answer(ScriptedChat(f"{BAD} {UNCITED}"), unsupported)
    assert (told.status, told.declined_by, told.text) == ("unverified", None, f"{BAD} {UNCITED}")
    assert [s.verdict for s in told.sentences] == ["unsupported", "uncited"]
    assert [c.passage.path for c in told.citations] == ["leave.txt"]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"## Leave\n{UNCITED}\n## Pager\n{ALSO_GOOD}", "## Pager\nThe pager pays 50 euros a week [1]."),
        (f"Here is what I found:\n\n- {UNCITED}\n- {GOOD}", f"Here is what I found:\n\n- {GOOD}"),
        (f"{GOOD}\n\nOther things to know:\n- {UNCITED}", GOOD),
        (f"No. {UNCITED}\n\n{GOOD}", GOOD),
        (f"1. {UNCITED}\n27. {GOOD}", f"27. {GOOD}"),
        (f"{GOOD}\n\n{UNCITED}\n\n{ALSO_GOOD}", f"{GOOD}\n\n{ALSO_GOOD}"),
        (f"{GOOD}\n\n```python\nprint(leave[1])\n```\n\n{UNCITED}", f"{GOOD}\n\n```python\nprint(leave[1])\n```"),
        (
            f"{GOOD}\n\n| what | how much |\n|---|---|\n| the goat | 12 litres |\n",
            GOOD,
        ),
        (
            "| what | how much |\n|---|---|\n| pager pays a week | 50 euros [2] |\n| the goat | 12 litres |",
            "| what | how much |\n|---|---|\n| pager pays a week | 50 euros [1] |",
        ),
    ],
    ids=["heading", "lead-in stays", "lead-in goes", "yes or no", "list", "paragraphs", "code", "table", "row"],
)
def test_what_only_leads_in_to_what_is_cut_goes_with_it(said: str, left: str) -> None:
    assert cut_unsupported(checked(said)).text == left


@pytest.mark.parametrize(
    "frame",
    [
        "## What is known",
        "**Leave**",
        "1. Leave:",
        "Here is what I found:",
        "Yes.",
        "Shall I go on?",
        "```\ndays = 99\n```",
    ],
)
async def test_what_claims_nothing_is_neither_marked_nor_asked_for_a_source(frame: str) -> None:
    told = await answer(ScriptedChat(f"{frame}\n{GOOD}"), "mark")
    assert ([s.text for s in told.sentences], told.confidence) == ([GOOD], 1.0)


@pytest.mark.parametrize("claim", ["## Leave is 99 days", "Staff get 99 days:", "Paris.", "Is it not 99 days?"])
async def test_a_heading_or_a_lead_in_that_has_a_figure_is_held_to_it(claim: str) -> None:
    told = await answer(ScriptedChat(f"{claim}\n{GOOD}"), "mark")
    assert [s.verdict for s in told.sentences] == ["uncited", "supported"]


async def test_a_retry_tells_the_model_what_was_not_borne_out_and_takes_the_better_answer() -> None:
    model = TakingTurns((f"{GOOD} {BAD}", Usage(10, 4)), (f"{GOOD} {ALSO_GOOD}", Usage(20, 5)))
    told = await answer(model, "retry")
    assert (told.text, told.usage) == (f"{GOOD} {ALSO_GOOD}", Usage(30, 9))
    assert "retry" in told.timings
    first, second = (turns for _, turns in model.calls)
    assert second[: len(first)] == first
    assert [turn.role for turn in second[len(first) :]] == ["assistant", "user"]
    assert (second[-2].text, "- Staff get 99 days of leave a year." in second[-1].text) == (f"{GOOD} {BAD}", True)
    assert "27 days" not in second[-1].text


async def test_a_retry_that_does_no_better_leaves_the_first_answer_marked() -> None:
    told = await answer(TakingTurns((f"{GOOD} {BAD}",), (f"{BAD} {UNCITED} {GOOD}",)), "retry")
    assert told.text == f"{GOOD} {BAD}"
    assert [s.verdict for s in told.sentences] == ["supported", "unsupported"]


async def test_a_retry_that_declines_does_not_take_back_what_was_borne_out() -> None:
    told = await answer(TakingTurns((f"{GOOD} {BAD}",), ("NO_ANSWER",)), "retry")
    assert (told.status, told.text) == ("answered", f"{GOOD} {BAD}")


async def test_a_retry_may_decline_where_nothing_was_borne_out() -> None:
    told = await answer(TakingTurns((BAD,), ("NO_ANSWER",)), "retry")
    assert (told.status, told.declined_by) == ("declined", "model")


async def test_a_retry_may_answer_where_nothing_was_borne_out() -> None:
    model = TakingTurns((BAD,), (GOOD,))
    assert (await answer(model, "retry")).text == GOOD
    assert model.calls[1][1][-1].text.startswith("No sentence of your answer")


async def test_an_answer_is_cut_short_only_where_the_one_that_stands_is() -> None:
    cut_off = CutShort("the model was not done after 9 tokens")
    assert (await answer(TakingTurns((BAD, cut_off), (GOOD,)), "retry")).cut_short == ""
    assert (await answer(TakingTurns((f"{GOOD} {BAD}", cut_off), ("NO_ANSWER",)), "retry")).cut_short == cut_off.reason


async def test_who_watches_sees_the_first_answer_written_and_then_the_one_that_stands() -> None:
    model = TakingTurns((f"{GOOD} {BAD}",), (f"{GOOD} {ALSO_GOOD}",))
    assistant = Assistant(FixedRetriever(LEAVE, PAGER), LLMWriter(model), policy=Policy("retry"))
    events = [event async for event in assistant.stream(ASKED)]
    assert "".join(e.text for e in events if isinstance(e, Delta)) == f"{GOOD} {BAD}"
    assert isinstance(events[-1], Completed)
    assert events[-1].answer.text == f"{GOOD} {ALSO_GOOD}"


async def test_an_answer_that_is_borne_out_or_declined_is_not_asked_for_again() -> None:
    for said in (GOOD, "NO_ANSWER"):
        model = ScriptedChat(said)
        await answer(model, "retry")
        assert len(model.calls) == 1


async def test_a_retry_that_fails_leaves_the_first_answer_and_counts_what_it_took() -> None:
    model = TakingTurns((f"{GOOD} {BAD}", Usage(10, 4)), (GOOD, Usage(20, 1), ModelError("It went away.")))
    told = await answer(model, "retry")
    assert (told.text, told.usage) == (f"{GOOD} {BAD}", Usage(30, 5))


def test_of_two_answers_the_one_with_more_borne_out_and_less_invented_is_better() -> None:
    one, other = checked(f"{GOOD} {BAD}"), checked(GOOD)
    assert better_of(one, other) == better_of(other, one) == other
    assert better_of(one, checked("")) == one


PIECES = st.sampled_from(
    [GOOD, ALSO_GOOD, BAD, UNCITED, "Staff get leave [2][1].", "\n", "\n\n", "- ", "1. ", "## Leave", "Found:", "Yes.",
     "\n```\n", "| a | b [1] |\n", "|---|---|\n", "[2]", " [3]", "The sources do not say more.", "🙂 é", " "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25))
def test_however_an_answer_is_cut_its_spans_are_valid_and_its_numbers_have_no_gaps(pieces: list[str]) -> None:
    before = checked("".join(pieces))
    after = cut_unsupported(before)
    assert after.doubtful == ()
    assert [s.verdict for s in after.claims] == [s.verdict for s in before.claims if s not in before.doubtful]
    assert_is_whole(after)


def assert_is_whole(told: Answer | CheckedText) -> None:
    numbers = [c.number for c in told.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    firsts = [min(c.answer_spans) for c in told.citations]
    assert firsts == sorted(firsts)
    for citation in told.citations:
        assert {told.text[slice(*span)] for span in citation.answer_spans} == {f"[{citation.number}]"}
    for sentence in told.sentences:
        assert told.text[sentence.start : sentence.end] == sentence.text
        within = sorted(
            (start, citation.number)
            for citation in told.citations
            for start, _ in citation.answer_spans
            if sentence.start <= start < sentence.end
        )
        assert list(sentence.citations) == list(dict.fromkeys(number for _, number in within))


def test_the_finding_is_worded_with_the_other_prompts() -> None:
    turn = prompts.retry_turn(Revision("It is 99 days.", ("It is  99\ndays.",), nothing_else=False))
    assert (turn.role, "\n- It is 99 days.\n" in turn.text) == ("user", True)
