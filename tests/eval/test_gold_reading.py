"""Gold files: our own rows and a benchmark's, and what is said of a line that is neither."""

import json
from pathlib import Path

import pytest

from eval.gold import GoldError, read_gold
from eval.types import Evidence, GoldCase
from rag.types import Turn

OURS = {
    "id": "s-1",
    "question": "And for part-time staff?",
    "answers": ["in proportion", "pro rata"],
    "evidence": [{"path": "hr/leave.pdf", "page": 1, "quote": "in proportion to hours"}, {"path": "hr/offices.csv"}],
    "answerable": True,
    "kind": "follow-up",
    "history": [{"role": "user", "text": "How much leave?"}, {"role": "assistant", "text": "27 days."}],
}
BENCHMARK = {
    "id": "n-1",
    "question": "What is the deductible?",
    "answer": "$500",
    "gold": [{"file": "plan.pdf", "page": 12}],
    "answerable": True,
    "type": "single",
}


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return tmp_path / "gold.jsonl"


def written(file: Path, *rows: object) -> Path:
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return file


def reason(file: Path) -> str:
    with pytest.raises(GoldError) as caught:
        read_gold(file)
    return str(caught.value)


def test_our_own_rows_are_read_whole(gold: Path) -> None:
    assert read_gold(written(gold, OURS)) == [
        GoldCase(
            id="s-1",
            question="And for part-time staff?",
            answers=("in proportion", "pro rata"),
            evidence=(Evidence("hr/leave.pdf", 1, "in proportion to hours"), Evidence("hr/offices.csv")),
            answerable=True,
            kind="follow-up",
            history=(Turn("user", "How much leave?"), Turn("assistant", "27 days.")),
        )
    ]


def test_a_benchmarks_rows_are_read_as_the_same_thing(gold: Path) -> None:
    (case,) = read_gold(written(gold, BENCHMARK))
    assert case == GoldCase(
        "n-1", "What is the deductible?", ("$500",), (Evidence("plan.pdf", 12),), answerable=True, kind="single"
    )


@pytest.mark.parametrize(
    ("answer", "answers"), [("$500", ("$500",)), (["$500", "500 dollars"], ("$500", "500 dollars")), (None, ())]
)
def test_a_benchmark_gives_one_answer_or_several_or_none(gold: Path, answer: object, answers: tuple[str, ...]) -> None:
    assert read_gold(written(gold, BENCHMARK | {"answer": answer}))[0].answers == answers


def test_a_benchmark_without_an_answer_still_asks(gold: Path) -> None:
    row = {key: value for key, value in BENCHMARK.items() if key != "answer"}
    assert read_gold(written(gold, row))[0].answers == ()


def test_a_history_may_be_that_of_a_chat_api(gold: Path) -> None:
    row = BENCHMARK | {"history": [{"role": "user", "content": "Which plan?"}]}
    assert read_gold(written(gold, row))[0].history == (Turn("user", "Which plan?"),)


def test_empty_lines_are_passed_over_and_order_is_kept(gold: Path) -> None:
    gold.write_text(f"\n{json.dumps(OURS)}\r\n\n{json.dumps(BENCHMARK)}")
    assert [case.id for case in read_gold(gold)] == ["s-1", "n-1"]


def test_a_line_separator_inside_a_text_ends_no_line(gold: Path) -> None:
    (case,) = read_gold(written(gold, OURS | {"question": "One\u2028two\x85three?"}))
    assert case.question == "One\u2028two\x85three?"


@pytest.mark.parametrize("key", ["id", "question", "evidence", "answerable"])
def test_a_missing_key_is_named_with_its_line(gold: Path, key: str) -> None:
    row = {name: value for name, value in OURS.items() if name != key}
    missing = "gold" if key == "evidence" else key
    assert reason(written(gold, BENCHMARK, row)) == f"{gold}:2: no '{missing}'."


@pytest.mark.parametrize(
    "line", [b'{"id": "2"', b"[1]", b'"text"', b"7", b'{"id": "caf\xe9"}'], ids=["cut", "list", "text", "number", "?"]
)
def test_a_line_that_is_no_row_is_named(gold: Path, line: bytes) -> None:
    gold.write_bytes(json.dumps(OURS).encode() + b"\n\n" + line + b"\n")
    assert reason(gold).startswith(f"{gold}:3: not a gold row: ")


def test_a_file_that_is_not_there_says_what_a_set_is(gold: Path) -> None:
    assert reason(gold) == f"There is no gold file {gold}: a set is a folder with docs/ and questions.jsonl."


def test_a_file_without_questions_is_no_gold(gold: Path) -> None:
    assert reason(written(gold)) == f"{gold} holds no questions."
