"""Chroma holds a fast copy of the catalog's vectors: immutable snapshots, each right as of one revision.

A search asks the snapshot, and compares by hand with what the catalog committed since, so nothing acknowledged is
missing and no process ever writes a store that another reads. Chroma only says what may be near: whether an id is
still current, and its cosine, the catalog decides. Where Chroma fails, the catalog answers alone, and alike.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog
from indexes.types import Matrix
from indexes.vectors.current_snapshot import CurrentSnapshot
from indexes.vectors.exact import nearest
from indexes.vectors.snapshots import BATCH, OpenSnapshot, Progress, Snapshot, SnapshotError, SnapshotStore

_PUBLISH_SHARE = 0.05
"""Of the snapshot's size: fewer changes are left to the comparison by hand, which costs less than a new snapshot."""
_REBUILD_SHARE = 0.3
"""Of the snapshot's size: after more removals HNSW finds less, so it is built from nothing."""
_SPARE = 50
"""Asked of Chroma beyond the limit: some of what it finds is not current, and HNSW's last are its least certain."""

_Batch = tuple[list[str], Matrix]


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What searches use until the catalog changes, or a place that failed is asked again."""

    state: tuple[int, str | None]
    until: float
    opened: OpenSnapshot | None
    recent: list[_Batch]
    recent_ids: frozenset[str]


def describe_rebuild(why: str, vectors: int, seconds: float) -> str:
    """What was done about a damaged snapshot, for people."""
    return f"Chroma's copy was made anew from the catalog, as {why}: {vectors} vectors in {seconds:.1f} s."


class ChromaVectors:
    """Nearest vectors by cosine. Safe to search from many threads; ``publish`` needs the writer's lock."""

    def __init__(self, store: SnapshotStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._recorded = CurrentSnapshot(store, catalog)
        self._lock = threading.Lock()
        self._view: _View | None = None

    def search(self, vector: NDArray[np.float32], *, limit: int) -> list[tuple[str, float]]:
        """Hashes of embedded texts and their cosines, nearest first: fewer only where there are no more."""
        while True:  # each failure rules out a snapshot or its place; the catalog alone does not fail so
            view = self._fresh_view()
            if view.opened is None:
                return nearest(view.recent, vector, limit)
            try:
                near = self._near(view.opened, view.recent_ids, vector, limit)
            except (SnapshotError, ChromaUnavailableError) as error:
                self._recorded.distrust(view.opened.snapshot, error)
                self._forget(view)
            else:
                return nearest([*near, *view.recent], vector, limit)

    def pending(self) -> int:
        """How many changes the snapshot lacks: all vectors where there is none that can be used."""
        return self._lacks(self._recorded.checked())

    def damaged(self) -> str | None:
        """Why the recorded snapshot must be made anew: it is lost, damaged, or in another place than is configured.

        None where it can be used, where none was made yet, and where its place only does not answer for now.
        """
        return self._recorded.damaged()

    def lost(self) -> str | None:
        """``damaged``, as far as was seen until now: nothing is opened for it."""
        return self._recorded.lost()

    def publish(self, progress: Progress = lambda _: None, *, force: bool = False) -> bool:
        """Brings Chroma up to the catalog, and clears away what a kill left.

        Returns False where too little changed to pay, or Chroma cannot take it: the catalog answers all the same.
        ``force`` builds it from nothing, and raises ``ChromaUnavailableError`` where that cannot be done.
        """
        try:
            return self._publish(progress, force=force)
        except (SnapshotError, ChromaUnavailableError, OSError) as error:
            if force:
                raise ChromaUnavailableError(f"Chroma cannot take the vectors: {error}") from error
            self._recorded.warn(error)
            return False

    def faults(self) -> list[str]:
        """How Chroma's snapshot differs from what the catalog held at its revision."""
        opened = self._recorded.open(aloud=False)
        if opened is None:
            return [self._recorded.trouble()]
        try:
            stored = opened.ids()
        except (SnapshotError, ChromaUnavailableError) as error:
            return [f"the Chroma snapshot cannot be read: {error}"]
        after = opened.snapshot.revision
        recent = {i for ids, _ in self._catalog.vectors(after=after, batch=BATCH) for i in ids}
        current = {i for ids, _ in self._catalog.vectors(after=0, batch=BATCH) for i in ids}
        missing = len(current - recent - stored)
        stale = len(stored - current - set(self._catalog.removed(after=after)))
        return [
            f"Chroma {what} {count} vectors: `footnote rebuild` makes it anew"
            for what, count in (("lacks", missing), ("holds, and the catalog does not,", stale))
            if count
        ]

    def close(self) -> None:
        with self._lock:
            self._view = None
        self._recorded.close()

    def _publish(self, progress: Progress, *, force: bool) -> bool:
        record = self._recorded.read()
        self._store.keep(record.names if record else ())
        base = None if force else self._recorded.checked()
        pending = self._lacks(base)
        if not force and (pending == 0 or (base and pending < base.count * _PUBLISH_SHARE)):
            return False
        if base and not self._recorded.open():  # whole, and yet Chroma cannot read it
            base = None
        if base and len(self._catalog.removed(after=base.revision)) >= base.count * _REBUILD_SHARE:
            base = None
        snapshot = self._store.build(self._catalog, base, progress)
        followed = self._recorded.follow(snapshot)
        self._catalog.forget_removals(until=snapshot.revision)
        self._store.keep(followed.names)
        return True

    def _lacks(self, snapshot: Snapshot | None) -> int:
        after = snapshot.revision if snapshot else 0
        return self._catalog.added(after=after) + (len(self._catalog.removed(after=after)) if snapshot else 0)

    def _near(
        self, opened: OpenSnapshot, recent: frozenset[str], vector: NDArray[np.float32], limit: int
    ) -> Iterable[_Batch]:
        """Of the snapshot, what is near, current and has no newer vector; all there is where HNSW does not reach it."""
        asked = limit + _SPARE
        while True:
            asked = min(asked, opened.snapshot.count)
            ids = opened.nearest(vector, asked) if asked else []
            if len(ids) < asked:
                return self._catalog.vectors(after=0, batch=BATCH)
            found = list(self._catalog.vectors_of([i for i in ids if i not in recent], batch=BATCH))
            if asked == opened.snapshot.count or sum(len(batch) for batch, _ in found) >= limit:
                return found
            asked *= 4

    def _fresh_view(self) -> _View:
        with self._lock:
            state = (self._catalog.revision, self._recorded.state)
            view = self._view
            if view is None or view.state != state or time.monotonic() >= view.until:
                view = self._view = self._look(state)
            return view

    def _look(self, state: tuple[int, str | None]) -> _View:
        opened = self._recorded.open()
        recent = list(self._catalog.vectors(after=opened.snapshot.revision if opened else 0, batch=BATCH))
        ids = frozenset(encoded for batch, _ in recent for encoded in batch)
        return _View(state, self._recorded.retry_at, opened, recent, ids)

    def _forget(self, view: _View) -> None:
        with self._lock:
            if self._view is view:
                self._view = None
