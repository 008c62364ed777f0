"""Intervals: Wilson's for rates, the bootstrap's over documents for means, and something sensible where neither can."""

import random
import tracemalloc
from collections.abc import Sequence
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.stats.intervals import Interval, confidence_interval

TRIES = 150
UNIT = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))


def alone(values: Sequence[float]) -> list[str]:
    return [str(number) for number in range(len(values))]


def holds(around: Interval, value: float) -> bool:
    return around.low <= value <= around.high


def on_documents(random: random.Random, documents: int, each: int) -> tuple[list[float], list[str]]:
    """Values of mean .5, half of whose variance is between documents."""
    middles = [random.uniform(0.25, 0.75) for _ in range(documents)]
    told = [(middle + random.uniform(-0.25, 0.25), str(n)) for n, middle in enumerate(middles) for _ in range(each)]
    return [value for value, _ in told], [name for _, name in told]


# What they are


def test_a_rates_interval_is_wilsons() -> None:
    values = [1.0] * 8 + [0.0] * 2
    for documents in (["one document"] * 10, alone(values)):
        around = confidence_interval(values, documents, "rate")
        assert (around.low, around.high) == pytest.approx((0.490162, 0.943318), abs=1e-6)


def test_a_rates_questions_are_worth_as_many_as_their_documents_where_those_are_of_one_mind() -> None:
    values, documents = [1.0] * 80 + [0.0] * 20, [str(n // 10) for n in range(100)]
    around = confidence_interval(values, documents, "rate")
    assert (around.low, around.high) == pytest.approx((0.45, 0.95), abs=0.03)


def test_a_rates_questions_are_never_worth_more_than_they_are() -> None:
    values = [1.0, 0.0] * 20
    paired, single = (
        confidence_interval(values, [str(n // 2) for n in range(40)], "rate"),
        confidence_interval(values, alone(values), "rate"),
    )
    assert (paired.low, paired.high) == pytest.approx((single.low, single.high))


def test_a_means_interval_is_near_the_normal_one_where_there_are_many_documents() -> None:
    values = [n / 199 for n in range(200)]
    around = confidence_interval(values, alone(values), "mean")
    half = 1.96 * (1 / 12) ** 0.5 / 200**0.5
    assert (around.low, around.high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.004)


def test_questions_on_the_same_documents_tell_less_than_as_many_on_others() -> None:
    values, documents = on_documents(random.Random(1), 20, 10)
    together, apart = confidence_interval(values, documents, "mean"), confidence_interval(values, alone(values), "mean")
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_a_document_with_more_questions_weighs_more() -> None:
    values, documents = [0.0] * 90 + [0.9, 1.0] * 5, ["big"] * 90 + [str(n) for n in range(5) for _ in range(2)]
    assert holds(confidence_interval(values, documents, "mean"), fmean(values))


# Whether they hold


@pytest.mark.parametrize("truth", [0.5, 0.95])
def test_a_rates_interval_holds_the_truth_19_times_in_20(truth: float) -> None:
    draw = random.Random(2)
    made = [[float(draw.random() < truth) for _ in range(60)] for _ in range(TRIES)]
    assert sum(holds(confidence_interval(values, alone(values), "rate"), truth) for values in made) >= 0.91 * TRIES


def test_a_means_interval_holds_the_truth_19_times_in_20_and_would_not_if_documents_were_passed_over() -> None:
    draw = random.Random(3)
    made = [on_documents(draw, documents=30, each=6) for _ in range(TRIES)]
    together = sum(holds(confidence_interval(values, documents, "mean"), 0.5) for values, documents in made)
    apart = sum(holds(confidence_interval(values, alone(values), "mean"), 0.5) for values, _ in made)
    assert together >= 0.90 * TRIES
    assert apart < 0.80 * TRIES


@pytest.mark.parametrize("documents", [3, 5, 9])
def test_a_means_interval_holds_the_truth_where_there_are_few_documents(documents: int) -> None:
    draw = random.Random(6)
    made = [on_documents(draw, documents, each=6) for _ in range(2 * TRIES)]
    assert sum(holds(confidence_interval(*one, "mean"), 0.5) for one in made) >= 0.92 * 2 * TRIES


def test_a_few_documents_interval_is_students_where_that_is_wider() -> None:
    around = confidence_interval([0.4, 0.5, 0.6], ["a", "b", "c"], "mean")
    assert (around.low, around.high) == pytest.approx(
        (0.5 - 4.3027 * 0.1 / 3**0.5, 0.5 + 4.3027 * 0.1 / 3**0.5), abs=1e-4
    )


def test_a_skewed_means_interval_holds_the_truth() -> None:
    draw = random.Random(4)
    made = [[float(draw.random() < 0.1) * draw.random() for _ in range(80)] for _ in range(TRIES)]
    assert sum(holds(confidence_interval(values, alone(values), "mean"), 0.05) for values in made) >= 0.88 * TRIES


def test_a_rates_interval_holds_the_truth_where_documents_err_together() -> None:
    draw = random.Random(5)
    made = []
    for _ in range(TRIES):
        shares, documents = on_documents(draw, documents=16, each=30)
        made.append(([float(draw.random() < share) for share in shares], documents))
    assert sum(holds(confidence_interval(values, documents, "rate"), 0.5) for values, documents in made) >= 0.90 * TRIES
    assert sum(holds(confidence_interval(values, alone(values), "rate"), 0.5) for values, _ in made) < 0.85 * TRIES


# Where resampling tells nothing


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_equal_values_have_the_interval_of_a_rate_and_not_one_of_no_width(value: float) -> None:
    values = [value] * 40
    assert confidence_interval(values, alone(values), "mean") == confidence_interval(values, alone(values), "rate")
    assert confidence_interval(values, ["a"] * 20 + ["b"] * 20, "mean") == confidence_interval(
        values, alone(values), "mean"
    )


def test_one_question_tells_almost_nothing() -> None:
    assert confidence_interval([1.0], ["a"], "mean") == confidence_interval([1.0], ["a"], "rate")
    assert confidence_interval([1.0], ["a"], "mean").low < 0.3


def test_of_one_document_its_questions_are_resampled() -> None:
    values = [n / 39 for n in range(40)]
    assert confidence_interval(values, ["a"] * 40, "mean") == confidence_interval(values, alone(values), "mean")


def test_of_documents_that_are_alike_their_questions_are_resampled() -> None:
    values = [0.0, 1.0] * 20
    assert confidence_interval(values, ["a"] * 20 + ["b"] * 20, "mean") == confidence_interval(
        values, alone(values), "mean"
    )


def test_values_that_differ_by_rounding_alone_are_equal() -> None:
    values = [0.1 + 0.2, 0.3] * 20
    around, alike = (
        confidence_interval(values, alone(values), "mean"),
        confidence_interval([0.3] * 40, alone(values), "mean"),
    )
    assert (around.low, around.high) == pytest.approx((alike.low, alike.high))


# Whatever is measured


@given(told=st.lists(st.tuples(UNIT, st.sampled_from("abcd")), min_size=1, max_size=12), seed=st.integers(0, 9))
def test_a_means_interval_lies_within_0_and_1_and_the_order_of_the_questions_does_not_matter(
    told: list[tuple[float, str]], seed: int
) -> None:
    around = confidence_interval([value for value, _ in told], [name for _, name in told], "mean")
    assert 0 <= around.low <= around.high <= 1
    random.Random(seed).shuffle(told)
    assert confidence_interval([value for value, _ in told], [name for _, name in told], "mean") == around


@given(values=st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=30))
def test_a_rates_interval_holds_the_rate(values: list[float]) -> None:
    around = confidence_interval(values, alone(values), "rate")
    assert around.low - 1e-9 <= fmean(values) <= around.high + 1e-9


def test_thousands_of_questions_take_no_gigabytes() -> None:
    values = [n % 7 / 6 for n in range(6000)]
    tracemalloc.start()
    around = confidence_interval(values, alone(values), "mean")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert around.high - around.low < 0.03
    assert peak < 300e6
