"""Writes an index folder: one writer at a time, into the generation of its embedding model, which then answers."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from indexes.catalog import Catalog
from indexes.errors import ChromaUnavailableError, IndexMissingError, IndexUnreadableError
from indexes.generations import Generations, catalog_file, chroma_folder
from indexes.locking import writer_lock
from indexes.protocols import Encoder, Splitter
from indexes.reading.sandbox import ReadingLimits
from indexes.rules import Rules
from indexes.stores.embedded import EmbeddedChroma
from indexes.stores.snapshots import SnapshotError, SnapshotStore
from indexes.sync import Listener, Report, Sync
from indexes.vectors import ChromaVectors

StoreOf = Callable[[Path, Catalog], SnapshotStore]
"""Where the Chroma snapshots of a generation lie."""


class IndexWriter:
    """Holds the writer's lock while it is open; entering raises ``IndexLockedError`` where another process has it."""

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        splitter: Splitter,
        limits: ReadingLimits,
        rules: Rules = (),
        store: StoreOf | None = None,
    ) -> None:
        self._folder = folder
        self._encoder = encoder
        self._splitter = splitter
        self._limits = limits
        self._rules = rules
        self._store = store or (lambda generation, _: EmbeddedChroma(chroma_folder(generation)))
        self._generations = Generations(folder)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(writer_lock(self._folder))
            self._target = self._generations.of_model(self._encoder.name)
            self.catalog = Catalog.create(catalog_file(self._target))
            opening.callback(self.catalog.close)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._open.close()

    def run(self, roots: Sequence[Path], listener: Listener, *, allow_delete: bool = False) -> Report:
        """Makes the index equal to the folders, as ``Sync.run`` does; then this model's generation answers."""
        with ExitStack() as opening:
            vectors = ChromaVectors(self._store(self._target, self.catalog), self.catalog)
            opening.callback(vectors.close)
            earlier, before = None, self._generations.current
            if self._target != before:
                earlier = Catalog(catalog_file(before))
                opening.callback(earlier.close)
            sync = Sync(
                self.catalog, vectors, self._encoder, self._splitter, self._limits, self._rules, earlier=earlier
            )
            report = sync.run(roots, listener, allow_delete=allow_delete)
            self._generations.switch(self._target)
        for generation in self._generations.others(before):  # who has the one before open may go on until the next run
            self._drop(generation)
        return report

    def _drop(self, generation: Path) -> None:
        """Kept for the next run where its Chroma server is away: only its catalog knows what it has there."""
        try:
            with closing(Catalog(catalog_file(generation))) as catalog:
                self._store(generation, catalog).keep(())
        except (ChromaUnavailableError, SnapshotError):
            return
        except (IndexMissingError, IndexUnreadableError):
            pass
        self._generations.drop(generation)
