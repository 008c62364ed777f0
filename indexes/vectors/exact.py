"""The nearest of many vectors, compared one by one."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from indexes.types import Matrix

_SPARE = 50
"""Rows kept beyond the limit, which rounding may have put behind others that are as near."""
_DIGITS = 9


def nearest(
    batches: Iterable[tuple[list[str], Matrix]], vector: NDArray[np.float32], limit: int
) -> list[tuple[str, float]]:
    """Ids and cosines, nearest first, equals by id.

    Cosines are summed in double precision and rounded, so that they do not depend on which rows came together.
    """
    found: dict[str, float] = {}
    wanted = vector.astype(np.float64)
    for ids, rows in batches:
        best = _best(rows @ vector, limit + _SPARE)
        cosines = np.round(rows[best].astype(np.float64) @ wanted, _DIGITS).tolist()
        found.update(zip((ids[n] for n in best), cosines, strict=True))
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]


def _best(cosines: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    return np.argpartition(-cosines, count)[:count] if count < len(cosines) else np.arange(len(cosines))
