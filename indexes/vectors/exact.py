"""Exact search: the nearest of many vectors, compared one by one."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from indexes.types import Matrix

_SPARE = 50
"""Rows kept beyond the limit: rounding may have ranked them behind others that are equally near."""
_DIGITS = 9


def nearest(
    batches: Iterable[tuple[list[str], Matrix]], vector: NDArray[np.float32], limit: int
) -> list[tuple[str, float]]:
    """The ids of the nearest rows with their cosines, nearest first, equal cosines by id.

    Cosines are summed in double precision and rounded, so they do not depend on how rows were batched.
    """
    cosine_of: dict[str, float] = {}
    precise, count = vector.astype(np.float64), limit + _SPARE
    for ids, rows in batches:
        rough = rows @ vector
        best = np.argpartition(-rough, count)[:count] if count < len(rough) else np.arange(len(rough))
        cosines = np.round(rows[best].astype(np.float64) @ precise, _DIGITS).tolist()
        cosine_of.update(zip((ids[n] for n in best), cosines, strict=True))
    return sorted(cosine_of.items(), key=lambda item: (-item[1], item[0]))[:limit]
