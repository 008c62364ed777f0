"""Chroma holds a fast copy of the catalog's vectors: immutable snapshots, each right as of one revision.

A search asks the snapshot, and compares by hand with what the catalog committed since, so nothing acknowledged is
missing and no process ever writes a store that another reads. Embedded Chroma does not survive a kill while it
writes: a snapshot is therefore built aside and takes its place by one commit to the catalog. Whether an id is still
current, and who may see it, the catalog decides.
"""

import json
import logging
import os
import shutil
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexes.catalog import Catalog
from indexes.errors import IndexUnreadableError
from indexes.types import Matrix

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

_log = logging.getLogger(__name__)
_COLLECTION = "passages"
_KEY = "vectors"
_BATCH = 5000
"""Chroma takes at most 5,461 records at once."""
_HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
_PUBLISH_SHARE = 0.05
"""Of the snapshot's size: fewer changes are left to the comparison by hand, which costs less than a new snapshot."""
_REBUILD_SHARE = 0.3
"""Of the snapshot's size: after more removals HNSW finds less, so it is built from nothing."""
_chroma = threading.RLock()
"""Held to open and close a store: Chroma's list of those that are open is not safe to use from many threads."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Where a copy lies, and what it is a copy of."""

    name: str
    revision: int
    count: int
    files: dict[str, int]
    """Sizes in bytes: opening truncated files can crash the process."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class _Copy:
    """An open snapshot. It closes when the last search that uses it has ended."""

    snapshot: _Snapshot
    collection: "Collection"


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What searches use until the catalog's revision changes."""

    revision: int
    copy: _Copy | None
    recent_ids: list[str]
    recent: Matrix


class ChromaVectors:
    """Nearest vectors by cosine. Safe to search from many threads; ``publish`` needs the writer's lock."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._folder = folder
        self._catalog = catalog
        self._lock = threading.Lock()
        self._view: _View | None = None
        self._writable = not folder.exists() or os.access(folder, os.W_OK)
        self._unreadable: set[str] = set()

    def search(self, vector: NDArray[np.float32], *, limit: int) -> list[tuple[str, float]]:
        """Ids and cosines, nearest first; some may not be current any more."""
        view = self._fresh_view()
        cosines = (view.recent @ vector).tolist() if len(view.recent) else []
        recent = dict(zip(view.recent_ids, cosines, strict=True))
        found = _ask(view.copy, vector, limit, set(recent)) if view.copy else {}
        found = self._by_hand(vector) if found is None else found | recent
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]

    def pending(self) -> int:
        """How many changes the snapshot lacks: all passages where there is none."""
        return self._lacks(self._usable_snapshot())

    def _lacks(self, snapshot: _Snapshot | None) -> int:
        after = snapshot.revision if snapshot else 0
        return self._catalog.added(after=after) + (len(self._catalog.removed(after=after)) if snapshot else 0)

    def publish(self, progress: Progress = lambda _: None, *, force: bool = False) -> bool:
        """Brings Chroma up to the catalog. Leaves it, and returns False, where too little changed to pay.

        ``force`` builds it from nothing.
        """
        copy = self._copy(self._usable_snapshot())  # opened, so that one that Chroma cannot read is built anew
        snapshot = copy.snapshot if copy else None
        pending = self._lacks(snapshot)
        if not force and (pending == 0 or (snapshot and pending < snapshot.count * _PUBLISH_SHARE)):
            return False
        revision = self._catalog.revision
        building = self._folder / "building"
        shutil.rmtree(building, ignore_errors=True)
        after, removed = 0, self._catalog.removed(after=snapshot.revision) if snapshot else []
        with _room(building):
            if snapshot and not force and len(removed) < snapshot.count * _REBUILD_SHARE:
                shutil.copytree(self._folder / snapshot.name, building)
                after = snapshot.revision
            count = self._fill(building, removed if after else [], after, progress)
            self._switch(building, revision, count, keep=snapshot)
        return True

    def faults(self) -> list[str]:
        """How Chroma's snapshot differs from what the catalog held at its revision."""
        if not self._writable:
            return ["Chroma's snapshot cannot be compared where it may not be written; searches do without it"]
        copy = self._copy(self._usable_snapshot())
        if copy is None:
            return ["the Chroma snapshot is missing or damaged: `footnote rebuild` makes it anew"]
        stored: set[str] = set()
        while page := copy.collection.get(limit=_BATCH, offset=len(stored), include=[])["ids"]:
            stored.update(page)
        after = copy.snapshot.revision
        recent = {i for ids, _ in self._catalog.vectors(after=after, batch=_BATCH) for i in ids}
        current = {i for ids, _ in self._catalog.vectors(after=0, batch=_BATCH) for i in ids}
        missing = len(current - recent - stored)
        stale = len(stored - current - set(self._catalog.removed(after=after)))
        return [
            f"Chroma {what} {count} passages: `footnote rebuild` makes it anew"
            for what, count in (("lacks", missing), ("holds, and the catalog does not,", stale))
            if count
        ]

    def close(self) -> None:
        with self._lock:
            self._view = None

    def _fill(self, folder: Path, removed: list[str], after: int, progress: Progress) -> int:
        client = _client(folder)
        try:
            collection = client.get_or_create_collection(
                _COLLECTION,
                embedding_function=None,
                configuration={"hnsw": _HNSW},  # type: ignore[arg-type]
            )
            for start in range(0, len(removed), _BATCH):
                collection.delete(ids=removed[start : start + _BATCH])
            for ids, vectors in self._catalog.vectors(after=after, batch=_BATCH):
                collection.upsert(ids=ids, embeddings=vectors)
                progress(len(ids))
            return collection.count()
        finally:
            _close(client)

    def _switch(self, building: Path, revision: int, count: int, *, keep: _Snapshot | None) -> None:
        name = f"r{revision}-{uuid.uuid4().hex[:8]}"  # never one that a reader has open
        building.rename(self._folder / name)
        snapshot = _Snapshot(name, revision, count, _sizes(self._folder / name))
        self._catalog.set(_KEY, json.dumps(asdict(snapshot)))
        self._catalog.forget_removals(until=revision)
        for folder in self._folder.iterdir():  # the one before stays for readers that have it open
            if folder.name not in {name, keep.name if keep else name}:
                shutil.rmtree(folder, ignore_errors=True)
        with self._lock:
            self._view = None

    def _fresh_view(self) -> _View:
        with self._lock:
            revision = self._catalog.revision
            view = self._view
            if view is None or view.revision != revision:
                view = self._view = self._open(revision, view)
            return view

    def _open(self, revision: int, old: _View | None) -> _View:
        snapshot = self._usable_snapshot()
        copy = old.copy if old and old.copy and old.copy.snapshot == snapshot else self._copy(snapshot)
        batches = list(self._catalog.vectors(after=copy.snapshot.revision if copy else 0, batch=_BATCH))
        ids = [passage_id for batch, _ in batches for passage_id in batch]
        recent = np.concatenate([vectors for _, vectors in batches]) if batches else np.zeros((0, 0), np.float32)
        return _View(revision, copy, ids, recent)

    def _copy(self, snapshot: _Snapshot | None) -> _Copy | None:
        """None where there is no snapshot, or Chroma cannot read it: it opens nothing that it may not write."""
        if snapshot is None or not self._writable:
            return None
        from chromadb.errors import ChromaError

        try:
            client = _client(self._folder / snapshot.name)
            copy = _Copy(snapshot, client.get_collection(_COLLECTION, embedding_function=None))
        except (ChromaError, ValueError, KeyError) as error:
            self._unreadable.add(snapshot.name)  # Chroma remembers a store that failed, and fails otherwise next time
            _log.warning("Chroma cannot read its snapshot (%s): searching the catalog itself.", error)
            return None
        weakref.finalize(copy, _close, client).atexit = False
        return copy

    def _by_hand(self, vector: NDArray[np.float32]) -> dict[str, float]:
        batches = self._catalog.vectors(after=0, batch=_BATCH)
        return {i: cosine for ids, rows in batches for i, cosine in zip(ids, (rows @ vector).tolist(), strict=True)}

    def _usable_snapshot(self) -> _Snapshot | None:
        """None where there is none, or its files are not as they were written."""
        stored = self._catalog.get(_KEY)
        if stored is None:
            return None
        snapshot = _Snapshot(**json.loads(stored))
        if snapshot.name in self._unreadable:
            return None
        if not snapshot.files.items() <= _sizes(self._folder / snapshot.name).items():
            _log.warning("The Chroma snapshot %s is damaged or gone: searching the catalog itself.", snapshot.name)
            return None
        return snapshot


