"""The protocols of the index. Each has one concern and at least two implementations; one may be a fake of the tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from indexes.types import Document, Extraction, Hit, Matrix, Passage, Query


class Reader(Protocol):
    """Reads one family of file formats."""

    def __call__(self, path: Path) -> Extraction:
        """The text of a file. Raises ``ReadError`` with the reason if it cannot be read."""


class Splitter(Protocol):
    """Cuts documents into passages."""

    @property
    def version(self) -> str:
        """The name of the way it splits. Another version may split the same text otherwise."""

    def split(self, document: Document) -> list[Passage]:
        """The passages of a document in order, each within the encoder's limit."""


class Encoder(Protocol):
    """Turns texts into unit vectors, whose inner product is their similarity."""

    @property
    def name(self) -> str:
        """The name of the model."""

    @property
    def dimensions(self) -> int:
        """The length of its vectors."""

    @property
    def max_tokens(self) -> int:
        """The number of tokens of a text that the model reads, without special tokens."""

    def count_tokens(self, text: str) -> int:
        """The number of tokens of a text, without special tokens."""

    def encode(self, texts: Sequence[str], /) -> Matrix:
        """Embed texts: unit rows, shape (len(texts), dimensions)."""

    def encode_query(self, texts: Sequence[str], /) -> Matrix:
        """Embed queries, as ``encode`` does texts: some models embed a query in another way."""


class Reranker(Protocol):
    """Reads a query and a text together and scores the pair."""

    @property
    def name(self) -> str:
        """The name of the model."""

    def score(self, query: str, texts: Sequence[str], /) -> list[float]:
        """A score for each text, in order: higher is better, on the model's own scale."""


class Retriever(Protocol):
    """Finds passages, best first."""

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """At most ``limit`` hits, each current, readable by the query's audience and within its filters."""
