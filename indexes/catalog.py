"""The store of record: documents, passages, vectors and full-text search in one SQLite file.

A document's passages, vectors and full-text rows change in one transaction, and the revision counts those
transactions: whoever holds a copy made at revision R knows that it lacks exactly what came after R.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from indexes.errors import IndexMissingError, IndexUnreadableError
from indexes.reading.wire import sections_from
from indexes.types import EVERYONE, Audience, Document, Hit, Locator, Matrix, Passage

_SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('revision', '0');
CREATE TABLE files (
    path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, file TEXT NOT NULL REFERENCES files ON DELETE CASCADE, path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL, media_type TEXT NOT NULL, revision INTEGER NOT NULL, sections TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX documents_by_file ON documents (file);
CREATE TABLE readers (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, reader TEXT NOT NULL,
    PRIMARY KEY (document_id, reader)
) WITHOUT ROWID;
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    revision INTEGER NOT NULL, encoded TEXT NOT NULL, locator TEXT NOT NULL,
    title TEXT NOT NULL, context TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX passages_by_document ON passages (document_id);
CREATE INDEX passages_by_revision ON passages (revision);
CREATE INDEX passages_by_encoded ON passages (encoded);
CREATE TABLE removals (passage_id TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE VIRTUAL TABLE passages_text USING fts5 (
    context, text, content='passages', content_rowid='row', tokenize="porter unicode61 remove_diacritics 2"
);
CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
    INSERT INTO passages_text (rowid, context, text) VALUES (new.row, new.context, new.text);
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passages_text (passages_text, rowid, context, text) VALUES ('delete', old.row, old.context, old.text);
    INSERT INTO removals SELECT old.id, value + 1 FROM meta WHERE key = 'revision';
END;
"""
_VISIBLE = (
    "EXISTS (SELECT 1 FROM readers r WHERE r.document_id = p.document_id"
    " AND r.reader IN (SELECT value FROM json_each(?)))"
)
_COLUMNS = "p.id, p.document_id, d.path, p.title, p.context, p.text, p.locator"
_FROM = "passages p JOIN documents d ON d.id = p.document_id"
_WRONG_SPANS = """
SELECT d.path, p.id FROM passages p JOIN documents d ON d.id = p.document_id
WHERE p.text != substr(
    d.text, json_extract(p.locator, '$.char_start') + 1,
    json_extract(p.locator, '$.char_end') - json_extract(p.locator, '$.char_start')
)
"""
_CONTEXT_WEIGHT, _TEXT_WEIGHT = 0.5, 1.0


@dataclass(frozen=True, slots=True)
class FileState:
    """What the catalog remembers of a file, to tell whether it changed."""

    path: str
    sha256: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class FileVersion:
    """All that was made of a file: its documents, each with its passages."""

    file: FileState
    documents: Sequence[tuple[Document, Sequence[tuple[Passage, str, bytes]]]]
    """A passage comes with the hash of the text that was embedded for it, and its vector."""


