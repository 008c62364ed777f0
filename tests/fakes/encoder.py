"""An encoder that needs no model: a bag of stems, hashed."""

import re
import zlib
from collections.abc import Sequence

import numpy as np

from indexes.text.tokenization import stems
from indexes.types import Matrix

_TOKEN = re.compile(r"\w+|[^\w\s]")


class WordsEncoder:
    """Texts are alike as far as they share stems. ``encoded`` are all the texts it was given, in order."""

    def __init__(self, name: str = "words", *, dimensions: int = 384, max_tokens: int = 128) -> None:
        self.name = name
        self.dimensions = dimensions
        self.max_tokens = max_tokens
        self.encoded: list[str] = []
        self.calls = 0

    def count_tokens(self, text: str) -> int:
        """Words, and each mark that is not a space."""
        return len(_TOKEN.findall(text))

    def encode(self, texts: Sequence[str], /) -> Matrix:
        self.calls += 1
        self.encoded.extend(texts)
        rows: Matrix = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for stem in stems(text) or [""]:
                row[zlib.crc32(stem.encode()) % self.dimensions] += 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    def encode_query(self, texts: Sequence[str], /) -> Matrix:
        return self.encode(texts)
