"""A snapshot of the catalog's vectors, open or recorded, and what a place for snapshots can do."""

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
    """A snapshot is lost or damaged, and one made anew takes its place; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the catalog records of a copy: where it lies, and what it is a copy of."""

    place: str
    name: str
    revision: int
    count: int
    seal: dict[str, str]
    """Digests of its parts, where opening damaged ones could crash the process."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class OpenSnapshot:
    """A snapshot that can be searched. Both methods raise ``SnapshotError`` or ``ChromaUnavailableError``."""

    snapshot: Snapshot
    collection: "ChromaCollection"

    def nearest(self, vector: NDArray[np.float32], limit: int) -> list[str]:
        """Ids; fewer than there are where HNSW does not reach the others, as behind many equal vectors."""
        with chroma_errors(self.snapshot.place):
            found = self.collection.query(query_embeddings=vector[None, :], n_results=limit, include=[])
            return found["ids"][0]

    def ids(self) -> set[str]:
        stored: set[str] = set()
        with chroma_errors(self.snapshot.place):
            while page := self.collection.get(limit=BATCH, offset=len(stored), include=[])["ids"]:
                stored.update(page)
        return stored


class SnapshotStore(Protocol):
    """A place for snapshots. Each is written once, and named in the catalog when it is complete.

    Its methods raise ``ChromaUnavailableError`` where the place cannot be reached for now.
    """

    @property
    def place(self) -> str:
        """Tells this place from others; for people."""

    def check(self, snapshot: Snapshot) -> None:
        """Raises ``SnapshotError`` where it is not whole; cheaper than opening it."""

    def open(self, snapshot: Snapshot) -> OpenSnapshot:
        """Closes by itself when the last search that uses it has ended. Raises ``SnapshotError``."""

    def build(self, catalog: Catalog, base: Snapshot | None, progress: Progress) -> Snapshot:
        """A new snapshot of what the catalog holds, on disk when this returns.

        It may begin as a copy of ``base``, which must be one that opened.
        """

    def keep(self, names: Collection[str]) -> None:
        """Deletes this index's other snapshots, half-built ones too."""


def fill(collection: "ChromaCollection", catalog: Catalog, *, after: int, progress: Progress) -> None:
    """Brings a collection that is right as of one revision up to the catalog."""
    removed = catalog.removed(after=after) if after else []
    for start in range(0, len(removed), BATCH):
        collection.delete(ids=removed[start : start + BATCH])
    for ids, vectors in catalog.vectors(after=after, batch=BATCH):
        collection.upsert(ids=ids, embeddings=vectors)
        progress(len(ids))


_LOST = frozenset({400, 404, 500})
"""Statuses by which a Chroma server says that a collection is gone, another one, or broken."""


@contextmanager
def chroma_errors(place: str) -> Iterator[None]:
    """Chroma's failures in our words."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except httpx.HTTPStatusError as error:
        said = f"answers with status {error.response.status_code}"
        if error.response.status_code in _LOST:
            raise SnapshotError(f"the Chroma server at {place} {said}") from error
        raise ChromaUnavailableError(f"The Chroma server at {place} {said}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ChromaUnavailableError(
            f"The Chroma server at {place} does not answer ({error}): start it, or unset chroma_url."
        ) from error
    except (ChromaError, ValueError, KeyError) as error:
        if "disk is full" in str(error):
            raise ChromaUnavailableError(f"Chroma has no room ({error}): free some.") from error
        raise SnapshotError(f"Chroma fails: {error}") from error
