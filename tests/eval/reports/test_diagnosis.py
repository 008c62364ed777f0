"""Why a question went wrong, in words: what the reader of a report is told first."""

import pytest

from eval.metrics.scoring import score_case
from eval.reports.diagnosis import diagnose
from eval.types import GoldCase, GoldEvidence, Location, RetrievedPassage, Row
from fakes.asked import case, place, row

LEAVE = "handbook/leave.pdf p1 100-200"


def told(asked: GoldCase, answered: Row) -> tuple[str, str] | None:
    found = diagnose(asked, answered, score_case(asked, answered))
    return (found.cause, found.words) if found else None


@pytest.mark.parametrize(
    ("asked", "answered", "expected"),
    [
        pytest.param(
            case("handbook/leave.pdf", answers=["27 days"]),
            row(status="failed", error="The model is busy."),
            ("failed", "failed: The model is busy."),
            id="failed",
        ),
        pytest.param(
            case(answerable=False),
            row(answer="Argentina.", confidence=0.5),
            ("answered-anyway", "answered although the documents do not say (confidence 0.50)"),
            id="answered-anyway",
        ),
        pytest.param(
            case(answerable=False),
            row(status="unverified", answer="Argentina.", confidence=0.1),
            ("answered-anyway", "answered, not verified, although the documents do not say (confidence 0.10)"),
            id="answered-anyway without a proof",
        ),
        pytest.param(
            case("handbook/leave.pdf", answers=["27 days"]),
            row(gold=[LEAVE], found=["a.pdf p1 1-9", "b.pdf p1 1-9"], answer="30 days."),
            ("not-found", "not found: no passage of handbook/leave.pdf was among the 2"),
            id="another file",
        ),
        pytest.param(
            case("handbook/leave.pdf p1", answers=["27 days"]),
            row(gold=[LEAVE], found=["handbook/leave.pdf p2 300-400", "b.pdf"], status="declined", confidence=0.1),
            (
                "not-found",
                "not found: 1 of the 2 passages is of handbook/leave.pdf, none with the evidence on page 1,"
                " so it declined (confidence 0.10)",
            ),
            id="another passage",
        ),
        pytest.param(
            case("a.txt", "b.txt", answers=["both"]),
            row(gold=["a.txt 0-9", "b.txt 0-9"], found=["a.txt 0-50"], answer="One."),
            ("not-found", "not found: no passage of b.txt was among the 1 (1 of 2 pieces of evidence are missing)"),
            id="one of two",
        ),
        pytest.param(
            case("a.txt", answers=["x"]),
            row(gold=["a.txt 0-9"], status="declined"),
            ("not-found", "not found: nothing was retrieved, so it declined"),
            id="nothing retrieved",
        ),
        pytest.param(
            case("handbook/leave.pdf", answers=["27 days"]),
            row(gold=[LEAVE], found=[LEAVE], status="declined", confidence=0.31),
            ("declined", "declined although the evidence was retrieved at rank 1 (confidence 0.31)"),
            id="declined",
        ),
        pytest.param(
            case(answers=["27 days"]),
            row(status="declined"),
            ("declined", "declined although the documents answer"),
            id="declined, evidence not known",
        ),
        pytest.param(
            case("handbook/leave.pdf", answers=["27 days"]),
            row(gold=[LEAVE], found=["b.pdf", "c.pdf", LEAVE], cited=["b.pdf"], answer="30 days [1]."),
            ("not-cited", "found at rank 3 but not cited, and the answer lacks “27 days”"),
            id="not cited",
        ),
        pytest.param(
            case("handbook/leave.pdf"),
            row(gold=[LEAVE], found=[LEAVE], cited=["b.pdf"], answer="30 days [1]."),
            ("not-cited", "found at rank 1 but not cited"),
            id="not cited, no gold answer",
        ),
        pytest.param(
            case("handbook/leave.pdf p1", answers=["27 days"]),
            row(gold=[LEAVE], found=[LEAVE], cited=["handbook/leave.pdf p1 0-9"], answer="30 days [1]."),
            ("wrong-answer", "right page cited, but the answer lacks “27 days”"),
            id="right page",
        ),
        pytest.param(
            case("a.txt", "b.txt", answers=["both"]),
            row(gold=["a.txt 0-9", "b.txt 0-9"], found=["a.txt", "b.txt"], cited=["b.txt"], answer="One [1]."),
            ("wrong-answer", "1 of 2 pieces of evidence cited, but the answer lacks “both”"),
            id="one of two cited",
        ),
        pytest.param(
            case("notes.txt", answers=["27 days"]),
            row(gold=["notes.txt"], found=["notes.txt"], cited=["notes.txt 0-9"], answer="30 days [1]."),
            ("wrong-answer", "right file cited, but the answer lacks “27 days”"),
            id="right file",
        ),
        pytest.param(
            case(answers=["27 days"]),
            row(answer="30 days."),
            ("wrong-answer", "the answer lacks “27 days”"),
            id="wrong, evidence not known",
        ),
        pytest.param(
            case("a.txt", answers=["27 days"]),
            row(gold=["a.txt 0-9"], found=["b.txt 0-9", "a.txt 0-9"], cited=["b.txt"], answer="27 days [1]."),
            ("miscited", "right answer, but cites b.txt; the evidence is at rank 2 of what was retrieved"),
            id="right by another source",
        ),
        pytest.param(
            case("a.txt", answers=["27 days"]),
            row(gold=["a.txt 0-9"], answer="27 days."),
            ("miscited", "right answer, but cites nothing; the evidence is not among what was retrieved"),
            id="right without a source",
        ),
    ],
)
def test_what_went_wrong_is_told_by_the_first_step_that_did(
    asked: GoldCase, answered: Row, expected: tuple[str, str]
) -> None:
    assert told(asked, answered) == expected


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        pytest.param(
            case("a.txt", answers=["27 days"]),
            row(gold=["a.txt 0-9"], found=["a.txt 0-9"], cited=["a.txt 0-9"], answer="27 days [1]."),
            id="right",
        ),
        pytest.param(case(answerable=False), row(status="declined"), id="declined as it should"),
        pytest.param(case(answerable=False), row(status="retrieved"), id="nothing to find"),
        pytest.param(case("a.txt"), row(gold=["a.txt 0-9"], found=["a.txt 5-9"], status="retrieved"), id="found"),
        pytest.param(case(), row(answer="27 days."), id="neither answers nor evidence"),
    ],
)
def test_of_what_is_right_or_cannot_be_judged_nothing_is_said(asked: GoldCase, answered: Row) -> None:
    assert told(asked, answered) is None


def test_of_a_run_of_retrieval_alone_it_says_what_was_not_found() -> None:
    asked = case("a.txt", answers=["27 days"])
    assert told(asked, row(gold=["a.txt 0-9"], found=["b.txt"], status="retrieved")) == (
        "not-found",
        "not found: no passage of a.txt was among the 1",
    )


def test_a_quote_that_was_not_found_is_named_and_cut_where_it_is_long() -> None:
    asked = GoldCase("q", "How much?", ("x",), (GoldEvidence("a.txt", quote="word " * 40),), answerable=True)
    found = RetrievedPassage(Location("a.txt", None, 900, 950), "", (), "", 0.1)
    answered = Row("q", "answered", gold=(place("a.txt 0-9"),), retrieved=(found,), answer="y")
    said = told(asked, answered)
    assert said is not None
    assert said[1].endswith("none with “" + "word " * 15 + "word…”")
