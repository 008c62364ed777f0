"""Writes an index folder, one writer at a time, into the generation of its embedding model."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self, Unpack

from indexes.errors import ChromaUnavailableError, EncoderMismatchError, IndexMissingError, IndexUnreadableError
from indexes.ingest.rule_application import Rules
from indexes.ingest.sync import Leave, Sync, SyncListener, SyncReport
from indexes.ingest.uploads import UPLOADED, uploads_of
from indexes.protocols import Encoder, Splitter
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file, chroma_folder, model_of
from indexes.storage.lock import writer_lock
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors
from indexes.vectors.snapshots import SnapshotError, SnapshotStore

FULL_LEAVE: Final = Leave(allow_delete=True, allow_unmatched_rules=True, allow_wider_access=True)
"""What a run is allowed over an index that serves nobody, such as one of an evaluation."""
StoreOf = Callable[[Path, Catalog], SnapshotStore]
"""Returns the store of a generation's Chroma snapshots."""


class IndexWriter:
    """Holds the writer's lock while it is open. Entering raises ``IndexLockedError`` if another process has it."""

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

    def run(self, roots: Sequence[Path], listener: SyncListener, **leave: Unpack[Leave]) -> SyncReport:
        """Make the index equal to the folders, as ``Sync.run`` does; then let this model's generation answer."""
        before = self._generations.current
        with self._sync(before) as sync:
            report = sync.run(roots, listener, **leave)
            self._generations.switch(self._target)
        for generation in self._generations.others(before):  # a reader of the one before may go on until the next run
            try:
                with closing(Catalog(catalog_file(generation))) as catalog:
                    self._store(generation, catalog).keep(())
            except (ChromaUnavailableError, SnapshotError):
                continue  # only this catalog knows what the server has of it: kept for the next run
            except (IndexMissingError, IndexUnreadableError):
                pass
            self._generations.drop(generation)
        return report

    def run_uploads(self, listener: SyncListener) -> SyncReport:
        """Index the uploads only. Raises ``EncoderMismatchError`` while the index is made anew by another model."""
        if self._target != (answering := self._generations.current):
            raise EncoderMismatchError(f"The index is made anew with {model_of(answering)}: ask again.")
        with self._sync(answering) as sync:
            return sync.run_uploads(listener)

    @contextmanager
    def _sync(self, answering: Path) -> Iterator[Sync]:
        """Open a sync into this model's generation, beside the one that answers."""
        uploads = uploads_of(self._folder)
        with ExitStack() as opening:
            vectors = ChromaVectors(self._store(self._target, self.catalog), self.catalog)
            opening.callback(vectors.close)
            earlier = (
                None if self._target == answering else opening.enter_context(closing(Catalog(catalog_file(answering))))
            )
            yield Sync(
                self.catalog,
                vectors,
                self._encoder,
                self._splitter,
                self._limits,
                (UPLOADED, *self._rules) if uploads else self._rules,
                earlier=earlier,
                uploads=uploads,
            )
