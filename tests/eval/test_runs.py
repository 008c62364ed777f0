"""A run over gold questions: what is kept of each, what it comes to, and the form that the scorers read."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eval.runs import PredictionsError, ask, retrieve, summarise, write_predictions
from eval.types import Evidence, GoldCase, Place, Prediction
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.engines import ROOT, RunFootnote
from fakes.passages import FixedRetriever, passage
from rag.errors import ModelBusyError
from rag.types import Turn

SCORE = ROOT.parent / "shared" / "bench" / "score.py"
KETTLE = "How much does the kettle in the kitchen hold?"
BICYCLES = "Where are the bicycles of the staff kept?"
ROWS = (
    {
        "id": "q-1",
        "question": KETTLE,
        "answer": "two litres",
        "gold": [{"file": "kitchen.txt"}],
        "answerable": True,
        "type": "single",
    },
    {
        "id": "q-2",
        "question": BICYCLES,
        "answer": "in the shed behind the canteen",
        "gold": [{"file": "yard/parking.md"}],
        "answerable": True,
        "type": "single",
    },
    {"id": "q-3", "question": "Who won the 2022 World Cup?", "gold": [], "answerable": False, "type": "null"},
)


def case(number: int, *files: str, answerable: bool = True, history: tuple[Turn, ...] = ()) -> GoldCase:
    evidence = tuple(Evidence(file) for file in files)
    return GoldCase(f"q-{number}", "How much leave?", ("27 days",), evidence, answerable, "single", history)


def said(number: int, *, cited: str = "", found: str = "", abstained: bool = False, **more: Any) -> Prediction:
    """Files by single letters."""
    citations, contexts = [tuple(Place(file, None) for file in files) for files in (cited, found)]
    facts: dict[str, Any] = {"abstained": abstained, "latency": 1.0} | more
    return Prediction(f"q-{number}", "27 days", citations, contexts, **facts)


@pytest.fixture
def gold_set(tmp_path: Path) -> Path:
    """A set as the benchmarks are laid out."""
    folder = tmp_path / "tiny"
    (folder / "docs" / "yard").mkdir(parents=True)
    (folder / "docs" / "kitchen.txt").write_text("The kettle in the kitchen holds two litres.\n")
    (folder / "docs" / "yard" / "parking.md").write_text(
        "# Parking\n\nThe bicycles of the staff are kept in the shed behind the canteen.\n"
    )
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    return folder


# One question


async def test_of_an_answer_its_text_is_kept_without_markers_and_its_places() -> None:
    told = answer("Staff get 27 days [1].", {1: "27 days"}, path="hr/leave.pdf")
    kept = await ask(case(1), ScriptedAnswerer(*telling(told)))
    assert (kept.id, kept.answer, kept.abstained, kept.error) == ("q-1", "Staff get 27 days.", False, None)
    assert kept.citations == kept.contexts == (Place("hr/leave.pdf", 4),)
    assert kept.latency >= 0


async def test_the_history_of_a_case_is_asked_with_it() -> None:
    answerer = ScriptedAnswerer(*telling(answer("27 days.")))
    history = (Turn("user", "And you?"),)
    await ask(case(1, history=history), answerer)
    assert answerer.asked[0].history == history


async def test_a_declined_answer_counts_as_an_abstention() -> None:
    told = answer("The documents do not answer this question.", status="declined")
    assert (await ask(case(1), ScriptedAnswerer(*telling(told)))).abstained


async def test_a_failure_is_kept_as_one_and_the_run_goes_on() -> None:
    kept = await ask(case(1), ScriptedAnswerer(ModelBusyError("It is busy.")))
    assert (kept.answer, kept.citations, kept.abstained, kept.error) == ("", (), False, "It is busy.")


async def test_a_fault_of_ours_is_not_counted_but_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await ask(case(1), ScriptedAnswerer(ZeroDivisionError()))


def test_retrieval_alone_keeps_what_would_be_given_to_the_model() -> None:
    retriever = FixedRetriever(passage("27 days", path="a.pdf", page=3), passage("none", path="b.txt"))
    kept = retrieve(case(1, history=(Turn("user", "And leave?"),)), retriever, limit=1)
    assert (kept.contexts, kept.citations, kept.answer) == ((Place("a.pdf", 3),), (), "")
    assert retriever.queries == ["How much leave?\nAnd leave?"]


# What it comes to


def test_recall_is_the_share_of_gold_files_and_its_mean_is_over_answerable_questions() -> None:
    cases = [case(1, "a"), case(2, "a", "b"), case(3, answerable=False)]
    summary = summarise(cases, [said(1, cited="ac", found="a"), said(2, cited="b", found="bac"), said(3, cited="a")])
    assert summary["cited file recall"] == (1 + 1 / 2) / 2
    assert summary["context file recall"] == 1.0


def test_abstentions_are_counted_apart_for_those_that_have_an_answer_and_those_that_have_none() -> None:
    cases = [case(1, "a"), case(2, "a"), case(3, answerable=False), case(4, answerable=False)]
    rows = [said(1, abstained=True), said(2), said(3, abstained=True), said(4, abstained=True)]
    summary = summarise(cases, rows)
    assert (summary["declined, answerable"], summary["declined, unanswerable"]) == (0.5, 1.0)


def test_an_error_counts_as_one_and_as_nothing_found() -> None:
    summary = summarise([case(1, "a"), case(2, "a")], [said(1, cited="a"), said(2, error="It is busy.")])
    assert (summary["errors"], summary["cited file recall"]) == (0.5, 0.5)


def test_a_rate_over_no_questions_is_left_out() -> None:
    assert "declined, unanswerable" not in summarise([case(1, "a")], [said(1)])
    assert "cited file recall" not in summarise([case(1, answerable=False)], [said(1)])


def test_seconds_are_the_median() -> None:
    rows = [said(n, latency=seconds) for n, seconds in enumerate((9.0, 1.0, 2.0))]
    assert summarise([case(n, "a") for n in range(3)], rows)["seconds, median"] == 2.0


def test_a_run_that_lost_a_question_is_not_summed_up() -> None:
    with pytest.raises(ValueError, match="shorter"):
        summarise([case(1, "a"), case(2, "a")], [said(1)])


# What is written


def test_predictions_are_written_a_row_each_with_pages_where_there_are_any(tmp_path: Path) -> None:
    file = tmp_path / "runs" / "predictions.jsonl"
    cited = (Place("a.pdf", 3), Place("b.txt", None))
    write_predictions(file, [Prediction("q-1", "“27” days", cited, (), abstained=False, latency=0.5)])
    (row,) = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert row["citations"] == [{"file": "a.pdf", "page": 3}, {"file": "b.txt"}]
    assert {key: row[key] for key in ("id", "answer", "contexts", "abstained", "latency")} == {
        "id": "q-1",
        "answer": "“27” days",
        "contexts": [],
        "abstained": False,
        "latency": 0.5,
    }


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match=f"The predictions cannot be written to {tmp_path}: Is a directory"):
        write_predictions(tmp_path, [said(1)])


# The command


def test_eval_indexes_a_sets_documents_asks_its_questions_and_writes_what_was_said(
    gold_set: Path, footnote: RunFootnote, tmp_path: Path
) -> None:
    ran = footnote("eval", gold_set, "--predictions", tmp_path / "p.jsonl", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["set"], told["questions"]) == (0, "tiny", 3)
    assert told["cited file recall"] == told["context file recall"] == told["declined, unanswerable"] == 1.0
    assert told["declined, answerable"] == told["errors"] == 0.0
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["q-1", "q-2", "q-3"]
    assert rows[0]["answer"] == "The kettle in the kitchen holds two litres."
    assert Path("var/eval/tiny").is_dir()
    if SCORE.is_file():
        scores = scored(gold_set / "questions.jsonl", tmp_path / "p.jsonl")
        assert scores["answer_contains_gold"] == scores["citation_file_recall"] == 1.0
        assert scores["abstain_on_unanswerable"] == 1.0
        assert scores["missing_predictions"] == 0


def test_eval_prints_a_table_for_people(gold_set: Path, footnote: RunFootnote) -> None:
    ran = footnote("eval", gold_set, "--retrieval-only", "--limit", 2)
    assert ran.code == 0
    assert ran.out.startswith("2 questions\n")
    assert "   1.000  context file recall\n" in ran.out
    assert "passages indexed in" in ran.err


def test_eval_asks_an_index_that_is_there_a_gold_file(samples_index: Path, footnote: RunFootnote) -> None:
    gold = ROOT / "eval" / "gold" / "samples.jsonl"
    ran = footnote("eval", gold, "--index", samples_index, "--retrieval-only", "--limit", 5, "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["questions"], told["context file recall"]) == (0, 5, 1.0)
    assert not Path("var").exists()


@pytest.mark.skipif(not SCORE.is_file(), reason=f"{SCORE} is absent: the benchmarks are not part of the repository")
def test_the_scorer_of_the_benchmarks_reads_the_predictions(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    paged = ROWS[0] | {"gold": [{"file": "kitchen.pdf", "page": 4}]}
    questions.write_text("".join(f"{json.dumps(row)}\n" for row in (paged, *ROWS[1:])))
    rows = [
        Prediction("q-1", "It holds two litres.", (Place("kitchen.pdf", 3),), (), abstained=False, latency=0.5),
        Prediction("q-2", "", (), (Place("yard/parking.md", None),), abstained=True, latency=1.5),
        Prediction("q-3", "", (), (), abstained=True, latency=1.0),
    ]
    write_predictions(tmp_path / "p.jsonl", rows)
    scores = scored(questions, tmp_path / "p.jsonl")
    assert (scores["n"], scores["missing_predictions"], scores["answer_contains_gold"]) == (3, 0, 0.5)
    assert (scores["citation_page_recall"], scores["citation_page_tol1_recall"]) == (0.0, 1.0)
    assert (scores["abstain_on_answerable"], scores["abstain_on_unanswerable"]) == (0.5, 1.0)
    assert scores["context_file_recall"] == 0.5
    assert scores["latency_s"] == 1.0


def scored(questions: Path, predictions: Path) -> dict[str, float]:
    command = [sys.executable, str(SCORE), str(questions), str(predictions)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told
