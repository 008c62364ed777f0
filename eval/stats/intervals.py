"""95 % confidence intervals of means over questions."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eval.optional import eval_extra

with eval_extra():
    from scipy.stats import bootstrap, t
    from statsmodels.stats.proportion import proportion_confint

_RESAMPLES = 2000
_SEED = 0
"""Fixed: equal values have equal intervals."""
_BATCH_NUMBERS = 4_000_000
"""Resampled numbers held in memory."""
_FEW = 20
"""Documents below which the bootstrap underestimates the spread."""
_ROUNDING = 1e-9
"""Spread that is rounding only."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The bounds of a mean."""

    low: float
    high: float


def confidence_interval(values: Sequence[float], clusters: Sequence[str], kind: Literal["rate", "mean"]) -> Interval:
    """Return the interval of the mean of one value a question, not empty, from 0 to 1; ``clusters`` are documents.

    Errors on one document are correlated. Rates have Wilson's interval for the effective number of questions. Means
    have the BCa bootstrap's over documents, widened to Student's t where documents are few. If documents cannot be
    resampled (there is one, or all are alike), questions are. If those are alike too, the interval is Wilson's: within
    0 and 1 nothing varies more than a rate. The order of the questions does not matter.
    """
    number, mean = len(values), math.fsum(values) / len(values)
    if kind == "mean":
        for groups in (clusters, range(number)):
            if interval := _bootstrap_interval(values, groups):
                return interval
        return _wilson(mean, number)
    sums, counts = _totals(values, clusters)
    if len(sums) < 2 or mean in (0, 1):
        return _wilson(mean, number)
    # Kish's design effect: the variance between documents by that of as many independent questions, at least 1.
    between = float(((sums - mean * counts) ** 2).sum()) * len(sums) / (len(sums) - 1) / number**2
    return _wilson(mean, number / max(1.0, between / (mean * (1 - mean) / (number - 1))))


def _wilson(mean: float, number: float) -> Interval:
    low, high = proportion_confint(mean * number, number, method="wilson")
    return Interval(float(low), float(high))


def _bootstrap_interval(values: Sequence[float], groups: Sequence[Hashable]) -> Interval | None:
    """Return None where resampling shows no spread."""
    sums, counts = _totals(values, groups)
    if len(sums) < 2 or np.ptp(sums / counts) < _ROUNDING:
        return None
    low, high = bootstrap(
        (sums, counts),
        lambda sums, counts, axis: sums.sum(axis=axis) / counts.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=max(1, _BATCH_NUMBERS // len(sums)),
        method="BCa",
        rng=_SEED,
    ).confidence_interval
    if len(sums) < _FEW:  # Student's t of the ratio of both, linearised, within 0 and 1
        documents, number = len(sums), math.fsum(counts)
        mean = math.fsum(sums) / number
        error = math.sqrt(math.fsum((sums - mean * counts) ** 2) * documents / (documents - 1)) / number
        half = float(t.ppf(0.975, documents - 1)) * error
        low, high = np.fmin(low, max(0.0, mean - half)), np.fmax(high, min(1.0, mean + half))
    return Interval(float(low), float(high)) if low < high else None  # nor is nan, where it cannot be corrected


def _totals(values: Sequence[float], groups: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    """Return each group's sum and count, in an order that does not depend on that of the questions."""
    members = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        members[group].append(value)
    totals = sorted((math.fsum(group), len(group)) for group in members.values())
    return np.array([total for total, _ in totals]), np.array([count for _, count in totals])
