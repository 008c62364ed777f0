"""Search over vectors: Chroma holds fast copies of the catalog's vectors, immutable snapshots of one revision each.

A search asks the snapshot, and compares exactly with what the catalog committed since. So nothing acknowledged is
missing, and no process writes a store that another reads. Chroma only proposes ids: the catalog decides which are
current, and gives the vectors. If Chroma fails, the catalog answers alone, with the same results.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog
from indexes.types import Matrix
from indexes.vectors.current_snapshot import CurrentSnapshot
from indexes.vectors.snapshots import BATCH, OpenSnapshot, Progress, Snapshot, SnapshotError, SnapshotStore

_PUBLISH_SHARE = 0.05
"""Of the snapshot's size. Fewer changes are left to exact comparison, which costs less than a new snapshot."""
_REBUILD_SHARE = 0.3
"""Of the snapshot's size. After more removals HNSW finds less, so the next snapshot starts from nothing."""
_SPARE = 50
"""Ids that Chroma is asked for beyond the limit: some are not current, and HNSW's last are its least certain."""
_SPARE_ROWS = 50
"""Rows compared again beyond the limit: rounding may have ranked them behind others that are equally near."""
_COSINE_DIGITS = 9

_Batches: TypeAlias = Iterable[tuple[list[str], Matrix]]


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What searches use until the catalog changes, or until a store that failed is tried again."""

    state: tuple[int, str | None]
    until: float
    opened: OpenSnapshot | None
    recent: list[tuple[list[str], Matrix]]
    recent_ids: frozenset[str]


def nearest(batches: _Batches, vector: NDArray[np.float32], limit: int) -> list[tuple[str, float]]:
    """The ids of the nearest rows with their cosines, nearest first, equal cosines by id: exact, row by row.

    Cosines are summed in double precision and rounded, so they do not depend on how rows were batched.
    """
    cosine_of: dict[str, float] = {}
    precise, count = vector.astype(np.float64), limit + _SPARE_ROWS
    for ids, rows in batches:
        rough = rows @ vector
        best = np.argpartition(-rough, count)[:count] if count < len(rough) else np.arange(len(rough))
        cosines = np.round(rows[best].astype(np.float64) @ precise, _COSINE_DIGITS).tolist()
        cosine_of.update(zip((ids[n] for n in best), cosines, strict=True))
    return sorted(cosine_of.items(), key=lambda item: (-item[1], item[0]))[:limit]


def describe_rebuild(reason: str, vectors: int, seconds: float) -> str:
    """A sentence that says that a damaged snapshot was built anew."""
    return f"Chroma's copy was made anew from the catalog, as {reason}: {vectors} vectors in {seconds:.1f} s."


class ChromaVectors:
    """Nearest vectors by cosine. Safe to search from many threads; ``publish`` needs the writer's lock."""

    def __init__(self, store: SnapshotStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._current = CurrentSnapshot(store, catalog)
        self._lock = threading.Lock()
        self._view: _View | None = None

    def search(self, vector: NDArray[np.float32], *, limit: int) -> list[tuple[str, float]]:
        """The hashes of embedded texts with their cosines, nearest first. Fewer than ``limit`` if there are no more."""
        while True:  # ends: each failure rules out a snapshot or its store, and the catalog alone cannot fail so
            with self._lock:
                state = (self._catalog.revision, self._current.state)
                view = self._view
                if view is None or view.state != state or time.monotonic() >= view.until:
                    opened = self._current.open()
                    recent = list(self._catalog.vectors(after=opened.snapshot.revision if opened else 0, batch=BATCH))
                    ids = frozenset(encoded for batch, _ in recent for encoded in batch)
                    view = self._view = _View(state, self._current.retry_at, opened, recent, ids)
            if view.opened is None:
                return nearest(view.recent, vector, limit)
            try:
                candidates = self._candidates(view, view.opened, vector, limit)
            except (SnapshotError, ChromaUnavailableError) as error:
                self._current.distrust(view.opened.snapshot, error)
                with self._lock:
                    if self._view is view:
                        self._view = None
            else:
                return nearest([*candidates, *view.recent], vector, limit)

    def pending(self) -> int:
        """The number of changes that the snapshot lacks; of all vectors if no snapshot can be used."""
        return self._lacks(self._current.checked())

    def damaged(self) -> str | None:
        """Why the snapshot must be built anew: it is lost, damaged, or in another store than is configured.

        None if it can be used, if none was made yet, or if its store only does not answer for now.
        """
        return self._current.damaged()

    def lost(self) -> str | None:
        """``damaged`` as far as it is known without opening anything."""
        return self._current.lost()

    def publish(self, progress: Progress = lambda _: None, *, force: bool = False) -> bool:
        """Build a snapshot of the present revision, delete what a killed process left, and return True.

        Returns False if too little changed to be worth it, or if Chroma fails: the catalog answers alone then.
        ``force`` builds from nothing whatever changed, and raises ``ChromaUnavailableError`` if that fails.
        """
        try:
            record = self._current.read()
            self._store.keep(record.names if record else ())
            base = None if force else self._current.checked()
            pending = self._lacks(base)
            if not force and (pending == 0 or (base and pending < base.count * _PUBLISH_SHARE)):
                return False
            if base and not self._current.open():  # whole, and yet Chroma cannot read it
                base = None
            if base and len(self._catalog.removed(after=base.revision)) >= base.count * _REBUILD_SHARE:
                base = None
            snapshot = self._store.build(self._catalog, base, progress)
            names = self._current.replace(snapshot).names
            self._catalog.forget_removals(until=snapshot.revision)
            self._store.keep(names)
        except (SnapshotError, ChromaUnavailableError, OSError) as error:
            if force:
                raise ChromaUnavailableError(f"Chroma cannot take the vectors: {error}") from error
            self._current.warn(error)
            return False
        return True

    def faults(self) -> list[str]:
        """The differences between the snapshot and the catalog at its revision, in sentences."""
        opened = self._current.open(warn=False)
        if opened is None:
            has_vectors = any(ids for ids, _ in self._catalog.vectors(after=0, batch=BATCH))
            return [self._current.trouble()] if has_vectors or self._current.read() is not None else []
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
        """Drop the open snapshot."""
        with self._lock:
            self._view = None
        self._current.close()

    def _lacks(self, snapshot: Snapshot | None) -> int:
        after = snapshot.revision if snapshot else 0
        return self._catalog.added(after=after) + (len(self._catalog.removed(after=after)) if snapshot else 0)

    def _candidates(self, view: "_View", snapshot: OpenSnapshot, vector: NDArray[np.float32], limit: int) -> _Batches:
        """The current vectors near ``vector`` that the snapshot holds; all vectors if HNSW does not reach enough."""
        count = limit + _SPARE
        while True:
            count = min(count, snapshot.snapshot.count)
            ids = snapshot.nearest(vector, count) if count else []
            if len(ids) < count:
                return self._catalog.vectors(after=0, batch=BATCH)
            known = [i for i in ids if i not in view.recent_ids]
            batches = list(self._catalog.vectors_of(known, batch=BATCH))
            if count == snapshot.snapshot.count or sum(len(batch) for batch, _ in batches) >= limit:
                return batches
            count *= 4
