"""Snapshots as collections on a Chroma server, for indexes that several machines read."""

import hashlib
import uuid
import weakref
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog
from indexes.vectors.snapshots import HNSW, OpenSnapshot, Progress, Snapshot, SnapshotError, chroma_errors, fill

if TYPE_CHECKING:
    from chromadb.api.fastapi import FastAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection
    from chromadb.types import Collection as CollectionModel

_CONNECT_S, _ANSWER_S, _WRITE_S = 2.0, 3.0, 120.0
"""Seconds. A question waits for the first two at most; writing a batch of 5,000 vectors took 8."""
_PAGE = 100


class ChromaServer:
    """Snapshots as collections. Their names identify the index, so that many indexes share one server."""

    def __init__(self, url: str, catalog: Catalog, folder: Path) -> None:
        """``folder`` is that of the index: a copy of an index must not delete what the original reads."""
        self.place = url
        owner = f"{catalog.get('id')} {folder.resolve()}"
        self._prefix = f"footnote-{hashlib.sha256(owner.encode()).hexdigest()[:16]}-"

    def check(self, snapshot: Snapshot) -> None:
        """See ``SnapshotStore``."""
        self.open(snapshot)

    def open(self, snapshot: Snapshot) -> OpenSnapshot:
        """See ``SnapshotStore``. A server that was killed while it wrote may have lost records or the graph."""
        with ExitStack() as opening:
            api = opening.enter_context(self._api(_ANSWER_S))
            model = api.get_collection(snapshot.name)
            opened = OpenSnapshot(snapshot, _collection(api, model))
            if (count := opened.collection.count()) != snapshot.count:
                raise SnapshotError(f"{snapshot.name} holds {count} of its {snapshot.count} vectors")
            if model.dimension:  # only a query shows whether the graph is there
                opened.nearest(np.eye(1, model.dimension, dtype=np.float32)[0], 1)
            weakref.finalize(opened, opening.pop_all().close).atexit = False
        return opened

    def build(self, catalog: Catalog, base: Snapshot | None, progress: Progress) -> Snapshot:  # noqa: ARG002
        """See ``SnapshotStore``. Starts from nothing: a server cannot copy a collection."""
        revision = catalog.revision
        name = f"{self._prefix}r{revision}-{uuid.uuid4().hex[:8]}"
        with self._api(_WRITE_S) as api:
            collection = _collection(api, api.create_collection(name, configuration={"hnsw": HNSW}))  # type: ignore[arg-type]
            fill(collection, catalog, after=0, progress=progress)
            return Snapshot(self.place, name, revision, collection.count(), {})

    def keep(self, names: Collection[str]) -> None:
        """See ``SnapshotStore``."""
        with self._api(_ANSWER_S) as api:
            stored: list[str] = []
            while page := api.list_collections(limit=_PAGE, offset=len(stored)):
                stored += [collection.name for collection in page]
            for name in stored:
                if name.startswith(self._prefix) and name not in names:
                    api.delete_collection(name)

    @contextmanager
    def _api(self, answer_s: float) -> Iterator["FastAPI"]:
        """Chroma's HTTP API with time limits: its own client has none and waits for ever."""
        import httpx
        from chromadb.api.fastapi import FastAPI
        from chromadb.config import Settings, System

        settings = Settings(
            chroma_api_impl="chromadb.api.fastapi.FastAPI",
            chroma_server_host=self.place,
            chroma_server_http_port=80,  # must be given, and the address has its own
            anonymized_telemetry=False,
        )
        with chroma_errors(self.place):
            api = System(settings).instance(FastAPI)
            session = api._session  # noqa: SLF001  # there is no other way to it
            try:
                session.timeout = httpx.Timeout(_ANSWER_S, connect=_CONNECT_S)
                # or Chroma's client raises a bare Exception
                session.event_hooks = {"response": [httpx.Response.raise_for_status]}
                try:
                    api.heartbeat()
                except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
                    message = f"What answers at {self.place} is not a Chroma server: correct chroma_url."
                    raise ChromaUnavailableError(message) from error
                session.timeout = httpx.Timeout(answer_s, connect=_CONNECT_S)
                yield api
            finally:
                session.close()


def _collection(api: "FastAPI", model: "CollectionModel") -> "ChromaCollection":
    from chromadb.api.models.Collection import Collection as ChromaCollection

    return ChromaCollection(api, model, embedding_function=None)
