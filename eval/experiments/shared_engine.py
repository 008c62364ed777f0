"""One open index under many settings, and each embedding model loaded once for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from indexes.ingest.embedding import check_encoder
from indexes.protocols import Encoder
from indexes.storage.catalog import Catalog
from indexes.vectors.index import ChromaVectors
from rag.engine.engine import Engine, Generation, embedding_of
from rag.settings import EmbeddingSettings, Settings

Encoders = Callable[[EmbeddingSettings, Path], Encoder]
"""``rag.engine.factories.make_encoder``, or one that keeps what it made."""


@dataclass(frozen=True)
class _Shared(Generation):
    """Closing it closes nothing: that is for who opened the other."""

    other: Generation
    encoders: Encoders

    @cached_property
    def catalog(self) -> Catalog:
        return self.other.catalog

    @cached_property
    def vectors(self) -> ChromaVectors:
        return self.other.vectors

    @cached_property
    def encoder(self) -> Encoder:
        encoder = self.encoders(embedding_of(self.catalog, self.settings.embedding), self.settings.models.dir)
        check_encoder(self.catalog, encoder)
        return encoder

    def close(self) -> None: ...


class Tuned(Engine):
    """The index that ``opened`` has open, under other settings; those that shape an index must be the same."""

    def __init__(self, opened: Engine, settings: Settings, encoders: Encoders) -> None:
        super().__init__(settings)
        self._other = opened
        self._encoders = encoders

    def _open(self, folder: Path) -> Generation:
        return _Shared(self.settings, folder, self._other.generation, self._encoders)
