"""Quality against time: the front, the choice, the picture."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.pareto import Outcome, choose, front, plot
from eval.types import Measure

QUALITY = Measure("correct", "Whether it is right.")
ERRORS = Measure("brier", "How far off.", "lower")


def outcome(name: str, quality: float, milliseconds: float | None, half: float = 0.0) -> Outcome:
    return Outcome(name, {"retrieval.limit": name}, name, quality, quality - half, quality + half, milliseconds)


OUTCOMES = st.lists(
    st.builds(outcome, st.uuids().map(str), st.integers(0, 5).map(float), st.integers(1, 5).map(float) | st.none()),
    max_size=12,
)


def beats(other: Outcome, one: Outcome, sign: int) -> bool:
    """As good and faster, or as fast and better, written out."""
    assert other.milliseconds is not None
    assert one.milliseconds is not None
    better, faster = sign * (other.quality - one.quality), one.milliseconds - other.milliseconds
    return better >= 0 and faster >= 0 and (better > 0 or faster > 0)


@pytest.mark.parametrize(("measure", "sign"), [(QUALITY, 1), (ERRORS, -1)])
@given(outcomes=OUTCOMES)
def test_the_front_is_what_nothing_beats_and_beats_all_else(
    outcomes: list[Outcome], measure: Measure, sign: int
) -> None:
    best = front(outcomes, measure)
    timed = [one for one in outcomes if one.milliseconds is not None]
    assert not any(beats(other, one, sign) for one in best for other in timed)
    assert all(any(beats(one, other, sign) for one in best) for other in timed if other not in best)


def test_what_lies_within_the_best_ones_interval_is_a_tie_and_the_fastest_wins() -> None:
    grid = [outcome("slow", 0.8, 900, half=0.1), outcome("quick", 0.75, 100), outcome("poor", 0.6, 10)]
    assert choose(grid, QUALITY).name == "quick"


def test_of_equals_in_time_the_better_is_chosen() -> None:
    grid = [outcome("worse", 0.75, 100), outcome("better", 0.8, 100, half=0.1)]
    assert choose(grid, QUALITY).name == "better"


def test_of_a_measure_that_is_better_lower_the_lowest_is_best() -> None:
    assert choose([outcome("high", 0.8, 1), outcome("low", 0.1, 9)], ERRORS).name == "low"


def test_without_times_quality_alone_decides() -> None:
    assert choose([outcome("good", 0.8, None, half=0.3), outcome("worse", 0.7, None)], QUALITY).name == "good"


def test_the_picture_is_the_same_each_time_and_names_the_front() -> None:
    grid = [outcome("limit=4", 0.8, 100, half=0.1), outcome("limit=8", 0.7, 200), outcome("cached", 0.9, None)]
    drawn = plot(grid, QUALITY)
    assert drawn == plot(grid, QUALITY)
    ElementTree.fromstring(drawn)
    assert "limit=4" in drawn
    assert "limit=8" not in drawn
