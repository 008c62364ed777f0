"""What a run comes to: the same bytes for the same answers, and figures worked out by hand."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional.classification import binary_calibration_error

from eval.metrics.scoring import score_cases
from eval.metrics.summary import finish_run, summarise, summarise_timings
from eval.runs.folder import Provenance, RunFolder
from eval.stats.calibration_error import calibration_curve, coverage_accuracy
from eval.stats.intervals import confidence_interval
from eval.types import GoldCase, Row
from fakes.asked import case, row
from rag.types import Usage

FACTS = Provenance("tiny", "2026-01-01", "0.1", None, {}, "", "", "", "", "", "", retrieval_only=False, python="")
CASES = [
    case(f"{number % 5}.txt", id=str(number), answers=["27 days"], kind="ab"[number % 2]) for number in range(20)
] + [case(id=str(number), answerable=False) for number in range(20, 25)]


def asked(number: int, **facts: Any) -> Row:
    """Right three times in four; the surer the higher the number."""
    told = {"answer": "27 days" if number % 4 else "5 days", "confidence": number / 25, "usage": Usage(100, 10)} | facts
    files = [f"{number % 5}.txt", "x.txt"][:: 1 if number % 3 else -1]
    return row(id=str(number), found=files, cited=files[: number % 3], timings={"total": 0.1 * number}, **told)


ROWS = {str(number): asked(number) for number in range(25)}


def run_folder(path: Path, cases: Sequence[GoldCase], rows: Sequence[Row]) -> RunFolder:
    folder = RunFolder(path)
    folder.start(FACTS, cases)
    for one in rows:
        folder.append(one)
    return folder


def summary(cases: Sequence[GoldCase], *rows: Row) -> dict[str, Any]:
    by_id = {one.id: one for one in rows}
    return summarise(score_cases(cases, by_id), by_id)


# The whole


def test_a_finished_run_can_be_read_again(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", CASES, list(ROWS.values()))
    told = finish_run(folder)
    assert json.loads((folder.path / "summary.json").read_bytes()) == told
    assert json.loads((folder.path / "timings.json").read_bytes()) == summarise_timings(ROWS.values())
    assert list(folder.scores().values()) == score_cases(CASES, ROWS)


def test_equal_answers_come_to_the_same_bytes_in_whatever_order_and_time_they_came(tmp_path: Path) -> None:
    rows = list(ROWS.values())
    first = run_folder(tmp_path / "first", CASES, rows)
    random.Random(1).shuffle(rows)
    later = run_folder(
        tmp_path / "later", CASES, [asked(int(one.id), cached=one.id == "3") for one in [*rows[:9], *rows]]
    )
    for folder in (first, later):
        finish_run(folder)
    for name in ("summary.json", "scores.jsonl"):
        assert (first.path / name).read_bytes() == (later.path / name).read_bytes()
    assert (first.path / "timings.json").read_bytes() != (later.path / "timings.json").read_bytes()


def test_a_measure_is_told_with_its_interval_and_its_number_of_questions() -> None:
    told = summary(CASES, *ROWS.values())["measures"]["answer_em"]
    values = [float(number % 4 > 0) for number in range(20)]
    around = confidence_interval(values, [f"{number % 5}.txt" for number in range(20)], "rate")
    assert told == {"value": 0.75, "low": round(around.low, 6), "high": round(around.high, 6), "n": 20}


def test_a_measure_that_applies_to_no_question_is_left_out() -> None:
    told = summary([case("a")], row(status="retrieved", found="a"))
    assert "correct" not in told["measures"]
    assert told["measures"]["context_file_recall"]["value"] == 1


def test_kinds_are_told_apart_and_those_without_one_not_at_all() -> None:
    kinds = summary(CASES, *ROWS.values())["kinds"]
    assert set(kinds) == {"a", "b"}
    assert kinds["b"]["answer_em"] == {"value": 1.0, "n": 10}
    assert kinds["a"]["answer_em"] == {"value": 0.5, "n": 10}


def test_questions_that_were_not_asked_are_no_part_of_it() -> None:
    assert summary(CASES, ROWS["1"], ROWS["2"])["questions"] == 2


def test_a_run_without_rows_comes_to_nothing() -> None:
    told = summary(CASES)
    assert (told["questions"], told["measures"], told["kinds"], told["coverage_accuracy"]) == (0, {}, {}, [])


def test_figures_have_six_digits() -> None:
    told = json.dumps(summary(CASES, *ROWS.values()))
    assert max(len(figure.partition(".")[2]) for figure in told.replace("}", " ").replace(",", " ").split()) == 6


# Tokens and cost


def test_tokens_and_cost_are_those_of_the_rows_that_tell() -> None:
    told = summary(CASES[:3], asked(0, cost=0.25), asked(1, cost=0.5), asked(2, usage=Usage(), status="failed"))
    assert (told["tokens"], told["cost"]) == ({"input": 200, "output": 20}, 0.75)


def test_tokens_and_cost_that_no_row_tells_are_not_known() -> None:
    told = summary(CASES[:1], asked(0, usage=Usage()))
    assert (told["tokens"], told["cost"]) == ({"input": None, "output": None}, None)


# Confidence


def test_calibration_is_what_it_comes_to_by_hand() -> None:
    told = calibration_curve([(1.0, 1.0), (0.96, 0.0), (0.5, 1.0), (0.12, 0.0)])
    assert told["bins"] == [
        {"low": 0.1, "high": 0.2, "n": 1, "confidence": 0.12, "correct": 0.0},
        {"low": 0.5, "high": 0.6, "n": 1, "confidence": 0.5, "correct": 1.0},
        {"low": 0.9, "high": 1.0, "n": 2, "confidence": 0.98, "correct": 0.5},
    ]
    assert told["ece"] == pytest.approx((0.12 + 0.5 + 2 * 0.48) / 4)
    assert told["brier"] == pytest.approx((0 + 0.9216 + 0.25 + 0.0144) / 4)
    assert told["auroc"] == 3 / 4
    assert told["aurc"] == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)


def test_those_equally_sure_are_taken_in_no_order() -> None:
    for sure in ([(0.5, 1.0), (0.5, 0.0)], [(0.5, 0.0), (0.5, 1.0)]):
        told = calibration_curve(sure)
        assert (told["auroc"], told["aurc"]) == (0.5, 0.5)


def test_where_all_are_right_no_answer_is_surer_than_a_wrong_one() -> None:
    assert calibration_curve([(0.5, 1.0), (0.7, 1.0)])["auroc"] is None


def test_where_nothing_was_answered_there_is_no_calibration() -> None:
    assert calibration_curve([]) == {"n": 0, "bins": [], "ece": None, "brier": None, "auroc": None, "aurc": None}
    assert coverage_accuracy([], 5) == []


SURE = st.lists(st.tuples(st.integers(0, 999).map(lambda n: (n + 0.5) / 1000), st.sampled_from([0.0, 1.0])), min_size=1)


@given(sure=SURE)
def test_the_calibration_error_is_that_of_torchmetrics(sure: list[tuple[float, float]]) -> None:
    confidence, right = torch.tensor([one for one, _ in sure]), torch.tensor([int(one) for _, one in sure])
    theirs = float(binary_calibration_error(confidence, right, n_bins=10, norm="l1"))
    assert calibration_curve(sure)["ece"] == pytest.approx(theirs, abs=1e-5)


def test_coverage_and_accuracy_are_what_they_come_to_by_hand() -> None:
    sure = [(0.9, 1.0), (0.6, 0.0), (0.6, 1.0), (0.2, 0.0)]
    assert coverage_accuracy(sure, 8) == [
        {"threshold": 0.9, "coverage": 1 / 8, "accuracy": 1.0},
        {"threshold": 0.6, "coverage": 3 / 8, "accuracy": 2 / 3},
        {"threshold": 0.2, "coverage": 4 / 8, "accuracy": 2 / 4},
    ]


@given(sure=SURE)
def test_the_curve_goes_from_the_surest_to_all_in_at_most_50_points(sure: list[tuple[float, float]]) -> None:
    points = coverage_accuracy(sure, len(sure))
    assert 1 <= len(points) <= 50
    assert points[0]["threshold"] == max(confidence for confidence, _ in sure)
    assert points[-1]["coverage"] == 1
    coverages = [point["coverage"] for point in points]
    assert coverages == sorted(set(coverages))


def test_declined_and_failed_questions_are_not_covered_and_an_answer_to_an_unanswerable_one_is_wrong() -> None:
    cases = [case("a", id="1", answers=["5"]), *(case(id=number, answerable=False) for number in "234")]
    rows = [
        row(id="1", answer="5", confidence=0.9),
        row(id="2", answer="5", confidence=0.8),
        row(id="3", status="declined", confidence=0.1),
        row(id="4", status="failed", error="It is busy."),
    ]
    told = summary(cases, *rows)
    assert told["calibration"]["n"] == 2
    assert told["coverage_accuracy"][-1] == {"threshold": 0.8, "coverage": 0.5, "accuracy": 0.5}


# Time


def test_seconds_are_told_by_stage() -> None:
    rows = [row(timings={"retrieve": n / 100, "total": n / 10}) for n in range(101)]
    assert summarise_timings(rows) == {
        "retrieve": {"p50": 0.5, "p95": 0.95, "mean": 0.5, "n": 101},
        "total": {"p50": 5.0, "p95": 9.5, "mean": 5.0, "n": 101},
    }


def test_a_stage_that_not_all_went_through_is_told_of_those_that_did() -> None:
    told = summarise_timings([row(timings={"total": 1.0}), row(timings={"total": 3.0, "check": 2.0})])
    assert (told["total"]["n"], told["check"]["n"]) == (2, 1)


def test_replies_from_the_cache_and_failures_are_no_measure_of_time() -> None:
    slow = {"total": 9.0}
    rows = [row(timings={"total": 1.0}), row(timings=slow, cached=True), row(timings=slow, status="failed", error="!")]
    assert summarise_timings([*rows, row()])["total"] == {"p50": 1.0, "p95": 1.0, "mean": 1.0, "n": 1}
    assert summarise_timings(rows[1:]) == {}