def _ask(copy: _Copy, vector: NDArray[np.float32], limit: int, stale: set[str]) -> dict[str, float] | None:
    """So many of the nearest, leaving out those that have a newer vector.

    None where Chroma finds fewer than there are (behind many equal vectors, HNSW may not reach the others), or fails,
    as it does when its folder has gone: two publications can overtake one search.
    """
    from chromadb.errors import ChromaError

    found: dict[str, float] = {}
    count, wanted = copy.snapshot.count, 0
    while len(found) < limit and wanted < count:
        wanted = min(max(limit, 4 * wanted), count)
        try:
            result = copy.collection.query(query_embeddings=vector[None, :], n_results=wanted, include=["distances"])
        except ChromaError as error:
            _log.warning("Chroma did not answer (%s): searching the catalog itself.", error)
            return None
        if len(result["ids"][0]) < wanted:
            return None
        distances = result["distances"] or [[]]
        found = {i: 1 - d for i, d in zip(result["ids"][0], distances[0], strict=True) if i not in stale}
    return found


@contextmanager
def _room(building: Path) -> Iterator[None]:
    """Raises ``IndexUnreadableError`` where a snapshot cannot be written; nothing is left of it."""
    from chromadb.errors import ChromaError

    try:
        yield
    except (OSError, ChromaError) as error:
        shutil.rmtree(building, ignore_errors=True)
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise IndexUnreadableError(
            f"Chroma's copy of the index cannot be written in {building.parent}: {reason}. All documents are kept and "
            "answer; make room, and run it again."
        ) from error


def _client(folder: Path) -> "Client":
    import chromadb
    from chromadb.config import Settings

    with _chroma:
        return chromadb.PersistentClient(  # type: ignore[return-value]  # typed as the API it implements, without close()
            folder, settings=Settings(anonymized_telemetry=False)
        )


def _close(client: "Client") -> None:
    with _chroma:
        client.close()


def _sizes(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_size for file in sorted(folder.rglob("*")) if file.is_file()}
