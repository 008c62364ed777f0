"""Paired differences: by hand, against scipy and statsmodels, and what must hold of any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, permutation_test
from statsmodels.stats.contingency_tables import mcnemar

from eval.stats.differences import Difference, holm, paired_difference

Pair = tuple[float, float, str]
EIGHTHS = st.integers(0, 8).map(lambda eighths: eighths / 8)
"""Sums of them are exact, in any order."""
CLUSTER = st.sampled_from("abcd")


def paired(values: st.SearchStrategy[float], least: int = 1, most: int = 12) -> st.SearchStrategy[list[Pair]]:
    return st.lists(st.tuples(values, values, CLUSTER), min_size=least, max_size=most)


def of(pairs: list[Pair], kind: str = "mean") -> Difference:
    before, after, clusters = zip(*pairs, strict=True)
    return paired_difference(before, after, clusters, kind)  # type: ignore[arg-type]


def test_seven_lost_and_one_won_of_ten_by_hand() -> None:
    told = paired_difference([1] * 8 + [0, 0], [0] * 7 + [1, 1, 0], [f"d{i}" for i in range(10)], "rate")
    assert told.value == pytest.approx(-0.6)
    assert told.p == pytest.approx(2 * (1 + 8) / 2**8)  # 7 or 8 of 8 flips on one side, either side
    assert told.low < -0.6 < told.high < 0


def test_three_means_by_hand() -> None:
    told = paired_difference([0.5, 0.5, 0.5], [0.75, 1.0, 0.5], ["a", "b", "c"], "mean")
    assert (told.value, told.p) == (0.25, 0.5)  # one of four flips of two questions is as large, either side


def test_a_loss_of_all_questions_has_an_interval_and_it_stays_within_one() -> None:
    told = paired_difference([1] * 10, [0] * 10, ["a"] * 10, "rate")
    assert told.value == told.low == -1
    assert -1 < told.high < -0.4


def test_questions_of_one_document_widen_the_interval_and_leave_p() -> None:
    before, after = [1.0] * 40, [0.0] * 8 + [1.0] * 32
    apart = paired_difference(before, after, [f"d{i}" for i in range(40)], "rate")
    together = paired_difference(before, after, [f"d{i // 8}" for i in range(40)], "rate")
    assert together.high - together.low > apart.high - apart.low
    assert together.p == apart.p < 0.01  # a document that fell out of the index is no chance


@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_equal_runs_do_not_differ_at_all(kind: str) -> None:
    assert of([(1.0, 1.0, "a"), (0.0, 0.0, "b")], kind) == Difference(0.0, 0.0, 0.0, 1.0)


def test_one_sided_p_is_half_on_the_side_of_the_difference_and_1_on_the_other() -> None:
    told = Difference(-0.1, -0.2, 0.0, 0.04)
    assert (told.p_of(-1), told.p_of(1)) == (0.02, 1.0)
    assert Difference(0.0, 0.0, 0.0, 1.0).p_of(-1) == 1.0


@given(paired(st.sampled_from((0.0, 1.0)), most=60))
def test_p_of_a_rate_is_statsmodels_exact_mcnemar(pairs: list[Pair]) -> None:
    table = [[sum((a, b) == (x, y) for a, b, _ in pairs) for y in (1, 0)] for x in (1, 0)]
    assert of(pairs, "rate").p == mcnemar(table, exact=True).pvalue


@given(paired(st.sampled_from((0.0, 1.0))))
def test_one_sided_p_of_a_rate_is_the_exact_binomial(pairs: list[Pair]) -> None:
    worse, better = sum(a > b for a, b, _ in pairs), sum(a < b for a, b, _ in pairs)
    if worse > better:
        exact = binomtest(worse, worse + better, alternative="greater").pvalue
        assert of(pairs, "rate").p_of(-1) == pytest.approx(exact)


@given(paired(EIGHTHS, least=2, most=9))
def test_p_of_a_mean_is_scipys_over_all_flips_of_all_questions(pairs: list[Pair]) -> None:
    changes = [after - before for before, after, _ in pairs]
    every = permutation_test((changes,), sum, permutation_type="samples", n_resamples=2**9)
    assert of(pairs).p == pytest.approx(every.pvalue)


@given(paired(EIGHTHS))
def test_the_other_way_round_is_the_same_with_the_other_sign(pairs: list[Pair]) -> None:
    there, back = of(pairs), of([(after, before, cluster) for before, after, cluster in pairs])
    assert (there.value, there.p) == (-back.value, back.p)
    assert there.low <= there.value <= there.high


@given(paired(EIGHTHS), st.integers(-2, 2))
def test_what_is_added_to_both_runs_changes_nothing(pairs: list[Pair], shift: int) -> None:
    assert of([(before + shift, after + shift, cluster) for before, after, cluster in pairs]) == of(pairs)


@given(st.data())
def test_the_order_of_the_questions_changes_nothing(data: st.DataObject) -> None:
    pairs = data.draw(paired(EIGHTHS, most=30))
    assert of(data.draw(st.permutations(pairs))) == of(pairs)


def test_many_flips_are_drawn_the_same_each_time() -> None:
    pairs = [(i % 7 / 8, i % 5 / 8, str(i)) for i in range(60)]
    assert of(pairs) == of(pairs)
    assert 0 < of(pairs).p < 0.05


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []
