"""What is said of gold that does not fit its index: on the samples, and with each of the faults that gold has."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.gold.files import write_gold
from eval.gold.linter import LintFinding, find_unexpected_answers, lint_gold, read_gold_lines
from eval.types import GoldCase, GoldEvidence
from fakes.engines import ROOT, OpenEngine, RunFootnote
from rag.engine.engine import Engine
from rag.types import Turn

GOLD = ROOT / "eval" / "gold" / "samples.jsonl"
LEAVE = "handbook/leave-policy.pdf"
Check = Callable[..., list[LintFinding]]


def case(number: int = 1, question: str = "How much holiday?", *evidence: GoldEvidence, **parts: Any) -> GoldCase:
    parts = {"answers": ("27 days",), "answerable": True} | parts
    return GoldCase(f"q-{number}", question, evidence=evidence, **parts)


@pytest.fixture
def engine(samples_index: Path, opened: OpenEngine) -> Engine:
    return opened(samples_index)


@pytest.fixture
def check(engine: Engine, tmp_path: Path) -> Check:
    """The findings of a gold file that holds these cases, but for the notes."""

    def findings(*cases: GoldCase) -> list[LintFinding]:
        (tmp_path / "gold.jsonl").write_text(write_gold(cases), encoding="utf-8")
        asked, bad = read_gold_lines(tmp_path / "gold.jsonl")
        return [*bad, *(found for found in lint_gold(asked, engine) if found.level != "note")]

    return findings


def test_the_gold_of_the_samples_is_without_fault(engine: Engine) -> None:
    asked, bad = read_gold_lines(GOLD)
    assert len(asked) > 60
    assert [*bad, *lint_gold(asked, engine)] == []


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        (
            GoldEvidence("handbook/leave-polcy.pdf"),
            f"there is no handbook/leave-polcy.pdf in the index: is {LEAVE} meant",
        ),
        (GoldEvidence("leave-policy.pdf"), f"there is no leave-policy.pdf in the index: is {LEAVE} meant"),
        (GoldEvidence("zzz"), "there is no zzz in the index"),
        (GoldEvidence(LEAVE, 9), f"{LEAVE} has no page 9: its pages are 1–4"),
        (GoldEvidence("handbook/offices.csv", 1), "handbook/offices.csv has no page 1: it has no pages"),
        (
            GoldEvidence(LEAVE, 2, quote="Fewer than three"),
            f"“Fewer than three” is not on page 2 of {LEAVE}: page 1 has it",
        ),
        (
            GoldEvidence(LEAVE, 1, quote="Part-time staff receive the same leave in proportion to their hours"),
            f"{LEAVE} does not say “Part-time staff receive the same leave in proportion to their hours”: the nearest, "
            "page 1, lines 13–14, is “Part-time employees receive the same leave in proportion to their contracted "
            "hours, rounded up to the nearest half day.”",
        ),
        (GoldEvidence(LEAVE, quote="Qwertz"), f"{LEAVE} does not say “Qwertz”"),
        (GoldEvidence(LEAVE, 1, lines=(90, 99)), f"{LEAVE} has no lines 90–99 on page 1"),
        (
            GoldEvidence(LEAVE, section="Annual leaves"),
            f"{LEAVE} has no section “Annual leaves”: is “1. Annual leave” meant",
        ),
    ],
    ids=str,
)
def test_evidence_that_is_not_there_is_an_error_that_says_what_may_be_meant(
    check: Check, evidence: GoldEvidence, told: str
) -> None:
    assert check(case(1, "How?", evidence)) == [LintFinding("error", f"{told}.", 1, "q-1")]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({"page": 1, "lines": (1, 2)}, "is not on lines 1–2 of handbook/leave-policy.pdf: page 1, "),
        ({"section": "2. Sick leave"}, "is not in the section “2. Sick leave” of handbook/leave-policy.pdf: "),
    ],
)
def test_a_quote_that_stands_elsewhere_than_it_is_said_to_is_an_error(
    check: Check, place: dict[str, Any], told: str
) -> None:
    quote = "Part-time employees receive the same leave"
    (found,) = check(case(1, "How?", GoldEvidence(LEAVE, quote=quote, **place)))
    assert (found.level, told in found.text) == ("error", True), found.text
    where: list[dict[str, Any]] = [{"page": 1, "lines": (13, 14)}, {"section": "1. Annual leave"}]
    assert [check(case(1, "How?", GoldEvidence(LEAVE, quote=quote, **right))) for right in where] == [[], []]


@pytest.mark.parametrize(("name", "text"), [("gold.jsonl", "\n"), ("gold.csv", "question,answers\n")])
def test_a_file_without_questions_is_an_error(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_gold_lines(tmp_path / name) == ([], [LintFinding("error", "it holds no questions.")])


def test_keys_that_are_not_known_are_warnings_and_a_benchmarks_own_are_not(tmp_path: Path) -> None:
    own = {"id": "a", "question": "How?", "answerable": True, "evidence": [{"path": "x", "qoute": "y"}], "note": ""}
    theirs = {"id": "b", "question": "Why?", "answerable": True, "gold": [{"file": "x", "link": "", "chunk_index": 1}]}
    more = {"split": "test", "near_file": "y", "gold_any": [], "scale": "", "title": "", "collection": "", "answr": "z"}
    file = tmp_path / "gold.jsonl"
    file.write_text(f"{json.dumps(own)}\n{json.dumps(theirs | more)}\n")
    assert read_gold_lines(file)[1] == [
        LintFinding("warning", "it has a key “note”, which is ignored.", 1, "a"),
        LintFinding("warning", "it has a key “qoute”, which is ignored: is “quote” meant.", 1, "a"),
        LintFinding("warning", "it has a key “answr”, which is ignored: is “answer” meant.", 2, "b"),
    ]
    table = tmp_path / "gold.csv"
    table.write_text("id,question,anwsers,remark\n1,How?,27,\n")
    assert read_gold_lines(table)[1] == [
        LintFinding("warning", "it has a key “anwsers”, which is ignored: is “answers” meant.", 1)
    ]


def test_a_quote_that_occurs_often_must_be_told_from_the_others(check: Check) -> None:
    vague = GoldEvidence("briefings/timeline.csv", quote="China")
    (found,) = check(case(1, "Who?", vague, answers=("China",)))
    assert found.level == "warning"
    assert found.text.startswith("“China” occurs ")
    assert check(case(1, "Who?", GoldEvidence(vague.path, lines=(7, 7), quote="China"), answers=("China",))) == []


@pytest.mark.parametrize(
    "answers",
    [
        ("99 days",),
        ("pineapple",),
        ("a swimming pool on the roof of each of the offices",),
        ("Part-time employees receive the same leave in proportion to contracted hours, at most 99 days",),
    ],
)
def test_an_answer_that_its_evidence_does_not_say_is_a_warning(check: Check, answers: tuple[str, ...]) -> None:
    (found,) = check(case(1, "How?", GoldEvidence(LEAVE, 1), answers=answers))
    assert found == LintFinding("warning", f"its evidence does not say “{answers[0]}”.", 1, "q-1")


@pytest.mark.parametrize("answers", [("one",), ("Yes",), ("pineapple", "27 DAYS"), ("days of leave: 27",)])
def test_an_answer_may_be_said_otherwise(check: Check, answers: tuple[str, ...]) -> None:
    (item,) = [GoldEvidence("handbook/on-call-guide.docx")] if answers == ("one",) else [GoldEvidence(LEAVE, 1)]
    assert check(case(1, "How?", item, answers=answers)) == []


def test_what_has_no_answer_has_no_evidence_and_what_has_one_has_either(check: Check) -> None:
    none = GoldCase("q-1", "Is there a pool?", ("yes",), (), answerable=False)
    empty = GoldCase("q-2", "Who owns the boat?", (), (), answerable=True)
    assert [(found.level, found.line) for found in check(none, empty)] == [("error", 1), ("warning", 2)]


def test_ids_questions_and_near_questions_that_repeat_are_told(check: Check) -> None:
    found = check(
        case(1, "How many days of paid leave do I get each year?"),
        case(1, "Who is Marta?"),
        case(2, "how many days of paid leave do I get, each year"),
        case(3, "How many days of paid leave do I get every year?"),
        case(4, "And then?", history=(Turn("user", "Who?"),)),
        case(5, "And then?", history=(Turn("user", "Which harbour is it?"),)),
        case(6, "What was the revenue in 2019?"),
        case(7, "What was the revenue in 2020?"),
    )
    assert found == [
        LintFinding("error", "its id is that of line 1 too.", 2, "q-1"),
        LintFinding("warning", "it asks the same as line 1.", 3, "q-2"),
        LintFinding(
            "warning", "it asks nearly the same as line 1: “How many days of paid leave do I get each year?”", 4, "q-3"
        ),
    ]


def test_what_the_gold_leaves_out_is_noted(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text(write_gold([case(1, "How much?", GoldEvidence(LEAVE, 1), kind="multi", answers=())]))
    notes = [found.text for found in lint_gold(read_gold_lines(file)[0], engine)]
    assert notes[0].startswith("1 of 12 documents have a question; none asks about briefings/ai-diplomacy.md, ")
    assert notes[0].endswith(" and 6 more.")
    assert notes[1:] == [
        "kinds with fewer than 5 questions, too few to judge: multi (1).",
        "1 answerable questions have no answers: they measure retrieval alone.",
    ]


def test_a_question_said_to_have_no_answer_is_shown_the_one_that_is_found(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    wrong, right = (
        "How many unused days may be carried into the next leave year?",
        "What does the ferry to Oslo cost?",
    )
    file.write_text(
        write_gold(GoldCase(f"q-{n}", text, (), (), answerable=False) for n, text in enumerate((wrong, right)))
    )
    found, none = find_unexpected_answers(read_gold_lines(file)[0], engine)
    assert none is None
    assert found is not None
    assert found.text.startswith(f"it is marked as having no answer; does {LEAVE}, page 1, line 20, give one")
    assert found.text.endswith("“Up to 5 unused days may be carried into the next leave year.”")


def test_lines_that_are_no_questions_are_told_beside_the_others(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    long = case(2, "why " * 3000)
    file.write_text(f"{{}}\n{write_gold([case(1), long])}")
    asked, bad = read_gold_lines(file)
    assert [one.line for one in asked] == [2]
    assert [(found.level, found.line, found.id) for found in bad] == [("error", 1, ""), ("error", 3, "q-2")]
    assert bad[0].text == "no 'id'."
    assert bad[1].text.startswith("The question has 11,999 characters")


def test_the_command_names_file_and_line_and_fails_only_for_errors(
    samples_index: Path, footnote: RunFootnote, tmp_path: Path
) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text(write_gold([case(1, "How much?", GoldEvidence(LEAVE, 9))]))
    ran = footnote("eval", "lint", file, "--index", samples_index)
    assert ran.code == 1
    assert ran.out.splitlines()[0] == f"{file}:1: error: q-1: {LEAVE} has no page 9: its pages are 1–4."
    assert ran.out.splitlines()[1].startswith(f"{file}: note: 1 of 12 documents")
    assert ran.err.splitlines()[-1] == "1 error, 0 warnings, 1 note"
    file.write_text(write_gold([case(1, "How much?", GoldEvidence(LEAVE, 1), answers=("99",))]))
    ran = footnote("eval", "lint", file, "--index", samples_index, "--json")
    assert ran.code == 0
    assert json.loads(ran.out)[0] == {
        "level": "warning",
        "text": "its evidence does not say “99”.",
        "line": 1,
        "id": "q-1",
    }
