"""Drafts become gold by a person's decisions, in a terminal and without one; quitting loses nothing."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest

from eval.drafting.review_session import ReviewSession, edit_case
from eval.gold.files import GoldError, read_gold, write_gold
from eval.types import GoldCase, GoldEvidence
from fakes.engines import ROOT, Ran, RunFootnote

PLACE = GoldEvidence("hr/leave.pdf", 2, lines=(3, 4), quote="Staff get\n27 days.")
CASES = [
    GoldCase("d-1", "How much leave?", ("27 days",), (PLACE,), answerable=True, kind="drafted", tags=("table",)),
    GoldCase("d-2", "Is there a pool?", (), (), answerable=False, kind="drafted", tags=("check",)),
    GoldCase("d-3", "Who is Marta?", ("Head of People",), (PLACE,), answerable=True, kind="drafted"),
]
SECONDS = 60


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    (tmp_path / "drafts.jsonl").write_text(write_gold(CASES), encoding="utf-8")
    return tmp_path / "drafts.jsonl"


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return tmp_path / "gold.jsonl"


def waiting(drafts: Path, gold: Path) -> list[str]:
    return [case.id for case in ReviewSession(drafts, gold).waiting]


# What is kept


def test_what_was_decided_is_not_asked_again_and_what_was_skipped_comes_last(drafts: Path, gold: Path) -> None:
    going = ReviewSession(drafts, gold)
    going.skip(CASES[0])
    going.accept(CASES[1])
    assert waiting(drafts, gold) == ["d-3", "d-1"]
    ReviewSession(drafts, gold).reject(CASES[2])
    assert waiting(drafts, gold) == ["d-1"]
    assert ReviewSession(drafts, gold).counts == {"skipped": 1, "accepted": 1, "rejected": 1}


def test_what_is_accepted_is_gold_and_checked(drafts: Path, gold: Path) -> None:
    ReviewSession(drafts, gold).accept(CASES[1])
    (case,) = read_gold(gold)
    assert (case.id, case.tags, case.answerable) == ("d-2", (), False)


def test_gold_by_hand_stays_also_where_its_last_line_has_no_end(drafts: Path, gold: Path) -> None:
    own = GoldCase("own", "Why?", ("So.",), (), answerable=True)
    gold.write_text(write_gold([own]).rstrip("\n"), encoding="utf-8")
    ReviewSession(drafts, gold).accept(CASES[0])
    assert [case.id for case in read_gold(gold)] == ["own", "d-1"]


def test_a_kill_between_the_gold_and_the_decision_accepts_nothing_twice(drafts: Path, gold: Path) -> None:
    gold.write_text(write_gold(CASES[:1]), encoding="utf-8")
    assert waiting(drafts, gold) == ["d-2", "d-3"]


def test_a_decision_that_a_kill_cut_short_is_asked_again(drafts: Path, gold: Path) -> None:
    ReviewSession(drafts, gold).reject(CASES[0])
    with (drafts.parent / "drafts.jsonl.decisions").open("a") as log:
        log.write('{"id": "d-2", "deci')
    going = ReviewSession(drafts, gold)
    going.reject(CASES[2])
    assert waiting(drafts, gold) == ["d-2"]


def test_decisions_that_are_none_and_gold_that_is_a_table_are_said(drafts: Path, gold: Path, tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"not into .*gold.csv: name a .jsonl file"):
        ReviewSession(drafts, tmp_path / "gold.csv")
    (tmp_path / "drafts.jsonl.decisions").write_text("[]\n")
    with pytest.raises(GoldError, match="is not a list of decisions"):
        ReviewSession(drafts, gold)


def test_gold_that_cannot_be_written_is_said(drafts: Path, tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"The decision cannot be written to .*nowhere/gold.jsonl: No such file"):
        ReviewSession(drafts, tmp_path / "nowhere" / "gold.jsonl").accept(CASES[0])


def test_what_has_no_answer_after_editing_has_no_evidence() -> None:
    changed = edit_case(CASES[0], "How much?", " 27 | 27 days|", answerable=True)
    assert (changed.id, changed.question, changed.answers) == ("d-1", "How much?", ("27", "27 days"))
    assert changed.evidence == (PLACE,)
    none = edit_case(CASES[0], "How much?", "27", answerable=False)
    assert (none.answers, none.evidence, none.answerable) == ((), (), False)


# Without a terminal


@pytest.fixture
def review(footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch, drafts: Path, gold: Path) -> RunFootnote:
    """Runs the command with what is given as standard input."""

    def run(typed: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", StringIO(typed))
        return footnote("eval", "review", drafts, "--gold", gold)

    return run


def test_lines_are_read_where_there_is_no_terminal(review: RunFootnote, drafts: Path, gold: Path) -> None:
    ran = review("x\na\ns\nq\n")
    assert ran.code == 0
    assert "1 of 3\nQuestion: How much leave?\nAnswer:   27 days\n" in ran.out
    assert "Place:    hr/leave.pdf, page 2, lines 3–4\nQuote:    Staff get 27 days.\n" in ran.out
    assert "Answer:   (the documents have no answer)\nCheck:    " in ran.out
    assert ran.err == f"1 accepted, 0 rejected, 1 skipped, 1 new; gold: {gold}\n"
    assert waiting(drafts, gold) == ["d-3", "d-2"]


def test_the_end_of_input_quits_and_going_on_goes_on(review: RunFootnote, drafts: Path, gold: Path) -> None:
    assert review("r\n").code == 0
    assert waiting(drafts, gold) == ["d-2", "d-3"]
    assert "1 of 2\nQuestion: Is there a pool?" in review("a\na\n").out
    assert [case.id for case in read_gold(gold)] == ["d-2", "d-3"]
    assert review("").err == f"2 accepted, 1 rejected, 0 skipped, 0 new; gold: {gold}\n"


def test_a_draft_is_edited_and_shown_again_before_it_is_accepted(review: RunFootnote, gold: Path) -> None:
    ran = review("e\nHow many days?\nmaybe\n\n27|27 days\na\ne\n\ny\nYes\na\nq\n")
    assert "Question: How many days?\nAnswer:   27 | 27 days\n" in ran.out
    first, second = read_gold(gold)
    assert (first.id, first.question, first.answers) == ("d-1", "How many days?", ("27", "27 days"))
    assert (second.question, second.answers, second.answerable) == ("Is there a pool?", ("Yes",), True)


# With one


@contextmanager
def terminal(*arguments: str | Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The command on a terminal of its own, and the other end of it."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "api.commands.cli", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True)
    os.close(theirs)
    try:
        yield ours, process
    finally:
        process.kill()
        process.wait(SECONDS)
        os.close(ours)


def until(ours: int, words: str) -> None:
    """Reads what the terminal shows until it shows these words."""
    shown, ends = b"", time.monotonic() + SECONDS
    while words.encode() not in shown:
        assert select.select([ours], [], [], max(0.0, ends - time.monotonic()))[0], shown.decode()
        shown += os.read(ours, 65536)


def test_on_a_terminal_a_question_is_changed_where_it_stands_and_a_kill_loses_nothing(drafts: Path, gold: Path) -> None:
    with terminal("eval", "review", drafts, "--gold", gold) as (ours, process):
        until(ours, "q quit: ")
        os.write(ours, b"e\n")
        until(ours, "Question: How much leave?")
        os.write(ours, b"\x7f a year?\n")  # a backspace, and more
        until(ours, "(y/n): y")
        os.write(ours, b"\n")
        until(ours, "Answers, divided by |: 27 days")
        os.write(ours, b" | 27\n")
        until(ours, "q quit: ")
        os.write(ours, b"a\n")
        until(ours, "2 of 3")
        process.kill()
    (case,) = read_gold(gold)
    assert (case.question, case.answers) == ("How much leave a year?", ("27 days", "27"))
    assert waiting(drafts, gold) == ["d-2", "d-3"]


def test_on_a_terminal_an_interrupt_quits(drafts: Path, gold: Path) -> None:
    with terminal("eval", "review", drafts, "--gold", gold) as (ours, process):
        until(ours, "q quit: ")
        os.write(ours, b"a\n")
        until(ours, "2 of 3")
        process.send_signal(2)
        until(ours, "1 accepted, 0 rejected, 0 skipped, 2 new")
        assert process.wait(SECONDS) == 0