class Catalog:
    """One index's record. Safe to use from many threads: each has its own connection."""

    def __init__(self, file: Path) -> None:
        """Raises ``IndexMissingError`` where there is no catalog, ``IndexUnreadableError`` where it is not one."""
        missing = IndexMissingError(f"There is no index in {file.parent}: make one with `footnote index DOCS`.")
        if not file.is_file():
            raise missing
        self._file = file
        self._local = threading.local()
        self._writable = os.access(file.parent, os.W_OK)
        self._connections: list[sqlite3.Connection] = []
        self._writable = self._writable and self._can_share()
        ((version, tables),) = self._rows("SELECT *, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version")
        if not tables:  # killed while it was made
            self.close()
            raise missing
        if version != _SCHEMA_VERSION:
            self.close()
            raise IndexUnreadableError(
                f"The index in {file.parent} has format {version}, this Footnote reads {_SCHEMA_VERSION}: "
                f"delete that folder and run `footnote index DOCS` again."
            )

    @classmethod
    def create(cls, file: Path) -> Self:
        """Opens the catalog, making it first where there is none."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(file, isolation_level=None)
            with _closing(db):
                db.execute("PRAGMA journal_mode = WAL")
                if db.execute("PRAGMA user_version").fetchone() == (0,):
                    db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
                db.execute("INSERT OR IGNORE INTO meta VALUES ('id', lower(hex(randomblob(8))))")
        except (OSError, sqlite3.Error) as error:
            raise IndexUnreadableError(f"No index can be written in {file.parent}: {error}.") from error
        return cls(file)

    def close(self) -> None:
        for db in self._connections:
            db.close()
        self._connections.clear()
        self._local = threading.local()

    # -- what is there ------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        return int(self.get("revision") or 0)

    def get(self, key: str) -> str | None:
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def counts(self) -> tuple[int, int]:
        """How many documents and passages."""
        ((documents, passages),) = self._rows(
            "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
        )
        return documents, passages

    def files(self) -> dict[str, FileState]:
        """By path."""
        rows = self._rows("SELECT path, sha256, size, mtime_ns FROM files")
        return {row[0]: FileState(*row) for row in rows}

    def document(self, document_id: str) -> Document | None:
        return next(iter(self._documents("d.id = ?", document_id)), None)

    def documents_in(self, file: str) -> list[Document]:
        """Those of the file at a path: its own text, and what it holds."""
        return self._documents("d.file = ?", file)

    def _documents(self, condition: str, value: str) -> list[Document]:
        rows = self._rows(
            "SELECT d.id, d.path, d.title, d.media_type, f.sha256, d.text, d.sections,"  # noqa: S608
            " (SELECT json_group_array(reader) FROM readers WHERE document_id = d.id)"
            f" FROM documents d JOIN files f ON f.path = d.file WHERE {condition} ORDER BY d.rowid",
            (value,),
        )
        return [
            Document(*facts, sections_from(json.loads(sections)), tuple(json.loads(readers)))  # type: ignore[call-arg]  # as above
            for *facts, sections, readers in rows
        ]

    def passages(self, ids: Sequence[str], audience: Audience) -> dict[str, Passage]:
        """Those of the passages that are current and that the audience may read, by id."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM {_FROM} WHERE p.id IN (SELECT value FROM json_each(?)) AND {_VISIBLE}",  # noqa: S608
            (json.dumps(ids), _readers(audience)),
        )
        return {row[0]: _passage(row) for row in rows}

    def match(self, expression: str, *, limit: int, audience: Audience) -> list[Hit]:
        """Passages that match an FTS5 expression, best BM25 first."""
        rows = self._rows(
            f"SELECT {_COLUMNS}, -bm25(passages_text, ?, ?) FROM {_FROM} "  # noqa: S608
            f"JOIN passages_text t ON t.rowid = p.row WHERE passages_text MATCH ? AND {_VISIBLE} "
            "ORDER BY bm25(passages_text, ?, ?), p.row LIMIT ?",
            (_CONTEXT_WEIGHT, _TEXT_WEIGHT, expression, _readers(audience), _CONTEXT_WEIGHT, _TEXT_WEIGHT, limit),
        )
        return [Hit(_passage(row), row[7]) for row in rows]

    def known_vectors(self, encoded: Iterable[str]) -> dict[str, bytes]:
        """Vectors already made, by the hash of the text they were made of."""
        query = "SELECT encoded, vector FROM passages WHERE encoded IN (SELECT value FROM json_each(?))"
        return dict(self._rows(query, (json.dumps(list(encoded)),)))

    def vectors(self, *, after: int, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """Ids and vectors of the passages that were committed after a revision, in batches."""
        return self._vectors("p.revision > ? ORDER BY p.row", after, batch)

    def vectors_of(self, ids: Sequence[str], *, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """Ids and vectors of those of the passages that are current, in batches."""
        return self._vectors("p.id IN (SELECT value FROM json_each(?))", json.dumps(ids), batch)

    def visible_vectors(self, audience: Audience, *, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """Ids and vectors of the passages that the audience may read, in batches; its cost is theirs alone."""
        visible = "SELECT document_id FROM readers WHERE reader IN (SELECT value FROM json_each(?))"
        return self._vectors(f"p.document_id IN ({visible})", _readers(audience), batch)

    def _vectors(self, condition: str, value: object, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        with self._words():
            cursor = self._db.execute(f"SELECT p.id, p.vector FROM passages p WHERE {condition}", (value,))  # noqa: S608
            while rows := cursor.fetchmany(batch):
                ids, blobs = zip(*rows, strict=True)
                yield list(ids), np.frombuffer(b"".join(blobs), np.float32).reshape(len(ids), -1)

    def added(self, *, after: int) -> int:
        """How many passages were committed after a revision."""
        ((count,),) = self._rows("SELECT count(*) FROM passages WHERE revision > ?", (after,))
        return int(count)

    def removed(self, *, after: int) -> list[str]:
        """Ids of passages that went after a revision, and did not come back."""
        query = "SELECT passage_id FROM removals WHERE revision > ? EXCEPT SELECT id FROM passages"
        return [row[0] for row in self._rows(query, (after,))]

    def faults(self) -> list[str]:
        """What is wrong within: the file, the full-text index, spans that are not their document's text, vectors."""
        found = [line for (line,) in self._rows("PRAGMA integrity_check") if line != "ok"]
        try:
            if self._writable:  # SQLite takes this check for a change
                with self._transaction(counted=False) as db:
                    db.execute("INSERT INTO passages_text (passages_text, rank) VALUES ('integrity-check', 1)")
        except IndexUnreadableError:
            found.append("the full-text index differs from the passages: `footnote rebuild` makes it anew")
        spans = self._rows(_WRONG_SPANS)
        found += [f"{path}: passage {passage_id} is not the document's text at its span" for path, passage_id in spans]
        sizes = self._rows("SELECT DISTINCT length(vector) FROM passages")
        return [*found, *(["vectors of several sizes"] if len(sizes) > 1 else [])]

    # -- what changes it ----------------------------------------------------------------------------------------

    def put(self, versions: Iterable[FileVersion]) -> None:
        """Makes these versions of files the current ones, all in one transaction."""
        with self._transaction() as db:
            revision = self.revision + 1
            for version in versions:
                file = version.file
                db.execute("DELETE FROM files WHERE path = ?", (file.path,))
                db.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (file.path, file.sha256, file.size, file.mtime_ns))
                for document, passages in version.documents:
                    _insert(db, revision, file.path, document, passages)

    def touch(self, file: FileState) -> None:
        """Remembers that a file was written again with the same content."""
        with self._transaction(counted=False) as db:
            values = (file.size, file.mtime_ns, file.path)
            db.execute("UPDATE files SET size = ?, mtime_ns = ? WHERE path = ?", values)

    def readers(self) -> dict[str, frozenset[str]]:
        """Who may read what each file holds, by the file's path."""
        rows = self._rows("SELECT d.file, r.reader FROM documents d LEFT JOIN readers r ON r.document_id = d.id")
        found: dict[str, set[str]] = {}
        for file, reader in rows:
            found.setdefault(file, set()).update({reader} - {None})
        return {file: frozenset(readers) for file, readers in found.items()}

    def set_readers(self, readers: Mapping[str, Iterable[str]]) -> None:
        """Changes who may read what files hold, by their paths, in one transaction."""
        with self._transaction() as db:
            for file, groups in readers.items():
                ids = [row[0] for row in db.execute("SELECT id FROM documents WHERE file = ?", (file,))]
                db.executemany("DELETE FROM readers WHERE document_id = ?", [(i,) for i in ids])
                db.executemany("INSERT INTO readers VALUES (?, ?)", [(i, group) for i in ids for group in set(groups)])

    def remove(self, paths: Iterable[str]) -> None:
        """Removes files with all that they hold, in one transaction."""
        with self._transaction() as db:
            db.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in paths])

    def rebuild_full_text(self) -> None:
        with self._transaction(counted=False) as db:
            db.execute("INSERT INTO passages_text (passages_text) VALUES ('rebuild')")

    def forget_removals(self, *, until: int) -> None:
        """Drops what no copy needs any more: the removals up to a revision."""
        with self._transaction(counted=False) as db:
            db.execute("DELETE FROM removals WHERE revision <= ?", (until,))

    def set(self, key: str, value: str) -> None:
        with self._transaction(counted=False) as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # -- how ----------------------------------------------------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        access = self._access()
        if not hasattr(self._local, "db") or self._local.access != access:
            db = sqlite3.connect(
                f"{self._file.resolve().as_uri()}?{access[0]}",
                uri=True,
                isolation_level=None,
                timeout=30,
                check_same_thread=False,
            )
            self._local.access = access
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, also after a power cut
            self._local.db = db
            self._connections.append(db)
        connection: sqlite3.Connection = self._local.db
        return connection

    def _can_share(self) -> bool:
        """Whether there is room for what SQLite needs beside the file, even to read it."""
        try:
            self._db.execute("PRAGMA user_version")
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:  # no database at all: the next read says so
            pass
        return True

    def _access(self) -> tuple[str, int]:
        """How the file is opened, and since when: anew where it is not ours to write, and a writer elsewhere did.

        SQLite reads a log that it may not share only beside one, and a file without one only as immutable.
        """
        if self._writable:
            return "mode=rw", 0
        log = self._file.with_name(f"{self._file.name}-wal")
        return ("mode=ro", 0) if log.exists() and log.stat().st_size else ("immutable=1", self._file.stat().st_mtime_ns)

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._words():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self, *, counted: bool = True) -> Iterator[sqlite3.Connection]:
        with self._words():
            db = self._db
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                if counted:
                    db.execute("UPDATE meta SET value = value + 1 WHERE key = 'revision'")
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite itself ends one that finds the disk full
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise IndexUnreadableError(
                    f"The disk of the index in {self._file.parent} is full: make room, and run it again to go on."
                ) from error
            raise IndexUnreadableError(
                f"The index in {self._file.parent} cannot be used: {error}. If it is damaged, move the folder away and "
                f"index again."
            ) from error


@contextmanager
def _closing(db: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    finally:
        db.close()


def _readers(audience: Audience) -> str:
    return json.dumps([EVERYONE, *audience.groups])


def _insert(
    db: sqlite3.Connection, revision: int, file: str, d: Document, passages: Iterable[tuple[Passage, str, bytes]]
) -> None:
    sections = json.dumps([asdict(section) for section in d.sections])
    db.execute("DELETE FROM documents WHERE id = ?", (d.id,))  # another file may have held it: a zip that was unpacked
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (d.id, file, d.path, d.title, d.media_type, revision, sections, d.text),
    )
    db.executemany("INSERT INTO readers VALUES (?, ?)", [(d.id, reader) for reader in d.readers])
    db.executemany(
        "INSERT INTO passages (id, document_id, revision, encoded, locator, title, context, text, vector)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (p.id, d.id, revision, encoded, json.dumps(asdict(p.locator)), p.title, p.context, p.text, vector)
            for p, encoded, vector in passages
        ],
    )


def _passage(row: tuple[Any, ...]) -> Passage:
    place = json.loads(row[6])
    locator = Locator(**{**place, "heading": tuple(place["heading"])})
    return Passage(*row[:6], locator)  # type: ignore[call-arg]  # the columns are its fields
