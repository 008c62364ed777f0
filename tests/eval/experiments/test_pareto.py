"""Quality against time: the front, the choice, the picture."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.experiments.pareto import SweepResult, choose, pareto_front, plot_results
from eval.types import CaseScores, Metric
from fakes.chance import run_folder

QUALITY = Metric("correct", "Whether it is right.", kind="rate")
ERRORS = Metric("brier", "How far off.", "lower")

Ran = Callable[..., SweepResult]


def outcome(name: str, quality: float, milliseconds: float | None, half: float = 0.0) -> SweepResult:
    return SweepResult(name, {"retrieval.limit": name}, name, quality, quality - half, quality + half, milliseconds)


OUTCOMES = st.lists(
    st.builds(outcome, st.uuids().map(str), st.integers(0, 5).map(float), st.integers(1, 5).map(float) | st.none()),
    max_size=12,
)


def beats(other: SweepResult, one: SweepResult, sign: int) -> bool:
    """As good and faster, or as fast and better, written out."""
    assert other.milliseconds is not None
    assert one.milliseconds is not None
    better, faster = sign * (other.quality - one.quality), one.milliseconds - other.milliseconds
    return better >= 0 and faster >= 0 and (better > 0 or faster > 0)


@pytest.mark.parametrize(("measure", "sign"), [(QUALITY, 1), (ERRORS, -1)])
@given(outcomes=OUTCOMES)
def test_the_front_is_what_nothing_beats_and_beats_all_else(
    outcomes: list[SweepResult], measure: Metric, sign: int
) -> None:
    best = pareto_front(outcomes, measure)
    timed = [one for one in outcomes if one.milliseconds is not None]
    assert not any(beats(other, one, sign) for one in best for other in timed)
    assert all(any(beats(one, other, sign) for one in best) for other in timed if other not in best)


@pytest.fixture
def ran(tmp_path: Path) -> Ran:
    def make(name: str, values: Sequence[float], milliseconds: float | None, measure: Metric = QUALITY) -> SweepResult:
        told = [
            CaseScores(str(n), "", str(n), "answered", {measure.name: float(value)}) for n, value in enumerate(values)
        ]
        run_folder(tmp_path / name, told)
        return outcome(name, sum(values) / len(values), milliseconds)

    return make


def test_the_fastest_of_those_that_the_questions_cannot_tell_from_the_best_is_chosen(ran: Ran, tmp_path: Path) -> None:
    slow, quick = ran("slow", [1] * 80 + [0] * 20, 900), ran("quick", [1] * 72 + [0] * 18 + [1] * 5 + [0] * 5, 100)
    poor = ran("poor", [1] * 60 + [0] * 40, 10)
    assert choose([slow, quick, poor], QUALITY, tmp_path).name == "quick"


def test_what_loses_questions_and_wins_none_is_not_chosen_though_the_intervals_meet(ran: Ran, tmp_path: Path) -> None:
    a, b = ran("a", [1] * 80 + [0] * 20, 100.0), ran("b", [1] * 72 + [0] * 28, 50.0)
    a, b = replace(a, low=0.71, high=0.87), replace(b, low=0.62, high=0.80)
    assert choose([a, b], QUALITY, tmp_path).name == "a"


def test_of_equals_in_time_the_better_is_chosen(ran: Ran, tmp_path: Path) -> None:
    best, worse = ran("best", [1] * 80 + [0] * 20, 109.0), ran("worse", [1] * 79 + [0] * 21, 100.0)
    assert choose([worse, best], QUALITY, tmp_path).name == "best"
    assert choose([worse, replace(best, milliseconds=111.0)], QUALITY, tmp_path).name == "worse"


def test_of_a_measure_that_is_better_lower_the_lowest_is_best(ran: Ran, tmp_path: Path) -> None:
    grid = [ran("high", [0.8] * 20, 1, ERRORS), ran("low", [0.1] * 20, 9, ERRORS)]
    assert choose(grid, ERRORS, tmp_path).name == "low"


def test_without_times_quality_alone_decides(ran: Ran, tmp_path: Path) -> None:
    grid = [ran("worse", [1, 1, 0, 0], None), ran("good", [1, 1, 1, 0], None)]
    assert choose(grid, QUALITY, tmp_path).name == "good"


def test_the_picture_is_the_same_each_time_and_names_the_front() -> None:
    grid = [outcome("limit=4", 0.8, 100, half=0.1), outcome("limit=8", 0.7, 200), outcome("cached", 0.9, None)]
    drawn = plot_results(grid, QUALITY)
    assert drawn == plot_results(grid, QUALITY)
    ElementTree.fromstring(drawn)
    assert "limit=4" in drawn
    assert "limit=8" not in drawn
