"""Gold files: our own rows and a benchmark's, and what is said of a line that is neither."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.gold.files import GoldError, gold_lines, read_gold, write_gold
from eval.types import GoldCase, GoldEvidence
from rag.types import Turn

BENCH = Path(__file__).parents[3].parent / "shared" / "bench"
SETS = sorted(file.parent.name for file in BENCH.glob("*/questions.jsonl"))
OURS: dict[str, Any] = {
    "id": "s-1",
    "question": "And for part-time staff?",
    "answers": ["in proportion", "pro rata"],
    "evidence": [{"path": "hr/leave.pdf", "page": 1, "quote": "in proportion to hours"}, {"path": "hr/offices.csv"}],
    "answerable": True,
    "kind": "follow-up",
    "history": [{"role": "user", "text": "How much leave?"}, {"role": "assistant", "text": "27 days."}],
}
BENCHMARK: dict[str, Any] = {
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
            evidence=(GoldEvidence("hr/leave.pdf", 1, quote="in proportion to hours"), GoldEvidence("hr/offices.csv")),
            answerable=True,
            kind="follow-up",
            history=(Turn("user", "How much leave?"), Turn("assistant", "27 days.")),
        )
    ]


def test_a_benchmarks_rows_are_read_as_the_same_thing(gold: Path) -> None:
    (case,) = read_gold(written(gold, BENCHMARK))
    assert case == GoldCase(
        "n-1", "What is the deductible?", ("$500",), (GoldEvidence("plan.pdf", 12),), answerable=True, kind="single"
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
    assert reason(written(gold, BENCHMARK, row)) == f"{gold}:2: no '{key}'."


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


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": 7}, "id: Input should be a valid string"),
        ({"id": " "}, "id: is empty"),
        ({"question": None}, "question: Input should be a valid string"),
        ({"question": ""}, "question: is empty"),
        ({"answers": 7}, "answers: Input should be a valid array"),
        ({"answers": ["27", 7]}, "answers.1: Input should be a valid string"),
        ({"answers": [""]}, "answers.0: is empty"),
        ({"answerable": "no"}, "answerable: Input should be a valid boolean"),
        ({"evidence": "a.pdf"}, "evidence: Input should be a valid array"),
        ({"evidence": [{"page": 1}]}, "no 'evidence.0.path'"),
        ({"evidence": [{"path": ""}]}, "evidence.0.path: is empty"),
        ({"evidence": [{"path": "../a"}]}, "evidence.0.path: is no path within the folder of documents"),
        ({"evidence": [{"path": "/etc/passwd"}]}, "evidence.0.path: is no path within the folder of documents"),
        ({"evidence": [{"path": "a\0"}]}, "evidence.0.path: is no path within the folder of documents"),
        ({"evidence": [{"path": "a"}, {"path": "a", "page": "3"}]}, "evidence.1.page: Input should be a valid integer"),
        ({"evidence": [{"path": "a", "page": 0}]}, "evidence.0.page: Input should be greater than 0"),
        ({"evidence": [{"path": "a", "lines": [5, 2]}]}, "evidence.0.lines: the last line comes before the first"),
        ({"evidence": [{"path": "a", "lines": [5]}]}, "no 'evidence.0.lines.1'"),
        ({"evidence": [{"path": "a", "quote": 3}]}, "evidence.0.quote: Input should be a valid string"),
        ({"kind": ["single"]}, "kind: Input should be a valid string"),
        ({"tags": "hard"}, "tags: Input should be a valid array"),
        ({"history": [{"role": "bot", "text": "Hi"}]}, "history.0.role: Input should be 'user' or 'assistant'"),
        ({"history": [{"role": "user"}]}, "no 'history.0.text'"),
    ],
    ids=str,
)
def test_a_value_of_a_wrong_type_is_named_with_its_line_and_key(gold: Path, change: dict[str, Any], told: str) -> None:
    assert reason(written(gold, BENCHMARK, OURS | change)) == f"{gold}:2: {told}."


def test_an_id_that_occurs_twice_is_named_with_both_lines(gold: Path) -> None:
    file = written(gold, OURS, BENCHMARK, BENCHMARK)
    assert reason(file) == f"{gold}:3: the id 'n-1' is that of line 2 too."


def test_every_bad_line_is_told_where_all_are_looked_at(gold: Path) -> None:
    file = written(gold, OURS | {"id": 7}, BENCHMARK, [])
    assert [(line, isinstance(read, GoldError)) for line, read in gold_lines(file)] == [
        (1, True),
        (2, False),
        (3, True),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_line(gold: Path) -> None:
    gold.write_text(json.dumps(BENCHMARK), encoding="utf-8-sig")
    assert read_gold(gold)[0].id == "n-1"


@pytest.mark.parametrize(("answer", "written_as"), [(1496.5, "1496.5"), (12, "12"), (0.1, "0.1")])
def test_a_number_that_a_benchmark_gives_as_its_answer_is_written_as_people_do(
    gold: Path, answer: float, written_as: str
) -> None:
    assert read_gold(written(gold, BENCHMARK | {"answer": answer}))[0].answers == (written_as,)


def test_what_a_benchmark_says_in_place_of_an_answer_is_none(gold: Path) -> None:
    row = BENCHMARK | {"answer": "Insufficient information.", "gold": [], "answerable": False}
    assert read_gold(written(gold, row))[0].answers == ()


def test_characters_of_a_file_are_read_as_the_words_that_stand_there(gold: Path) -> None:
    (gold.parent / "docs").mkdir()
    (gold.parent / "docs" / "a.md").write_text("Grüße. The deductible is $500.", encoding="utf-8")
    row = BENCHMARK | {"gold": [{"file": "a.md", "start": 7, "end": 30}]}
    assert read_gold(written(gold, row))[0].evidence == (GoldEvidence("a.md", quote="The deductible is $500."),)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({"file": "a.md", "start": 90, "end": 99}, "a.md has no text from character 90 to 99."),
        ({"file": "a.md", "start": 5, "end": 2}, "a.md has no text from character 5 to 2."),
        ({"file": "b.md", "start": 0, "end": 2}, "docs/b.md, of which characters are given, cannot be read: "),
        ({"file": "c.md", "start": 0, "end": 2}, "docs/c.md, of which characters are given, cannot be read: "),
    ],
)
def test_characters_that_are_not_there_are_an_error(gold: Path, place: dict[str, Any], told: str) -> None:
    (gold.parent / "docs").mkdir()
    (gold.parent / "docs" / "a.md").write_text("The deductible is $500.")
    (gold.parent / "docs" / "c.md").write_bytes(b"caf\xe9")
    said = reason(written(gold, BENCHMARK | {"gold": [place]}))
    assert said.startswith(f"{gold}:1: ")
    assert told in said


def test_a_set_is_read_by_its_folder(tmp_path: Path) -> None:
    written(tmp_path / "questions.jsonl", BENCHMARK)
    assert [case.id for case in read_gold(tmp_path)] == ["n-1"]


# Tables

TABLE = """\
id,question,answers,path,page,lines,section,quote,kind,tags
q-1,"How much leave,
and when?",27 days|27,hr/leave.pdf,1,,,"27 days",single,hr|leave
,,,hr/offices.csv,,3–4,,,,
q-1,,,hr/notes.md,,7,Leave,,,
q-2,Is there a pool?,,,,,,,,
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "gold.csv"


