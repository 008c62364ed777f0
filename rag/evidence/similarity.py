"""The similarity of two texts in meaning, on a scale that does not depend on the encoder."""

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


class SimilarityScale:
    """Scores 0 for texts as different as unrelated sentences, and 1 for equal ones."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Return the similarity of each pair, 0 to 1. Encodes each text once. Raises ``EncoderError``."""
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        rows = dict(zip(texts, self._encoder.encode(texts), strict=True))
        return [self.rescale(float(rows[left] @ rows[right])) for left, right in pairs]

    def rescale(self, cosine: float) -> float:
        """Return the similarity, 0 to 1, that a cosine of this encoder stands for."""
        return min(1.0, max(0.0, (cosine - self._unrelated) / (1 - self._unrelated)))

    @cached_property
    def _unrelated(self) -> float:
        vectors = self._encoder.encode(_UNRELATED)
        pairs = np.triu_indices(len(_UNRELATED), 1)
        return min(0.9, max(0.0, float((vectors @ vectors.T)[pairs].mean())))
