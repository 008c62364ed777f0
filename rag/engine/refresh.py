"""Brings the index of a running server up to date, with the embedding model that answers from it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from indexes.errors import FootnoteError, IndexLockedError
from indexes.ingest.changes import plan_changes
from indexes.ingest.sync import SyncListener, SyncReport
from indexes.ingest.uploads import PREFIX, uploads_of
from indexes.types import Audience
from rag.engine.access_state import path_rules
from rag.engine.engine import Engine, embedding_of, open_writer, writing


class RootsUnknownError(FootnoteError):
    """The index does not know the folders of its documents."""

    kind = "no-roots"


class Refreshing:
    """Syncs the folders of the last ``footnote index``, or the uploads alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self) -> None:
        """Raise ``RootsUnknownError``, or ``IndexLockedError`` if another process writes the index."""
        self._roots()
        with writing(self._engine.settings):
            pass

    def run(self, listener: SyncListener, *, whole: bool) -> SyncReport:
        """Sync everything, or only the uploads. Raises as ``check`` and ``IndexWriter`` do."""
        engine, encoder = self._engine, self._engine.encoder
        embedding = embedding_of(engine.catalog, engine.settings.embedding)
        with open_writer(engine.settings.model_copy(update={"embedding": embedding}), encoder) as writer:
            if engine.encoder is not encoder:
                raise IndexLockedError("Another embedding model took over the index just now.")
            return writer.run(self._roots(), listener) if whole else writer.run_uploads(listener)

    def waiting(self) -> bool:
        """Tell whether uploads wait to be indexed. The server may have been killed before it indexed them."""
        uploads = uploads_of(self._engine.settings.index.dir)
        if uploads is None:
            return False
        before = {path: file for path, file in self._engine.catalog.files().items() if path.startswith(PREFIX)}
        return plan_changes((), before, uploads=uploads).differs

    def path_filter(self, audience: Audience) -> Callable[[str], bool]:
        """Return whether the audience may see a file's path, by the present rules: a path is a secret too."""
        rules = path_rules(self._engine.settings, self._engine.catalog.roots)
        return lambda path: audience.may_read(rules.readers_at(path, path))

    def _roots(self) -> Sequence[Path]:
        roots = self._engine.catalog.roots
        if not roots:
            raise RootsUnknownError(
                "The index does not say where its documents lie: run `footnote index DOCS` once, which notes it down."
            )
        return roots