def test_a_table_has_a_question_a_row_and_further_evidence_below_it(table: Path) -> None:
    table.write_text(TABLE, encoding="utf-8-sig")
    assert [(line, read) for line, read in gold_lines(table)] == [
        (
            2,
            GoldCase(
                "q-1",
                "How much leave,\nand when?",
                ("27 days", "27"),
                (
                    GoldEvidence("hr/leave.pdf", 1, quote="27 days"),
                    GoldEvidence("hr/offices.csv", lines=(3, 4)),
                    GoldEvidence("hr/notes.md", section="Leave", lines=(7, 7)),
                ),
                answerable=True,
                kind="single",
                tags=("hr", "leave"),
            ),
        ),
        (6, GoldCase("q-2", "Is there a pool?", (), (), answerable=False)),
    ]


@pytest.mark.parametrize(("told", "answerable"), [("no", False), ("FALSE", False), ("yes", True), ("1", True)])
def test_a_table_may_say_what_is_answerable(table: Path, told: str, *, answerable: bool) -> None:
    table.write_text(f"question,answers,answerable\nHow?,27,{told}\n")
    assert read_gold(table)[0].answerable == answerable


def test_a_table_without_ids_has_its_lines_for_them(table: Path) -> None:
    table.write_text("question,answers\nHow?,27\n,\nWhy?,None\n")
    assert [case.id for case in read_gold(table)] == ["2", "4"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id;question\n1;How?\n", "1: there is no column 'question': the first row names them, divided by commas."),
        ("", "1: there is no column 'question'"),
        ("id,question,path,page\n1,How?,a,three\n", "2: page: Input should be a valid integer"),
        ("id,question,path,page\n1,How?,a,3\n,,b,x\n", "3: page: Input should be a valid integer"),
        ("id,question,path,lines\n1,How?,a,5-2\n", "2: lines: the last line comes before the first."),
        ("id,question,path,lines\n1,How?,a,x-2\n", "2: lines.0: Input should be a valid integer"),
        ("id,question,path,page\n1,How?,,3\n", "2: no 'path'."),
        ("id,question,answerable\n1,How?,perhaps\n", "2: answerable: Input should be a valid boolean"),
        ("id,question\n1,How?\n2,\n", "3: no 'question'."),
        ("id,question\n1,How, then?\n", "2: there are more cells than columns: quote a cell that holds a comma."),
        ('id,question\n1,"How\n', "not a gold table: unexpected end of data."),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_table_is_named_with_its_line_and_column(table: Path, text: str, told: str) -> None:
    table.write_text(text)
    assert told in reason(table)


# Any input

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_PLACES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "path": st.sampled_from(["a.md", "", "..", "\0"]) | _JSON,
            "page": st.integers() | _JSON,
            "lines": st.lists(st.integers(), max_size=3) | _JSON,
            "quote": st.text() | _JSON,
            "start": st.integers() | _JSON,
            "end": st.integers() | _JSON,
        },
    ),
    max_size=2,
)
_ROWS = _JSON | st.fixed_dictionaries(
    {},
    optional={
        "id": st.text() | _JSON,
        "question": st.text() | _JSON,
        "answers": st.lists(st.text(), max_size=2) | _JSON,
        "answer": _JSON,
        "evidence": _PLACES | _JSON,
        "gold": _PLACES | _JSON,
        "answerable": st.booleans() | _JSON,
        "kind": _JSON,
        "tags": st.lists(st.text(), max_size=2) | _JSON,
        "history": st.lists(st.dictionaries(st.sampled_from(["role", "text", "content"]), _JSON), max_size=2) | _JSON,
    },
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ROWS)
def test_whatever_a_line_holds_it_is_a_question_or_an_error_in_words(gold: Path, row: object) -> None:
    gold.write_text(json.dumps(row), encoding="utf-8")
    try:
        (case,) = read_gold(gold)
    except GoldError as error:
        assert str(error).startswith(f"{gold}")  # noqa: PT017 - most are errors, some are not
    else:
        gold.write_text(write_gold([case]), encoding="utf-8")
        assert read_gold(gold) == [case]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.sampled_from('aé1-–|,;"\n\r\0 '), max_size=60))
