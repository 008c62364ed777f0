"""The seams of the index. Each has one concern and at least two implementations (one may be the tests' fake)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from indexes.types import Document, Extraction, Hit, Matrix, Passage, Query


class Reader(Protocol):
    """Reads one family of file formats."""

    def __call__(self, path: Path) -> Extraction:
        """Raise ``ReadError`` with the reason in words where the file cannot be read."""


class Splitter(Protocol):
    """Cuts documents into passages."""

    @property
    def version(self) -> str:
        """Names the way it splits: where it differs, the same text may give other passages."""

    def split(self, document: Document) -> list[Passage]:
        """Passages in the order of the text, each within the encoder's limit."""


class Encoder(Protocol):
    """Turns texts into vectors whose inner product is their likeness."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """How much of a text is read, in its own tokens, its special tokens not counted."""

    def count_tokens(self, text: str) -> int: ...

    def encode(self, texts: Sequence[str], /) -> Matrix:
        """Unit rows, shape (len(texts), dimensions)."""

    def encode_query(self, texts: Sequence[str], /) -> Matrix:
        """As ``encode``, for what is looked for: some models embed a question in another way than a text."""


class Reranker(Protocol):
    """Reads a query and a text together and scores the pair."""

    @property
    def name(self) -> str: ...

    def score(self, query: str, texts: Sequence[str], /) -> list[float]:
        """One a text, in their order; higher is better, on the model's own scale."""


class Retriever(Protocol):
    """Finds passages, best first."""

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """At most ``limit`` hits, each of them current, readable by the query's audience and within its filters."""
