"""How far a mean over questions may be from that over all questions like them: 95 % intervals."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eval.optional import eval_extra

with eval_extra():
    from scipy.stats import bootstrap, t
    from statsmodels.stats.proportion import proportion_confint

_RESAMPLES = 2000
_SEED = 0
"""Fixed: equal values have equal intervals."""
_AT_ONCE = 4_000_000
"""Resampled numbers held in memory."""
_FEW = 20
"""Documents; of fewer the bootstrap sees too little spread."""
_ALIKE = 1e-9
"""Spread that is but rounding."""


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def confidence_interval(values: Sequence[float], clusters: Sequence[str], kind: Literal["rate", "mean"]) -> Interval:
    """Of the mean of one value a question, not empty, from 0 to 1; ``clusters`` are their documents.

    Questions on one document err together. Rates have Wilson's interval for as many questions as theirs are worth;
    means have the BCa bootstrap's over documents, widened to Student's t where those are few. Where documents cannot
    be resampled, being one, or all alike, questions are; where those are alike, Wilson's is given for their mean:
    nothing within 0 and 1 varies more than a rate. The order of the questions does not matter.
    """
    if kind == "rate":
        return _wilson(values, _worth(values, clusters))
    for groups in (clusters, range(len(values))):
        if found := _resampled(values, groups):
            return found
    return _wilson(values, len(values))


def _wilson(values: Sequence[float], worth: float) -> Interval:
    low, high = proportion_confint(math.fsum(values) / len(values) * worth, worth, method="wilson")
    return Interval(float(low), float(high))


def _worth(values: Sequence[float], clusters: Sequence[str]) -> float:
    """How many questions on a document each would vary as much as these: their number by the design effect.

    After Kish: the variance between documents by that of as many questions drawn singly, at least 1.
    """
    sums, counts = _totals(values, clusters)
    number, mean = len(values), math.fsum(values) / len(values)
    if len(sums) < 2 or mean in (0, 1):
        return number
    between = float(((sums - mean * counts) ** 2).sum()) * len(sums) / (len(sums) - 1) / number**2
    return number / max(1.0, between / (mean * (1 - mean) / (number - 1)))


def _resampled(values: Sequence[float], groups: Sequence[Hashable]) -> Interval | None:
    """None where resampling shows no spread."""
    sums, counts = _totals(values, groups)
    if len(sums) < 2 or np.ptp(sums / counts) < _ALIKE:
        return None
    bounds = np.array([_bca(sums, counts), *([_student(sums, counts)] if len(sums) < _FEW else [])])
    low, high = np.fmin.reduce(bounds[:, 0]), np.fmax.reduce(bounds[:, 1])
    return Interval(float(low), float(high)) if low < high else None  # nor is nan, where it cannot be corrected


def _bca(sums: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    batch = max(1, _AT_ONCE // len(sums))
    told = bootstrap(
        (sums, counts),
        _mean,
        paired=True,
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=batch,
        method="BCa",
        rng=_SEED,
    )
    low, high = told.confidence_interval
    return float(low), float(high)


def _student(sums: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Of the ratio of both, linearised, within 0 and 1."""
    documents, number = len(sums), math.fsum(counts)
    mean = math.fsum(sums) / number
    error = math.sqrt(math.fsum((sums - mean * counts) ** 2) * documents / (documents - 1)) / number
    half = float(t.ppf(0.975, documents - 1)) * error
    return max(0.0, mean - half), min(1.0, mean + half)


def _totals(values: Sequence[float], groups: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    """A group's sum and count, in an order that is the same for any order of the questions."""
    members = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        members[group].append(value)
    totals = sorted((math.fsum(group), len(group)) for group in members.values())
    return np.array([total for total, _ in totals]), np.array([count for _, count in totals])


def _mean(sums: np.ndarray, counts: np.ndarray, axis: int) -> Any:
    return sums.sum(axis=axis) / counts.sum(axis=axis)
