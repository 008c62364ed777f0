"""The threshold below which to decline, on confidences of which the best is known."""

from dataclasses import replace

import numpy as np
import pytest

from eval.experiments.threshold import CalibrationError, Sample, calibrate, errors_at, find_threshold, make_sample
from eval.types import CaseScores, GoldCase, GoldEvidence, Row


def a_sample(answerable: list[float], not_answerable: list[float]) -> Sample:
    """Two questions on each document; all that is answered of the answerable is right."""
    confidence = np.array([*answerable, *not_answerable])
    can = np.array([True] * len(answerable) + [False] * len(not_answerable))
    return Sample(confidence, can, can.astype(float), np.array([f"{can[i]} {i // 2}" for i in range(len(can))]))


APART = a_sample([0.6 + i / 100 for i in range(20)], [0.2 + i / 100 for i in range(20)])
"""0.6 to 0.79 against 0.2 to 0.39."""


def test_confidences_that_lie_apart_are_parted_midway() -> None:
    found = calibrate(APART)
    assert found.chosen.threshold == pytest.approx((0.39 + 0.6) / 2, abs=0.001)
    assert (found.chosen.declined_answerable, found.chosen.answered_unanswerable, found.chosen.balanced) == (0, 0, 1)
    assert (found.chosen.coverage, found.chosen.accuracy) == (0.5, 1)
    assert 0.39 < found.low <= found.chosen.threshold <= found.high < 0.61


def test_the_best_threshold_of_two_known_distributions_is_recovered() -> None:
    """Normal around 0.4 and 0.6 with the same spread: the best is where they cross, and as many err on either side."""
    random = np.random.default_rng(1)
    found = calibrate(a_sample(list(random.normal(0.6, 0.1, 500)), list(random.normal(0.4, 0.1, 500))))
    assert found.chosen.threshold == pytest.approx(0.5, abs=0.04)
    assert found.low < 0.5 < found.high
    assert found.held_out.balanced == pytest.approx(0.841, abs=0.03)  # the normal distribution within one sigma


def test_what_is_held_out_is_no_better_than_chance_where_confidence_tells_nothing() -> None:
    random = np.random.default_rng(2)
    found = calibrate(a_sample(list(random.uniform(0, 1, 40)), list(random.uniform(0, 1, 40))))
    assert found.chosen.balanced > 0.5
    assert found.held_out.balanced < found.chosen.balanced


def test_a_bound_on_declining_what_is_answered_is_kept() -> None:
    mixed = a_sample([0.1, 0.2, 0.5, 0.6, 0.7, 0.7, 0.8, 0.8, 0.9, 0.9], [0.15, 0.3] * 5)
    assert errors_at(mixed, find_threshold(mixed)).declined_answerable == 0.2
    assert errors_at(mixed, find_threshold(mixed, max_declined=0.1)).declined_answerable == 0.1
    assert find_threshold(mixed, max_declined=0.0) == pytest.approx(0.05)


def test_a_threshold_between_confidences_that_are_close_is_not_rounded_past_either() -> None:
    close = a_sample([0.3506, *[0.9] * 9], [0.3505, *[0.1] * 9])
    at = find_threshold(close, max_declined=0.0)
    assert at == 0.3506
    assert (errors_at(close, at).declined_answerable, errors_at(close, at).answered_unanswerable) == (0, 0)
    next_to = a_sample([np.nextafter(0.5, 1), *[0.9] * 9], [0.5, *[0.1] * 9])
    assert errors_at(next_to, find_threshold(next_to, max_declined=0.0)).balanced == 1


def test_what_even_a_threshold_of_nought_declines_is_declined_at_each() -> None:
    mixed = a_sample([-1.0, *[0.5] * 9], [0.4] * 10)
    assert errors_at(mixed, 0.0).declined_answerable == 0.1
    with pytest.raises(CalibrationError, match=r"No threshold declines at most 5.0% of the answerable"):
        find_threshold(mixed, max_declined=0.05)


def test_each_question_is_held_against_a_threshold_found_without_its_document() -> None:
    """One document's questions are all that speak for a low threshold: held out, they are declined."""
    odd = a_sample([0.6] * 18 + [0.3] * 2, [0.25] * 20)
    assert errors_at(odd, find_threshold(odd)).declined_answerable == 0
    assert calibrate(odd).held_out.declined_answerable == pytest.approx(0.1)


def test_a_gold_set_of_one_kind_of_question_is_refused() -> None:
    cases = [GoldCase(str(i), "?", (), (), answerable=i >= 9) for i in range(30)]
    rows = {case.id: Row(case.id, "answered", confidence=0.5) for case in cases}
    scored = {case.id: CaseScores(case.id, "", case.id, "answered", {}) for case in cases}
    with pytest.raises(CalibrationError, match="9 unanswerable questions are too few to find a threshold: it takes 10"):
        make_sample(cases, rows, scored)


def test_one_document_for_all_answerable_questions_cannot_be_held_out() -> None:
    cases = [GoldCase(str(i), "?", (), (GoldEvidence("a.txt"),), answerable=i < 10) for i in range(20)]
    rows = {case.id: Row(case.id, "answered", confidence=0.5 + 0.1 * case.answerable) for case in cases}
    clusters = {case.id: "a.txt" if case.answerable else case.id for case in cases}
    scored = {case.id: CaseScores(case.id, "", clusters[case.id], "answered", {"correct": 1.0}) for case in cases}
    with pytest.raises(CalibrationError, match="so no document can be held out"):
        calibrate(make_sample(cases, rows, scored))


def test_one_document_for_all_questions_cannot_be_held_out() -> None:
    of = a_sample([0.9] * 10, [0.1] * 10)
    with pytest.raises(CalibrationError, match=r"^All questions are of one document, so none can be held out\.$"):
        calibrate(replace(of, clusters=np.array(["a.txt"] * 20)))


def test_failures_are_left_out_and_a_declined_row_counts_as_declined_at_any_threshold() -> None:
    cases = [GoldCase(str(i), "?", ("x",), (), answerable=i % 2 == 0) for i in range(24)]
    rows = {case.id: Row(case.id, "answered", confidence=0.5) for case in cases}
    rows["0"] = Row("0", "failed", error="It is busy.")
    rows["2"] = Row("2", "declined", confidence=0.9)
    scored = {case.id: CaseScores(case.id, "", case.id, "answered", {"correct": 1.0}) for case in cases}
    made = make_sample(cases, rows, scored)
    assert len(made.confidence) == 23
    assert list(made.confidence[:3]) == [0.5, -1.0, 0.5]
    assert made.correct.sum() == 11  # an answer to what has none is not right
