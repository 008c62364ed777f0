"""Snapshots of the catalog's vectors, and the protocol of the stores that hold them."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection as ChromaCollection

HNSW = {
    "space": "cosine",
    "ef_construction": 200,
    "ef_search": 1000,  # 10,000 random vectors: all of the nearest 50 in 99 of 100 searches, 5 ms; with 200: in none
    "max_neighbors": 32,
    "sync_threshold": 2,  # the least there is: every batch is written to the files that a seal covers
}
BATCH = 5000
"""Chroma takes at most 5,461 records at once."""

Progress = Callable[[int], None]


class SnapshotError(Exception):
    """A snapshot is lost or damaged and must be built anew; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The catalog's record of one copy: its place and name, its revision, and how many vectors it holds."""

    place: str
    name: str
    revision: int
    count: int
    seal: dict[str, str]
    """Digests by file, for a store whose damaged files could crash the process that opens them."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class OpenSnapshot:
    """A snapshot that can be searched. Its methods raise ``SnapshotError`` and ``ChromaUnavailableError``."""

    snapshot: Snapshot
    collection: "ChromaCollection"

    def nearest(self, vector: NDArray[np.float32], limit: int) -> list[str]:
        """The ids of the nearest vectors. Fewer than ``limit`` if HNSW does not reach more, as behind equal vectors."""
        with chroma_errors(self.snapshot.place):
            response = self.collection.query(query_embeddings=vector[None, :], n_results=limit, include=[])
            return response["ids"][0]

    def ids(self) -> set[str]:
        """The ids of all its vectors."""
        stored: set[str] = set()
        with chroma_errors(self.snapshot.place):
            while page := self.collection.get(limit=BATCH, offset=len(stored), include=[])["ids"]:
                stored.update(page)
        return stored


class SnapshotStore(Protocol):
    """Holds snapshots. Each is written once, and recorded in the catalog when it is complete.

    Its methods raise ``ChromaUnavailableError`` if the store cannot be reached for now.
    """

    @property
    def place(self) -> str:
        """The name of this store, in words for people."""

    def check(self, snapshot: Snapshot) -> None:
        """Raise ``SnapshotError`` if the snapshot is not whole. Cheaper than opening it."""

    def open(self, snapshot: Snapshot) -> OpenSnapshot:
        """Open a snapshot. It closes when its last user drops it. Raises ``SnapshotError``."""

    def build(self, catalog: Catalog, base: Snapshot | None, progress: Progress) -> Snapshot:
        """Build a snapshot of the catalog's vectors, and return it when it is on disk.

        A store may start from a copy of ``base``, an older snapshot that could be opened.
        """

    def keep(self, names: Collection[str]) -> None:
        """Delete all snapshots of this index but these, unfinished ones too."""


def fill(collection: "ChromaCollection", catalog: Catalog, *, after: int, progress: Progress) -> None:
    """Bring a collection that equals the catalog at revision ``after`` up to its present revision."""
    removed = catalog.removed(after=after) if after else []
    for start in range(0, len(removed), BATCH):
        collection.delete(ids=removed[start : start + BATCH])
    for ids, vectors in catalog.vectors(after=after, batch=BATCH):
        collection.upsert(ids=ids, embeddings=vectors)
        progress(len(ids))


_LOST = frozenset({400, 404, 500})
"""HTTP statuses of a Chroma server for a collection that is gone, another one, or broken."""


@contextmanager
def chroma_errors(place: str) -> Iterator[None]:
    """Turn Chroma's exceptions into ``SnapshotError`` and ``ChromaUnavailableError``."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except httpx.HTTPStatusError as error:
        symptom = f"answers with status {error.response.status_code}"
        if error.response.status_code in _LOST:
            raise SnapshotError(f"the Chroma server at {place} {symptom}") from error
        raise ChromaUnavailableError(f"The Chroma server at {place} {symptom}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ChromaUnavailableError(
            f"The Chroma server at {place} does not answer ({error}): start it, or unset chroma_url."
        ) from error
    except (ChromaError, ValueError, KeyError) as error:
        if "disk is full" in str(error):
            raise ChromaUnavailableError(f"Chroma has no room ({error}): free some.") from error
        raise SnapshotError(f"Chroma fails: {error}") from error
