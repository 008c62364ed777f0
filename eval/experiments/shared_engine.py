"""One open index under many settings. Each embedding model is loaded once for all of them."""

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
"""``rag.engine.factories.make_encoder``, or a cached one."""


@dataclass(frozen=True)
class _SharedGeneration(Generation):
    """Closing it closes nothing: the owner of ``shared`` does that."""

    shared: Generation
    encoders: Encoders

    @cached_property
    def catalog(self) -> Catalog:
        """The shared catalog."""
        return self.shared.catalog

    @cached_property
    def vectors(self) -> ChromaVectors:
        """The shared vectors."""
        return self.shared.vectors

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that the settings name, checked against the catalog."""
        encoder = self.encoders(embedding_of(self.catalog, self.settings.embedding), self.settings.models.dir)
        check_encoder(self.catalog, encoder)
        return encoder

    def close(self) -> None:
        """Do nothing."""


class EngineVariant(Engine):
    """The index of an open engine under other settings. Settings that shape an index must be the same."""

    def __init__(self, engine: Engine, settings: Settings, encoders: Encoders) -> None:
        super().__init__(settings)
        self._engine = engine
        self._encoders = encoders

    def open_generation(self, folder: Path) -> Generation:
        """Share the open index."""
        return _SharedGeneration(self.settings, folder, self._engine.generation, self._encoders)
