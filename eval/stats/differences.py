"""How two runs of the same questions differ, and whether chance alone makes such a difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.optional import eval_extra
from eval.stats.intervals import confidence_interval

with eval_extra():
    from scipy.stats import permutation_test
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.multitest import multipletests

_FLIPS = 9999
"""Sign flips that are tried; where there are no more than that (13 questions that differ), each is, and p is exact."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Of two means: the later one less the earlier. ``low`` and ``high`` bound it at 95 %; ``p`` is two-sided."""

    value: float
    low: float
    high: float
    p: float

    def p_of(self, sign: int) -> float:
        """One-sided, against a difference of this sign; 1 where it has the other. The tests' nulls are symmetric."""
        return self.p / 2 if self.value * sign > 0 else 1.0


def paired_difference(
    before: Sequence[float], after: Sequence[float], clusters: Sequence[str], kind: Literal["rate", "mean"]
) -> Difference:
    """Of paired values, question by question.

    The interval tells how far it holds for other documents: whole clusters are drawn. ``p`` tells whether running the
    same thing again could have come out so: exact McNemar of rates, sign flips of means. There each question counts by
    itself, since it is answered anew by itself; what its document does to it is in both runs, and pairing takes it
    out. With whole clusters flipped, a document that fell out of the index could never be told from chance.
    """
    changes = np.subtract(after, before)
    low, high = _bounds(changes, clusters)
    return Difference(
        value=math.fsum(changes) / len(changes),
        low=low,
        high=high,
        p=_mcnemar(changes) if kind == "rate" else _sign_flips(changes),
    )


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted so that all of them together err in 5 % of cases at .05; in their order."""
    return [float(p) for p in multipletests(ps, method="holm")[1]] if ps else []


def _bounds(changes: NDArray[np.float64], clusters: Sequence[str]) -> tuple[float, float]:
    """From -1 to 1, as values from 0 to 1 differ: laid between 0 and 1, where intervals are known."""
    if not changes.any():
        return 0.0, 0.0
    bounds = confidence_interval([float(change) for change in (changes + 1) / 2], clusters, "mean")
    return 2 * bounds.low - 1, 2 * bounds.high - 1


def _mcnemar(changes: NDArray[np.float64]) -> float:
    better, worse = int((changes > 0).sum()), int((changes < 0).sum())
    return float(mcnemar([[0, better], [worse, 0]], exact=True).pvalue)


def _sign_flips(changes: NDArray[np.float64]) -> float:
    """Sorted, and turned to be positive: neither their order nor which run came first moves the flips drawn."""
    total = math.fsum(changes)
    changed = np.sort(changes[changes != 0] * np.sign(total))
    if total == 0 or len(changed) < 2:
        return 1.0
    flipped = permutation_test(
        (changed,), np.sum, permutation_type="samples", vectorized=True, n_resamples=_FLIPS, batch=1000, rng=0
    )
    return float(flipped.pvalue)
