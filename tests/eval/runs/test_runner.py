"""A run over gold questions: what is kept of each, and the form that the scorers read."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from eval.commands.run import make_run_folder
from eval.gold.sets import unique_name
from eval.integrations.predictions import PredictionsError, check_writable, write_predictions
from eval.runs.folder import RunError, RunFolder
from eval.runs.runner import answer_case, retrieve_case, run_cases
from eval.types import CitedQuote, GoldCase, GoldEvidence, Location, RetrievedPassage, Row
from fakes.answerer import ScriptedAnswerer, answer, telling, unverified_answer
from fakes.engines import ROOT, RunFootnote
from fakes.passages import FixedRetriever, passage
from fakes.runs import facts
from rag.errors import ModelBusyError
from rag.llms.pricing import Prices
from rag.types import Turn, Usage

SCORE = ROOT.parent / "shared" / "bench" / "score.py"
KETTLE = "How much does the kettle in the kitchen hold?"
BICYCLES = "Where are the bicycles of the staff kept?"
ROWS: tuple[dict[str, Any], ...] = (
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
    evidence = tuple(GoldEvidence(file) for file in files)
    return GoldCase(
        f"q-{number}", "How much leave?", ("27 days",), evidence, answerable=answerable, kind="single", history=history
    )


def row(number: int, *cited: Location, answer: str = "", status: Any = "answered", seconds: float = 1.0) -> Row:
    citations = tuple(CitedQuote(n, place, "…", 1.0) for n, place in enumerate(cited, start=1))
    return Row(f"q-{number}", status, answer=answer, citations=citations, timings={"total": seconds})


@pytest.fixture
def gold_set(tmp_path: Path) -> Path:
    """A set as the benchmarks are laid out."""
    folder = tmp_path / "tiny"
    (folder / "docs" / "yard").mkdir(parents=True)
    (folder / "docs" / "kitchen.txt").write_text("The kettle in the kitchen holds two litres.\n")
    (folder / "docs" / "yard" / "parking.md").write_text(
        "# Parking\n\nThe bicycles of the staff are kept in the shed behind the canteen.\n"
    )
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(told)}\n" for told in ROWS))
    return folder


# One question


async def test_of_an_answer_all_is_kept_that_a_reader_of_the_run_asks_for() -> None:
    told = answer("Staff get 27 days [1].", {1: "27 days"}, path="hr/leave.pdf", verdicts=("weak",))
    kept = await answer_case(case(1), ScriptedAnswerer(*telling(told)))
    assert (kept.id, kept.status, kept.answer, kept.error) == ("q-1", "answered", "Staff get 27 days [1].", None)
    place = Location("hr/leave.pdf", 4, 0, 7)
    assert kept.citations == (CitedQuote(1, place, "27 days", 0.9),)
    assert kept.retrieved == (RetrievedPassage(place, "leave.pdf", ("Leave",), "27 days", 0.5),)
    assert [(s.text, s.citations, s.verdict) for s in kept.sentences] == [("Staff get 27 days [1].", (1,), "weak")]
    assert (kept.model, kept.usage, kept.timings) == ("scripted", Usage(11, 7), {"retrieve": 0.25, "total": 1.5})


async def test_the_history_of_a_case_is_asked_with_it() -> None:
    answerer = ScriptedAnswerer(*telling(answer("27 days.")))
    history = (Turn("user", "And you?"),)
    await answer_case(case(1, history=history), answerer)
    assert answerer.asked[0].history == history


async def test_a_declined_answer_is_kept_as_one() -> None:
    told = replace(answer("The documents do not answer this question.", status="declined"), declined_by="search")
    kept = await answer_case(case(1), ScriptedAnswerer(*telling(told)))
    assert (kept.declined, kept.declined_by) == (True, "search")


async def test_an_unverified_answer_is_kept_with_what_contradicts_it() -> None:
    kept = await answer_case(case(1), ScriptedAnswerer(*telling(unverified_answer())))
    assert (kept.status, kept.declined, kept.answers) == ("unverified", False, True)
    assert [sentence.contradicted for sentence in kept.sentences] == [True, False]


async def test_of_a_partial_answer_the_part_that_is_left_is_kept() -> None:
    told = replace(answer("27 days.", status="partly"), unanswered="who signs")
    kept = await answer_case(case(1), ScriptedAnswerer(*telling(told)))
    assert (kept.status, kept.unanswered) == ("partly", "who signs")


async def test_a_failure_is_kept_as_one_and_the_run_goes_on() -> None:
    kept = await answer_case(case(1), ScriptedAnswerer(ModelBusyError("It is busy.")))
    assert (kept.status, kept.answer, kept.citations, kept.error) == ("failed", "", (), "It is busy.")


async def test_a_question_that_may_not_be_asked_is_a_failure() -> None:
    kept = await answer_case(GoldCase("q-1", "?" * 9000, (), (), answerable=False), ScriptedAnswerer())
    searched = await retrieve_case(GoldCase("q-1", "?" * 9000, (), (), answerable=False), FixedRetriever(), limit=1)
    for one in (kept, searched):
        assert (one.status, "9,000 characters" in str(one.error)) == ("failed", True)


async def test_a_fault_of_ours_is_not_counted_but_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await answer_case(case(1), ScriptedAnswerer(ZeroDivisionError()))


@pytest.mark.parametrize(
    ("prices", "cost"), [(Prices(2.0, 10.0), pytest.approx(92e-6)), (Prices(2.0), None), (Prices(), None)]
)
async def test_a_cost_is_told_where_both_prices_are_known(prices: Prices, cost: float | None) -> None:
    assert (await answer_case(case(1), ScriptedAnswerer(*telling(answer("27 days."))), prices)).cost == cost


async def test_retrieval_alone_keeps_what_would_be_given_to_the_model() -> None:
    retriever = FixedRetriever(passage("27 days", path="a.pdf", page=3), passage("none", path="b.txt"))
    kept = await retrieve_case(case(1, history=(Turn("user", "And leave?"),)), retriever, limit=1)
    assert [(found.place.path, found.place.page, found.text) for found in kept.retrieved] == [("a.pdf", 3, "27 days")]
    assert (kept.status, kept.citations, kept.answer) == ("retrieved", (), "")
    assert retriever.queries == ["How much leave?\nAnd leave?"]


@pytest.mark.parametrize(("failing", "asked"), [(set(range(3, 40)), 12), (set(range(9)) | set(range(10, 19)), 40)])
async def test_a_run_stops_where_ten_questions_failed_one_after_the_other(
    tmp_path: Path, failing: set[int], asked: int
) -> None:
    async def ask_one(case: GoldCase) -> Row:
        error = "It is away." if int(case.id[2:]) in failing else None
        return Row(case.id, "failed" if error else "answered", error=error)

    folder, cases = RunFolder(tmp_path / "run"), [case(number) for number in range(1, 41)]
    with pytest.raises(RunError, match="The last one: It is away") if asked < len(cases) else nullcontext():
        await run_cases(folder, facts(), cases, ask_one, lambda _: None)
    assert len(folder.rows()) == asked


# What the benchmarks' scorer reads


def test_predictions_are_written_a_row_each_with_pages_where_there_are_any(tmp_path: Path) -> None:
    file = tmp_path / "runs" / "predictions.jsonl"
    said = row(1, Location("a.pdf", 3), Location("b.txt"), answer="“27” days [1][2].", seconds=0.5)
    write_predictions(file, [said, row(2, answer="They do not say.", status="declined")])
    first, second = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert first == {
        "id": "q-1",
        "answer": "“27” days.",
        "citations": [{"file": "a.pdf", "page": 3}, {"file": "b.txt"}],
        "contexts": [],
        "abstained": False,
        "latency": 0.5,
    }
    assert (second["answer"], second["abstained"]) == ("", True)


@pytest.mark.parametrize("writing", [check_writable, partial(write_predictions, rows=[])])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, writing: Callable[[Path], None]) -> None:
    with pytest.raises(PredictionsError, match=f"The predictions cannot be written to {tmp_path}: Is a directory"):
        writing(tmp_path)


def test_predictions_of_before_stay_until_there_are_others(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "p.jsonl"
    check_writable(file)
    file.write_text("of before\n")
    check_writable(file)
    assert file.read_text() == "of before\n"
    write_predictions(file, [])
    assert [(one.name, one.read_text()) for one in file.parent.iterdir()] == [("p.jsonl", "")]


@pytest.mark.skipif(not SCORE.is_file(), reason=f"{SCORE} is absent: the benchmarks are not part of the repository")
def test_the_scorer_of_the_benchmarks_reads_the_predictions(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    paged = ROWS[0] | {"gold": [{"file": "kitchen.pdf", "page": 4}]}
    questions.write_text("".join(f"{json.dumps(told)}\n" for told in (paged, *ROWS[1:])))
    rows = [
        row(1, Location("kitchen.pdf", 3), answer="It holds two litres [1].", seconds=0.5),
        row(2, Location("yard/parking.md"), status="declined", seconds=1.5),
        row(3, status="declined"),
    ]
    write_predictions(tmp_path / "p.jsonl", rows)
    scores = scored(questions, tmp_path / "p.jsonl")
    assert (scores["n"], scores["missing_predictions"], scores["answer_contains_gold"]) == (3, 0, 0.5)
    assert (scores["citation_page_recall"], scores["citation_page_tol1_recall"]) == (0.0, 1.0)
    assert (scores["abstain_on_answerable"], scores["abstain_on_unanswerable"]) == (0.5, 1.0)
    assert scores["latency_s"] == 1.0


# The command


def test_eval_indexes_a_sets_documents_asks_its_questions_and_keeps_what_was_said(
    gold_set: Path, footnote: RunFootnote, tmp_path: Path
) -> None:
    ran = footnote("eval", gold_set, "--predictions", tmp_path / "p.jsonl", "--json")
    told = json.loads(ran.out)
    values = measured(told)
    assert (ran.code, told["questions"]) == (0, 3)
    assert values["citation_file_recall"] == values["context_file_recall"] == values["declined_unanswerable"] == 1.0
    assert values["declined_answerable"] == values["failed"] == 0.0
    rows = RunFolder(Path(told["run"])).rows()
    assert list(rows) == ["q-1", "q-2", "q-3"]
    assert rows["q-1"].answer == "The kettle in the kitchen holds two litres. [1]"
    assert rows["q-1"].gold == (Location("kitchen.txt"),)
    assert (Path("var/eval") / unique_name(gold_set)).is_dir()
    if SCORE.is_file():
        scores = scored(gold_set / "questions.jsonl", tmp_path / "p.jsonl")
        assert scores["answer_contains_gold"] == scores["citation_file_recall"] == 1.0
        assert scores["abstain_on_unanswerable"] == 1.0
        assert scores["missing_predictions"] == 0


def test_sets_of_one_name_have_indexes_of_their_own(gold_set: Path, footnote: RunFootnote, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / gold_set.name
    (other / "docs").mkdir(parents=True)
    for number in range(15):
        (other / "docs" / f"{number}.txt").write_text(f"Room {number} is let to nobody.\n")
    (other / "questions.jsonl").write_text(json.dumps(ROWS[2]) + "\n")
    for one in (other, gold_set, other):
        ran = footnote("eval", one, "--retrieval-only")
        assert ran.code == 0, ran.err
    assert {path.name for path in Path("var/eval").iterdir()} == {unique_name(gold_set), unique_name(other)}


def test_a_set_that_lost_most_of_its_documents_is_measured_as_it_is(gold_set: Path, footnote: RunFootnote) -> None:
    for number in range(40):
        (gold_set / "docs" / f"{number}.txt").write_text(f"Room {number} is let to nobody.\n")
    assert footnote("eval", gold_set, "--retrieval-only").code == 0
    for number in range(40):
        (gold_set / "docs" / f"{number}.txt").unlink()
    ran = footnote("eval", gold_set, "--retrieval-only")
    assert ran.code == 0, ran.err


def test_predictions_of_before_outlive_a_command_that_fails(footnote: RunFootnote, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text("of before\n")
    assert footnote("eval", tmp_path / "nowhere.jsonl", "--predictions", tmp_path / "p.jsonl").code == 1
    assert (tmp_path / "p.jsonl").read_text() == "of before\n"


def test_runs_that_start_in_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    assert len({make_run_folder(tmp_path) for _ in range(5)}) == 5


def test_eval_prints_a_table_for_people(gold_set: Path, footnote: RunFootnote) -> None:
    ran = footnote("eval", "run", gold_set, "--retrieval-only", "--limit", "2")
    assert ran.code == 0
    assert re.match(r"2 questions, \d+\.\d\d s per question\n", ran.out)
    assert "  1.000  [0.342, 1.000]  context_file_recall, of 2\n" in ran.out
    assert "failed, of 2, lower is better\n" in ran.out
    assert "context_file_mrr" not in ran.out
    assert ran.out.endswith("more measures.\n")
    assert "passages indexed in" in ran.err
    assert "resumes it" in ran.err


def test_eval_shows_all_measures_where_it_is_asked_to(gold_set: Path, footnote: RunFootnote) -> None:
    out = footnote("eval", gold_set, "--all").out
    assert out.startswith("3 questions, 3 of 3 right, ")
    assert "context_file_mrr" in out


def test_a_mistyped_command_is_no_gold_file(footnote: RunFootnote) -> None:
    ran = footnote("eval", "reprot", "x")
    assert (ran.code, "Did you mean 'report'?" in ran.err) == (2, True)
    assert "There is no gold file nope" in footnote("eval", "nope").err


def test_the_same_configuration_gives_the_same_summary_to_the_byte(gold_set: Path, footnote: RunFootnote) -> None:
    for name in ("a", "b"):
        assert footnote("eval", gold_set, "--run", name).code == 0
    assert Path("a/summary.json").read_bytes() == Path("b/summary.json").read_bytes()
    assert Path("a/scores.jsonl").read_bytes() == Path("b/scores.jsonl").read_bytes()


def test_a_finished_run_is_not_asked_again(gold_set: Path, footnote: RunFootnote) -> None:
    footnote("eval", gold_set, "--run", "a")
    rows = Path("a/rows.jsonl").read_bytes()
    assert footnote("eval", gold_set, "--run", "a").code == 0
    assert Path("a/rows.jsonl").read_bytes() == rows


def test_a_run_of_other_questions_does_not_go_on_in_its_folder(gold_set: Path, footnote: RunFootnote) -> None:
    footnote("eval", gold_set, "--run", "a", "--limit", "1")
    ran = footnote("eval", gold_set, "--run", "a")
    assert ran.code == 1
    assert "a holds a run with other gold: give this one another --run folder." in ran.err


def test_eval_asks_an_index_that_is_there_a_gold_file(samples_index: Path, footnote: RunFootnote) -> None:
    gold = ROOT / "eval" / "gold" / "samples.jsonl"
    ran = footnote("eval", gold, "--index", samples_index, "--retrieval-only", "--limit", "5", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["questions"], measured(told)["context_file_recall"]) == (0, 5, 1.0)
    assert not Path("var/eval").exists()


def measured(told: Mapping[str, Any]) -> dict[str, float]:
    return {name: measure["value"] for name, measure in told["measures"].items()}


def scored(questions: Path, predictions: Path) -> dict[str, float]:
    command = [sys.executable, str(SCORE), str(questions), str(predictions)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told
