"""Writes an index folder: one writer at a time, into the generation of its embedding model, which then answers."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from indexes.access import AccessRule
from indexes.catalog import Catalog
from indexes.generations import Generations, catalog_file, chroma_folder
from indexes.locking import writer_lock
from indexes.protocols import Encoder, Splitter
from indexes.reading.sandbox import ReadingLimits
from indexes.sync import Listener, Report, Sync
from indexes.vectors import ChromaVectors


class IndexWriter:
    """Holds the writer's lock while it is open; entering raises ``IndexLockedError`` where another process has it."""

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        splitter: Splitter,
        limits: ReadingLimits,
        rules: Sequence[AccessRule] = (),
    ) -> None:
        self._folder = folder
        self._encoder = encoder
        self._splitter = splitter
        self._limits = limits
        self._rules = rules
        self._generations = Generations(folder)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(writer_lock(self._folder))
            self._target = self._generations.of_model(self._encoder.name)
            self._generations.drop_others(self._target)
            self.catalog = Catalog.create(catalog_file(self._target))
            opening.callback(self.catalog.close)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._open.close()

    def run(self, roots: Sequence[Path], listener: Listener, *, allow_delete: bool = False) -> Report:
        """Makes the index equal to the folders, as ``Sync.run`` does; then this model's generation answers."""
        with ExitStack() as opening:
            vectors = ChromaVectors(chroma_folder(self._target), self.catalog)
            opening.callback(vectors.close)
            earlier = None
            if self._target != self._generations.current:
                earlier = Catalog(catalog_file(self._generations.current))
                opening.callback(earlier.close)
            sync = Sync(
                self.catalog, vectors, self._encoder, self._splitter, self._limits, self._rules, earlier=earlier
            )
            report = sync.run(roots, listener, allow_delete=allow_delete)
            self._generations.switch(self._target)
        return report
