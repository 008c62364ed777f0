"""An answer on a terminal: what stands, what is doubtful in it, and where it comes from."""

from dataclasses import replace

import pytest

from api.commands.answers import print_correction, print_sources
from fakes.answerer import answer, passage, unverified_answer
from rag.types import Answer, Near
from rag.verification.abstention import UNVERIFIED

DOUBTED = answer(
    "Leave is 25 days [1].\nIt is 99 days [1].\nIt may grow [1].\nAll like it.",
    {1: "Leave is\n25 days."},
    verdicts=("supported", "unsupported", "weak", "uncited"),
)
DECLINED = replace(answer("The documents do not answer this question."), status="declined", sentences=())


def lines(told: Answer, capsys: pytest.CaptureFixture[str], advice: str | None = None) -> list[str]:
    print_sources(told, advice)
    return capsys.readouterr().out.splitlines()


def test_what_is_doubtful_is_said_with_its_reason_before_the_sources(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *rest = DOUBTED.sentences
    told = replace(DOUBTED, sentences=(first, replace(second, finding="99 days: in no source"), *rest))
    assert lines(told, capsys) == [
        "Not supported by its source: It is 99 days [1]. (99 days: in no source)",
        "Weakly supported by its source: It may grow [1].",
        "No source named: All like it.",
        "",
        '[1] hr/leave.pdf, page 4, lines 12–13: "Leave is 25 days."',
    ]


def test_an_answer_that_nothing_bears_out_says_so_first_and_what_is_contradicted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert lines(unverified_answer(), capsys)[:3] == [
        UNVERIFIED,
        "Contradicted by its source: Leave is 99 days [1]. (the source says 25, not 99)",
        "No source named: All like it.",
    ]


def test_a_source_that_does_not_say_it_is_told_beside_one_that_does(capsys: pytest.CaptureFixture[str]) -> None:
    told = answer("Leave is 25 days [1][2].", {1: "Leave is 25 days.", 2: "The desk is open."})
    stray = replace(told.sentences[0], finding="[2] does not say it")
    assert lines(replace(told, sentences=(stray,)), capsys)[0] == (
        "Supported, but not by each source that it names: Leave is 25 days [1][2]. ([2] does not say it)"
    )


def test_the_part_that_is_not_answered_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    told = replace(answer("25 days [1].", {1: "25 days"}), status="partly", unanswered="who signs\x1b[2J for it")
    assert lines(told, capsys)[0] == "The documents do not answer: who signs\\x1b[2J for it"


def test_a_declined_answer_names_no_source_and_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    nearest = (Near("hr/leave.pdf", "Leave", passage("x").locator), Near("a\nb.md", "B", passage("x").locator))
    assert lines(replace(DECLINED, nearest=nearest), capsys) == [
        "",
        "You may want to look at:",
        "  hr/leave.pdf, page 4, line 12",
        "  a\\nb.md, page 4, line 12",
    ]


def test_where_nothing_is_near_nothing_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(DECLINED, capsys) == []


@pytest.mark.parametrize(
    ("streamed", "told", "said"),
    [
        (DOUBTED.text, DOUBTED, "\n"),
        ("It is 99 days [1].\n", DECLINED, f"\n(The documents say none of this.)\n{DECLINED.text}\n"),
        (
            "25 days [1]. It is 99 days [1].",
            answer("25 days [1].", {1: "25 days"}),
            "\n\n(The check changed the answer. It now reads:)\n25 days [1].\n",
        ),
    ],
    ids=["stands", "taken back", "replaced"],
)
def test_the_text_that_stands_follows_what_was_streamed(
    streamed: str, told: Answer, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_correction(streamed, told)
    assert capsys.readouterr().out == said
