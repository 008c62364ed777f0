"""How two runs of the same questions differ, and whether chance alone makes such a difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eval.optional import eval_extra
from eval.stats.intervals import confidence_interval

with eval_extra():
    from scipy.stats import permutation_test
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.multitest import multipletests

_FLIPS = 9999
"""Sign flips that are drawn. With no more possible (up to 13 questions that differ) all are tried, and p is exact."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The later mean minus the earlier. ``low`` and ``high`` bound it at 95 %; ``p`` is two-sided."""

    value: float
    low: float
    high: float
    p: float

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"

    def p_of(self, sign: int) -> float:
        """Return the one-sided p for a difference of this sign; 1 for the other. The null distribution is symmetric."""
        return self.p / 2 if self.value * sign > 0 else 1.0


def paired_difference(
    before: Sequence[float], after: Sequence[float], clusters: Sequence[str], kind: Literal["rate", "mean"]
) -> Difference:
    """Return the difference of two means over the same questions.

    The interval generalises to other documents: it resamples whole clusters. ``p`` asks whether a second run of the
    same system could differ as much: McNemar's exact test for rates, sign flips for means. It treats questions as
    independent: each is answered anew, and pairing removes the document's effect. Flipping whole clusters would never
    detect that one document fell out of the index.
    """
    changes = np.subtract(after, before)
    total = math.fsum(changes)
    low = high = 0.0
    if changes.any():  # mapped from -1..1 to 0..1, for which intervals are known
        bounds = confidence_interval([float(change) for change in (changes + 1) / 2], clusters, "mean")
        low, high = 2 * bounds.low - 1, 2 * bounds.high - 1
    if kind == "rate":
        better, worse = int((changes > 0).sum()), int((changes < 0).sum())
        p = float(mcnemar([[0, better], [worse, 0]], exact=True).pvalue)
    else:  # sorted, with a positive sum: neither order nor direction changes the flips drawn
        changed, p = np.sort(changes[changes != 0] * np.sign(total)), 1.0
        if total and len(changed) > 1:
            result = permutation_test(
                (changed,), np.sum, permutation_type="samples", vectorized=True, n_resamples=_FLIPS, batch=1000, rng=0
            )
            p = float(result.pvalue)
    return Difference(total / len(changes), low, high, p)


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p values, in their order, adjusted so that all together err in 5 % of cases at .05."""
    return [float(p) for p in multipletests(ps, method="holm")[1]] if ps else []