def test_whatever_a_table_holds_it_is_questions_or_an_error_in_words(table: Path, text: str) -> None:
    table.write_text(f"id,question,answers,path,page,lines,answerable\n{text}", encoding="utf-8", newline="")
    try:
        assert read_gold(table)
    except GoldError as error:
        assert str(error).startswith(f"{table}")  # noqa: PT017 - as above


_SAID = st.text(min_size=1).filter(str.strip)
_EVIDENCE = st.builds(
    GoldEvidence,
    path=st.sampled_from(["a.md", "b/c.pdf", "ü ö.txt"]),
    page=st.none() | st.integers(1, 9),
    section=st.none() | _SAID,
    lines=st.none() | st.tuples(st.integers(1, 5), st.integers(5, 9)),
    quote=st.none() | _SAID,
)
_CASES = st.builds(
    GoldCase,
    id=_SAID,
    question=_SAID,
    answers=st.lists(_SAID).map(tuple),
    evidence=st.lists(_EVIDENCE).map(tuple),
    answerable=st.booleans(),
    kind=st.text(),
    tags=st.lists(_SAID).map(tuple),
    history=st.lists(st.builds(Turn, role=st.sampled_from(["user", "assistant"]), text=st.text())).map(tuple),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_CASES, min_size=1, unique_by=lambda case: case.id))
def test_what_is_written_is_read_again_as_it_was(gold: Path, cases: list[GoldCase]) -> None:
    gold.write_text(write_gold(cases), encoding="utf-8")
    assert read_gold(gold) == cases


# The benchmarks themselves


@pytest.mark.skipif(not SETS, reason=f"{BENCH} is absent: the benchmarks are not part of the repository")
@pytest.mark.parametrize("name", SETS)
def test_every_row_of_a_benchmark_is_read(name: str) -> None:
    rows = (BENCH / name / "questions.jsonl").read_text("utf-8").splitlines()
    cases = read_gold(BENCH / name)
    assert [case.id for case in cases] == [json.loads(row)["id"] for row in rows]
    assert all(bool(case.evidence) == case.answerable for case in cases)


@pytest.mark.skipif("squad2" not in SETS, reason=f"{BENCH} is absent: the benchmarks are not part of the repository")
def test_the_characters_that_squad_gives_hold_its_answers() -> None:
    asked = [case for case in read_gold(BENCH / "squad2") if case.answerable]
    assert asked
    assert all(answer in (case.evidence[0].quote or "") for case in asked for answer in case.answers)


@pytest.mark.parametrize("name", ["codebase", "chroma_chunking"])
def test_the_characters_that_a_benchmark_gives_stand_in_its_files(name: str) -> None:
    if name not in SETS:
        pytest.skip(f"{BENCH} is absent: the benchmarks are not part of the repository")
    for case in read_gold(BENCH / name):
        for item in case.evidence:
            assert item.quote
            assert item.quote in (BENCH / name / "docs" / item.path).read_text("utf-8")
