"""Find the confidence below which it is best to decline, from questions that were all answered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.optional import eval_extra
from eval.types import CaseScores, GoldCase, Row
from indexes.errors import FootnoteError

with eval_extra():
    from sklearn.metrics import roc_curve
    from sklearn.model_selection import StratifiedGroupKFold

_FEWEST = 10
_FOLDS = 5
_RESAMPLES = 1000
_SEED = 20240229
_DIGITS = 3
"""Digits of a threshold, or as many more as separate the confidences beside it."""
_MOST_DIGITS = 18

_ROUNDING = 1e-9

_Numbers = NDArray[np.float64]


class CalibrationError(FootnoteError):
    """No threshold can be found on these questions."""

    kind = "bad-calibration"


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of a threshold on a sample, each a share from 0 to 1."""

    threshold: float
    declined_answerable: float
    answered_unanswerable: float
    coverage: float
    """Share of all questions that is answered."""
    accuracy: float
    """Share of the answers that are right. An answer to an unanswerable question is wrong."""

    @property
    def balanced(self) -> float:
        """Mean of the shares of answerable questions answered and unanswerable declined: (1 + Youden's J) / 2."""
        return 1 - (self.declined_answerable + self.answered_unanswerable) / 2


@dataclass(frozen=True, slots=True)
class Sample:
    """Arrays with an entry per question. ``confidence`` is -1 where even a threshold of 0 declines."""

    confidence: _Numbers
    answerable: NDArray[np.bool_]
    correct: _Numbers
    clusters: NDArray[np.str_]

    def take(self, entries: NDArray[np.intp]) -> "Sample":
        """Return the sample of these entries, which may repeat."""
        return Sample(self.confidence[entries], self.answerable[entries], self.correct[entries], self.clusters[entries])

    @property
    def has_both_kinds(self) -> bool:
        """Whether it has answerable and unanswerable questions."""
        return bool(self.answerable.any() and not self.answerable.all())

    def resamples(self) -> Iterator["Sample"]:
        """Yield bootstrap samples of whole documents, since questions on one document err together."""
        random = np.random.default_rng(_SEED)
        members = [np.flatnonzero(self.clusters == name) for name in np.unique(self.clusters)]
        for _ in range(_RESAMPLES):
            draw = random.integers(len(members), size=len(members))
            yield self.take(np.concatenate([members[i] for i in draw]))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The chosen threshold with its interval, its errors on the sample, and the errors of thresholds held out."""

    chosen: Errors
    low: float
    high: float
    """95 % of the thresholds that resamples of the documents choose lie from ``low`` to ``high``."""
    held_out: Errors
    """Each question under the threshold of the folds without its document; ``threshold`` is their mean."""
    curve: tuple[Errors, ...]


def check_sample_size(answerable: Sequence[bool]) -> None:
    """Raise ``CalibrationError`` where there are too few answerable or unanswerable questions."""
    for count, kind in ((answerable.count(True), "answerable"), (answerable.count(False), "unanswerable")):
        if count < _FEWEST:
            raise CalibrationError(f"{count} {kind} questions are too few to find a threshold: it takes {_FEWEST}.")


def make_sample(cases: Sequence[GoldCase], rows: Mapping[str, Row], scored: Mapping[str, CaseScores]) -> Sample:
    """Return the sample of all questions that did not fail. Raises ``CalibrationError`` where it is too small."""
    asked = [(case, rows[case.id], scored[case.id]) for case in cases if rows[case.id].error is None]
    answerable = [case.answerable for case, _, _ in asked]
    check_sample_size(answerable)
    confidence = [-1.0 if row.declined or row.confidence is None else row.confidence for _, row, _ in asked]
    correct = [score.scores.get("correct", 0.0) if case.answerable else 0.0 for case, _, score in asked]
    clusters = [score.cluster for _, _, score in asked]
    return Sample(np.array(confidence), np.array(answerable, dtype=bool), np.array(correct), np.array(clusters))


def calibrate(sample: Sample, max_declined: float = 1.0) -> Calibration:
    """Return the threshold that best balances both errors and declines at most this share of the answerable questions.

    Raises ``CalibrationError`` where there is none.
    """
    chosen = find_threshold(sample, max_declined)
    bests = (_best_threshold(resample, max_declined) for resample in sample.resamples() if resample.has_both_kinds)
    low, high = np.percentile([best for best in bests if best is not None], [2.5, 97.5])
    thresholds, documents = np.empty(len(sample.confidence)), len(np.unique(sample.clusters))
    if documents < 2:
        raise CalibrationError("All questions are of one document, so none can be held out.")
    folds = StratifiedGroupKFold(n_splits=min(_FOLDS, documents), shuffle=True, random_state=_SEED)
    for train, test in folds.split(sample.confidence, sample.answerable, sample.clusters):
        thresholds[test] = find_threshold(sample.take(train), max_declined)
    curve = tuple(errors_at(sample, threshold) for threshold in np.linspace(0, 1, 101))
    return Calibration(errors_at(sample, chosen), float(low), float(high), errors_at(sample, thresholds), curve)


def errors_at(sample: Sample, threshold: float | _Numbers) -> Errors:
    """Return the errors under one threshold, or under an array with one for each question."""
    answered = sample.confidence >= threshold
    return Errors(
        threshold=float(np.mean(threshold)),
        declined_answerable=float(np.mean(~answered[sample.answerable])),
        answered_unanswerable=float(np.mean(answered[~sample.answerable])),
        coverage=float(np.mean(answered)),
        accuracy=float(sample.correct[answered].mean()) if answered.any() else 0.0,
    )


def find_threshold(sample: Sample, max_declined: float = 1.0) -> float:
    """Return the threshold of the best balance. Raises ``CalibrationError`` where none declines few enough."""
    if not sample.has_both_kinds:
        raise CalibrationError(
            "One document has all answerable or all unanswerable questions, so no document can be held out."
        )
    best = _best_threshold(sample, max_declined)
    if best is None:
        raise CalibrationError(f"No threshold declines at most {max_declined:.1%} of the answerable questions.")
    return best


def _best_threshold(sample: Sample, max_declined: float) -> float | None:
    """The middle of equally good ones, halfway between two confidences, in the fewest digits that separate these.

    Rounded further, it would decline or answer another question.
    """
    wrongly, rightly, cuts = roc_curve(sample.answerable, sample.confidence, drop_intermediate=False)
    allowed = (1 - rightly <= max_declined + _ROUNDING) & (cuts >= 0)
    if not allowed.any():
        return None
    balance = np.where(allowed, rightly - wrongly, -np.inf)
    best = np.flatnonzero(balance >= balance.max() - _ROUNDING)
    middle = best[len(best) // 2]
    above = min(float(cuts[middle]), 1.0)
    below = float(cuts[middle + 1]) if middle + 1 < len(cuts) else -1.0
    rounded = (round((max(below, 0.0) + above) / 2, digits) for digits in range(_DIGITS, _MOST_DIGITS))
    return next((threshold for threshold in rounded if below < threshold <= above), above)
