"""How alike two texts are in meaning, on a scale that does not depend on the encoder."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from indexes.protocols import Encoder

_UNRELATED = (
    "The committee meets on the first Monday of each month.",
    "Salmon swim upstream to lay their eggs.",
    "Install the package before you run the script.",
    "Her second novel was translated into nine languages.",
    "Interest is paid at the end of the quarter.",
    "The bridge was closed to lorries after the storm.",
)
"""The cosine of unrelated sentences is near 0 by some models, and .6 by others."""


class Likeness:
    """0 as unrelated sentences are, 1 as equal ones."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def of(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """One batch, each text once. Raises ``EncoderError``."""
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        rows = dict(zip(texts, self._encoder.encode(texts), strict=True))
        return [self.scaled(float(rows[one] @ rows[other])) for one, other in pairs]

    def scaled(self, cosine: float) -> float:
        return min(1.0, max(0.0, (cosine - self._unrelated) / (1 - self._unrelated)))

    @cached_property
    def _unrelated(self) -> float:
        vectors = self._encoder.encode(_UNRELATED)
        pairs = np.triu_indices(len(_UNRELATED), 1)
        return min(0.9, max(0.0, float((vectors @ vectors.T)[pairs].mean())))
