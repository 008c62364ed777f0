"""Snapshots as folders of embedded Chroma. Each is built aside, synced and renamed, so a kill leaves no half of one."""

import hashlib
import os
import shutil
import sqlite3
import threading
import uuid
import weakref
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog
from indexes.storage.fsync import fsync_path
from indexes.vectors.snapshots import HNSW, OpenSnapshot, Progress, Snapshot, SnapshotError, chroma_errors, fill

if TYPE_CHECKING:
    from chromadb.api.client import Client

_COLLECTION = "passages"
_DATABASE = "chroma.sqlite3"
_WRITTEN_AT_OPENING = "acquire_write"
"""The table of its database that Chroma changes whenever it opens one; no other changes then."""
_chroma = threading.RLock()
"""Held while a store is opened or closed: Chroma's list of open stores is not thread-safe."""


class EmbeddedChroma:
    """Snapshots in one folder, each in a folder of its own."""

    place = "embedded"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, snapshot: Snapshot) -> None:
        """See ``SnapshotStore``. Chroma crashes on damaged files, so their digests are compared first."""
        folder = self._folder / snapshot.name
        if folder.is_dir() and not os.access(folder, os.W_OK):
            raise ChromaUnavailableError(f"Chroma opens only folders that it may write, and {folder} is not one.")
        try:
            intact = _digests(folder) == snapshot.seal
        except (OSError, sqlite3.Error):
            intact = False
        if not intact:
            raise SnapshotError(f"the files in {folder} are gone or damaged")

    def open(self, snapshot: Snapshot) -> OpenSnapshot:
        """See ``SnapshotStore``."""
        self.check(snapshot)
        folder = self._folder / snapshot.name
        with chroma_errors(self.place):
            client = _client(folder)
            opened = OpenSnapshot(snapshot, client.get_collection(_COLLECTION, embedding_function=None))
        weakref.finalize(opened, _close, client).atexit = False
        return opened

    def build(self, catalog: Catalog, base: Snapshot | None, progress: Progress) -> Snapshot:
        """See ``SnapshotStore``."""
        revision = catalog.revision
        name = f"r{revision}-{uuid.uuid4().hex[:8]}"
        building = self._folder / f"{name}.building"
        if self._folder.is_file():
            self._folder.unlink()
        building.mkdir(parents=True)
        try:
            count = self._fill(building, catalog, base, progress)
            for path in (*building.rglob("*"), building):  # the catalog must not name what is not on disk
                fsync_path(path)
        except BaseException:  # on a full disk the catalog needs the room
            _remove(building)
            raise
        building.rename(self._folder / name)
        fsync_path(self._folder)
        return Snapshot(self.place, name, revision, count, _digests(self._folder / name))

    def _fill(self, building: Path, catalog: Catalog, base: Snapshot | None, progress: Progress) -> int:
        """Write the snapshot into the folder ``building``, and return how many vectors it holds."""
        if base:
            shutil.copytree(self._folder / base.name, building, dirs_exist_ok=True)
        with chroma_errors(self.place):
            client = _client(building)
            try:
                collection = client.get_or_create_collection(
                    _COLLECTION,
                    embedding_function=None,
                    configuration={"hnsw": HNSW},  # type: ignore[arg-type]
                )
                fill(collection, catalog, after=base.revision if base else 0, progress=progress)
                return collection.count()
            finally:
                _close(client)

    def keep(self, names: Collection[str]) -> None:
        """See ``SnapshotStore``."""
        for entry in self._folder.iterdir() if self._folder.is_dir() else ():
            if entry.name not in names:
                _remove(entry)


def _digests(folder: Path) -> dict[str, str]:
    """The sha256 of each file, and for the database that of its rows: Chroma fails if any table lacks some.

    A graph's files count only beside ``index_metadata.pickle``; without it, Chroma makes them anew.
    """
    digests = {}
    for file in sorted(file for graph in folder.glob("*/index_metadata.pickle") for file in graph.parent.iterdir()):
        with file.open("rb") as stream:
            digests[file.relative_to(folder).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    rows = hashlib.sha256()
    with closing(sqlite3.connect(f"{(folder / _DATABASE).resolve().as_uri()}?mode=rw", uri=True)) as db:
        schema = db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
        rows.update(repr(schema).encode())
        for kind, table, _ in schema:
            if kind == "table" and table != _WRITTEN_AT_OPENING:
                for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608
                    rows.update(repr(row).encode())
    return digests | {_DATABASE: rows.hexdigest()}


def _remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _client(folder: Path) -> "Client":
    import chromadb
    from chromadb.config import Settings

    with _chroma:
        try:
            return chromadb.PersistentClient(  # type: ignore[return-value]  # typed as the API it implements, without close()
                folder, settings=Settings(anonymized_telemetry=False)
            )
        except AttributeError as error:  # on a full disk it fails while it cleans up
            raise error.__context__ or error from None


def _close(client: "Client") -> None:
    with _chroma:
        client.close()
