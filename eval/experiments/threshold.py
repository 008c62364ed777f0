"""The confidence below which it is best to decline, from questions that were all answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.optional import eval_extra
from eval.types import GoldCase, Row, Scored
from indexes.errors import FootnoteError

with eval_extra():
    from sklearn.metrics import roc_curve
    from sklearn.model_selection import StratifiedGroupKFold

_FEWEST = 10
_FOLDS = 5
_RESAMPLES = 1000
_SEED = 20240229
_DIGITS = 3
"""Of a threshold, where they part the confidences beside it."""
_MOST_DIGITS = 18

_ROUNDING = 1e-9

_Numbers = NDArray[np.float64]


class CalibrationError(FootnoteError):
    """No threshold can be found on these questions."""

    kind = "bad-calibration"


@dataclass(frozen=True, slots=True)
class Errors:
    """What a threshold does to the questions that it is tried on."""

    threshold: float
    declined_answerable: float
    answered_unanswerable: float
    coverage: float
    """Share of all questions that is answered."""
    accuracy: float
    """Share of the answers that are right; an answer to what the documents do not answer is wrong."""

    @property
    def balanced(self) -> float:
        """Mean of the shares of answerable questions answered and unanswerable declined: (1 + Youden's J) / 2."""
        return 1 - (self.declined_answerable + self.answered_unanswerable) / 2


@dataclass(frozen=True, slots=True)
class Sample:
    """An entry a question. ``confidence`` is -1 where even a threshold of 0 declines."""

    confidence: _Numbers
    answerable: NDArray[np.bool_]
    correct: _Numbers
    clusters: NDArray[np.str_]

    def of(self, entries: NDArray[np.intp]) -> "Sample":
        return Sample(self.confidence[entries], self.answerable[entries], self.correct[entries], self.clusters[entries])


@dataclass(frozen=True, slots=True)
class Calibration:
    """The threshold, what it does where it was found, and what thresholds found elsewhere did there."""

    chosen: Errors
    low: float
    high: float
    """Between them lie 95 % of the thresholds that resamples of the documents choose."""
    held_out: Errors
    """Each question under the threshold of the folds without its document; ``threshold`` is their mean."""
    curve: tuple[Errors, ...]


def check_enough(answerable: Sequence[bool]) -> None:
    """Raises ``CalibrationError``."""
    for count, kind in ((answerable.count(True), "answerable"), (answerable.count(False), "unanswerable")):
        if count < _FEWEST:
            raise CalibrationError(f"{count} {kind} questions are too few to find a threshold by: it takes {_FEWEST}.")


def sample(cases: Sequence[GoldCase], rows: Mapping[str, Row], scored: Mapping[str, Scored]) -> Sample:
    """Raises ``CalibrationError`` where too few are answerable, or too few are not; failures are left out."""
    kept = [case for case in cases if rows[case.id].error is None]
    check_enough([case.answerable for case in kept])
    answerable = np.array([case.answerable for case in kept], dtype=bool)
    return Sample(
        np.array([_confidence(rows[case.id]) for case in kept]),
        answerable,
        np.array([scored[case.id].scores.get("correct", 0.0) if case.answerable else 0.0 for case in kept]),
        np.array([scored[case.id].cluster for case in kept]),
    )


def calibrate(of: Sample, max_declined: float = 1.0) -> Calibration:
    """The best balance of both errors among thresholds that decline at most so many of the answerable questions.

    Raises ``CalibrationError`` where none does.
    """
    chosen = threshold(of, max_declined)
    low, high = _interval(of, max_declined)
    steps = np.linspace(0, 1, 101)
    return Calibration(errors(of, chosen), low, high, _held_out(of, max_declined), tuple(errors(of, t) for t in steps))


def errors(of: Sample, at: float | _Numbers) -> Errors:
    """``at`` is one threshold, or one for each question."""
    answered = of.confidence >= at
    return Errors(
        threshold=float(np.mean(at)),
        declined_answerable=float(np.mean(~answered[of.answerable])),
        answered_unanswerable=float(np.mean(answered[~of.answerable])),
        coverage=float(np.mean(answered)),
        accuracy=float(of.correct[answered].mean()) if answered.any() else 0.0,
    )


def threshold(of: Sample, max_declined: float = 1.0) -> float:
    """The one of the best balance. Raises ``CalibrationError`` where none declines at most so many."""
    if of.answerable.all() or not of.answerable.any():
        raise CalibrationError("All answerable questions, or all others, are of one document: none can be held out.")
    best = _best(of, max_declined)
    if best is None:
        raise CalibrationError(f"No threshold declines at most {max_declined:.1%} of the answerable questions.")
    return best


def _best(of: Sample, max_declined: float) -> float | None:
    """Midway between two confidences where one does as well as the other, and the middle of equals."""
    wrongly, rightly, at = roc_curve(of.answerable, of.confidence, drop_intermediate=False)
    allowed = (1 - rightly <= max_declined + _ROUNDING) & (at >= 0)
    if not allowed.any():
        return None
    worth = np.where(allowed, rightly - wrongly, -np.inf)
    best = np.flatnonzero(worth >= worth.max() - _ROUNDING)
    above = best[len(best) // 2]
    return _between(float(at[above + 1]) if above + 1 < len(at) else -1.0, min(float(at[above]), 1.0))


def _between(below: float, above: float) -> float:
    """Midway, in as few digits as part them: rounded further, it would decline what it should not, or answer it."""
    middle = (max(below, 0.0) + above) / 2
    rounded = (round(middle, digits) for digits in range(_DIGITS, _MOST_DIGITS))
    return next((one for one in rounded if below < one <= above), above)


def _interval(of: Sample, max_declined: float) -> tuple[float, float]:
    """Documents are drawn, not questions: those on one document err together."""
    random = np.random.default_rng(_SEED)
    members = [np.flatnonzero(of.clusters == name) for name in np.unique(of.clusters)]
    found = []
    for _ in range(_RESAMPLES):
        drawn = random.integers(len(members), size=len(members))
        again = of.of(np.concatenate([members[i] for i in drawn]))
        one_kind = again.answerable.all() or not again.answerable.any()
        if not one_kind and (best := _best(again, max_declined)) is not None:
            found.append(best)
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _held_out(of: Sample, max_declined: float) -> Errors:
    at, documents = np.empty(len(of.confidence)), len(np.unique(of.clusters))
    if documents < 2:
        raise CalibrationError("All questions are of one document: none can be held out.")
    folds = StratifiedGroupKFold(n_splits=min(_FOLDS, documents), shuffle=True, random_state=_SEED)
    for learned, held in folds.split(of.confidence, of.answerable, of.clusters):
        at[held] = threshold(of.of(learned), max_declined)
    return errors(of, at)


def _confidence(row: Row) -> float:
    return -1.0 if row.declined or row.confidence is None else row.confidence
