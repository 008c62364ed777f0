"""The store of record: documents, passages, vectors and full-text search in one SQLite file.

A document's passages, vectors and full-text rows change in one transaction, and the revision counts those
transactions: whoever holds a copy of the vectors made at revision R knows that it lacks exactly what came after R. A
vector is known by the hash of the text that was embedded, so passages that read alike have one between them.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, TypeAlias

import numpy as np

from indexes.access.globs import matches
from indexes.errors import FootnoteError, IndexMissingError, IndexUnreadableError
from indexes.readers.extraction.serialization import sections_from
from indexes.storage.access_filter import document_condition, passage_condition
from indexes.storage.database import Database
from indexes.storage.library_rows import LibraryRows, named
from indexes.storage.lock import index_folder, migration_lock
from indexes.storage.migrations import Schema
from indexes.storage.search_rows import SearchRows
from indexes.text.title_mentions import title_as_name
from indexes.text.tokenization import terms
from indexes.types import Audience, Document, Matrix, Passage, Scope

_FORMAT_5 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('revision', '0'), ('terms', '0'), ('id', lower(hex(randomblob(8))));
CREATE TABLE files (
    path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, changed_ns INTEGER NOT NULL,
    modified TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, file TEXT NOT NULL REFERENCES files ON DELETE CASCADE, path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL, dated TEXT, revision INTEGER NOT NULL,
    sections TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX documents_by_file ON documents (file);
CREATE INDEX documents_by_name ON documents (name);
CREATE INDEX documents_filtered ON documents (media_type, path, dated, file, id);
CREATE TABLE readers (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, reader TEXT NOT NULL,
    PRIMARY KEY (document_id, reader)
) WITHOUT ROWID;
CREATE TABLE labels (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, label TEXT NOT NULL,
    PRIMARY KEY (document_id, label)
) WITHOUT ROWID;
CREATE TABLE vectors (
    row INTEGER PRIMARY KEY, encoded TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX vectors_by_revision ON vectors (revision);
CREATE TABLE removals (encoded TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    encoded TEXT NOT NULL REFERENCES vectors (encoded), locator TEXT NOT NULL,
    title TEXT NOT NULL, context TEXT NOT NULL, text TEXT NOT NULL,
    context_terms TEXT NOT NULL, terms TEXT NOT NULL, length INTEGER NOT NULL
);
CREATE INDEX passages_by_document ON passages (document_id);
CREATE INDEX passages_by_encoded ON passages (encoded);
CREATE VIRTUAL TABLE passages_text USING fts5 (
    context_terms, terms, content='passages', content_rowid='row',
    tokenize="unicode61 remove_diacritics 0 tokenchars '_.'"
);
CREATE VIRTUAL TABLE passages_vocabulary USING fts5vocab (passages_text, row);
CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
    INSERT INTO passages_text (rowid, context_terms, terms) VALUES (new.row, new.context_terms, new.terms);
    UPDATE meta SET value = value + new.length WHERE key = 'terms';
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passages_text (passages_text, rowid, context_terms, terms)
    VALUES ('delete', old.row, old.context_terms, old.terms);
    UPDATE meta SET value = value - old.length WHERE key = 'terms';
END;
CREATE TRIGGER vectors_removed AFTER DELETE ON vectors BEGIN
    INSERT INTO removals SELECT old.encoded, value + 1 FROM meta WHERE key = 'revision';
END;
"""
SCHEMA = Schema((_FORMAT_5,), first=5, functions={"matches": matches, "named": named})
# SQLite would count from the text's start to each span: it gives a document and its passages, as of one moment
_SPANS = """
SELECT d.path, d.text, (
    SELECT json_group_array(json_array(
        p.id, json_extract(p.locator, '$.char_start'), json_extract(p.locator, '$.char_end'), p.text
    )) FROM passages p WHERE p.document_id = d.id
) FROM documents d
"""
Mark: TypeAlias = Literal["readers", "labels"]
"""What documents are marked with by rules: who may read them, and what they are labelled with."""
_COLUMN_OF: dict[Mark, str] = {"readers": "reader", "labels": "label"}


class FileState(NamedTuple):
    """What the catalog remembers of a file, to tell whether it changed. A tuple, since there may be a million."""

    path: str
    sha256: str
    size: int
    changed_ns: int
    """When its content or its name last changed: a date that was set back, as copying tools do, hides neither."""
    modified: str = "1970-01-01"
    """The day it was written, by the date it has: when that is not what tells changes."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """All that was made of a file: its documents, each with its passages."""

    file: FileState
    documents: Sequence[tuple[Document, Sequence[tuple[Passage, str, bytes]]]]
    """A passage comes with the hash of the text that was embedded for it, and its vector."""


class CatalogFile(Database):
    """The SQLite file of a catalog: its failures are told as those of the index."""

    failure = IndexUnreadableError

    @property
    def start_over(self) -> str:
        return f"move the folder {index_folder(self.file.parent)} away and run `footnote index DOCS`"

    def migration_lock(self) -> AbstractContextManager[None]:
        """A program of the older format, which writes under the writer's lock, must not write the newer one."""
        return migration_lock(index_folder(self.file.parent))

    def missing(self) -> FootnoteError:
        return IndexMissingError(f"There is no index in {self.file.parent}: make one with `footnote index DOCS`.")

    def on_a_full_disk(self) -> FootnoteError:
        return self.failure(
            f"The disk of the index in {self.file.parent} is full: make room, and run it again to go on."
        )

    def unwritable(self, error: Exception) -> FootnoteError:
        return self.failure(f"No index can be written in {self.file.parent}: {error}.")


class Catalog:
    """One index's record. Safe to use from many threads."""

    def __init__(self, file: Path, *, create: bool = False) -> None:
        """Open the catalog, and migrate it where its format is an older one.

        Raises ``IndexMissingError`` where there is no catalog, ``IndexUnreadableError`` where it is not one, and
        ``IndexLockedError`` where it must be migrated and another process writes it.
        """
        self._db = CatalogFile(file, SCHEMA, create=create)

    @classmethod
    def create(cls, file: Path) -> Self:
        """Open the catalog; make it first where there is none. Raises ``IndexUnreadableError``."""
        return cls(file, create=True)

    @cached_property
    def search_rows(self) -> SearchRows:
        """What searches read."""
        return SearchRows(self._db)

    @cached_property
    def library_rows(self) -> LibraryRows:
        """What a library shows."""
        return LibraryRows(self._db)

    @property
    def file(self) -> Path:
        return self._db.file

    def close(self) -> None:
        self._db.close()

    # -- what is there ------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        return int(self.get("revision") or 0)

    def get(self, key: str) -> str | None:
        rows = self._db.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders and files of the last index run; none where it was not noted."""
        return tuple(Path(root) for root in json.loads(self.get("roots") or "[]"))

    def counts(self) -> tuple[int, int]:
        """How many documents and passages."""
        ((documents, passages),) = self._db.rows(
            "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
        )
        return documents, passages

    def files(self) -> dict[str, FileState]:
        """By path."""
        rows = self._db.rows("SELECT path, sha256, size, changed_ns, modified FROM files")
        return {row[0]: FileState._make(row) for row in rows}

    def document(self, document_id: str) -> Document | None:
        return next(iter(self._documents("d.id = ?", document_id)), None)

    def document_within(self, document_id: str, scope: Scope) -> Document | None:
        """The document, where it is there for the scope."""
        seen = document_condition(scope, "d.id")
        return next(iter(self._documents(f"d.id = ? AND {seen.sql}", document_id, *seen.values)), None)

    def document_at(self, path: str) -> Document | None:
        return next(iter(self._documents("d.path = ?", path)), None)

    def documents_in(self, file: str) -> list[Document]:
        """Those of the file at a path: its own text, and what it holds."""
        return self._documents("d.file = ?", file)

    def _documents(self, condition: str, *values: object) -> list[Document]:
        rows = self._db.rows(
            "SELECT d.id, d.path, d.title, d.media_type, f.sha256, d.text, d.sections,"  # noqa: S608
            " (SELECT json_group_array(reader) FROM readers WHERE document_id = d.id),"
            " (SELECT json_group_array(label) FROM labels WHERE document_id = d.id), d.dated"
            f" FROM documents d JOIN files f ON f.path = d.file WHERE {condition} ORDER BY d.rowid",
            values,
        )
        return [_document(row) for row in rows]

    def known_vectors(self, encoded: Iterable[str]) -> dict[str, bytes]:
        """Vectors already made, by the hash of the text they were made of."""
        query = "SELECT encoded, vector FROM vectors WHERE encoded IN (SELECT value FROM json_each(?))"
        return dict(self._db.rows(query, (json.dumps(list(encoded)),)))

    def vectors(self, *, after: int, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """Hashes and vectors that were committed after a revision, in batches."""
        return self._vectors("revision > ? ORDER BY row", after, batch=batch)

    def vectors_of(self, encoded: Sequence[str], *, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """Those of them that are there, in batches."""
        return self._vectors("encoded IN (SELECT value FROM json_each(?))", json.dumps(encoded), batch=batch)

    def visible_vectors(self, scope: Scope, *, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """Those of the passages within the scope, in batches; the cost is theirs alone."""
        seen = document_condition(scope, "document_id")
        return self._vectors(
            f"encoded IN (SELECT encoded FROM passages WHERE {seen.sql})",  # noqa: S608
            *seen.values,
            batch=batch,
        )

    def documents_within(self, scope: Scope) -> int:
        """How many there are."""
        seen = document_condition(scope, "id")
        ((count,),) = self._db.rows(f"SELECT count(*) FROM documents WHERE {seen.sql}", seen.values)  # noqa: S608
        return int(count)

    def readable(self, ids: Iterable[str], audience: Audience) -> frozenset[str]:
        """Those of the documents that are there and that the audience may read; what may not be read is not there."""
        seen = passage_condition(Scope(audience))
        asked = "SELECT DISTINCT value AS document_id FROM json_each(?)"
        query = f"SELECT p.document_id FROM ({asked}) p WHERE {seen.sql}"  # noqa: S608
        return frozenset(row[0] for row in self._db.rows(query, (json.dumps(list(ids)), *seen.values)))

    def _vectors(self, condition: str, *values: object, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        query = f"SELECT encoded, vector FROM vectors WHERE {condition}"  # noqa: S608
        for rows in self._db.batches(query, values, batch):
            hashes, blobs = zip(*rows, strict=True)
            yield list(hashes), np.frombuffer(b"".join(blobs), np.float32).reshape(len(hashes), -1)

    def added(self, *, after: int) -> int:
        """How many vectors were committed after a revision."""
        ((count,),) = self._db.rows("SELECT count(*) FROM vectors WHERE revision > ?", (after,))
        return int(count)

    def removed(self, *, after: int) -> list[str]:
        """Hashes whose vectors went after a revision, and did not come back."""
        query = "SELECT encoded FROM removals WHERE revision > ? EXCEPT SELECT encoded FROM vectors"
        return [row[0] for row in self._db.rows(query, (after,))]

    def faults(self) -> list[str]:
        """What is wrong within: the file, the full-text index, spans that are not their document's text, vectors."""
        found = [line for (line,) in self._db.rows("PRAGMA integrity_check") if line != "ok"]
        try:
            if self._db.writable:  # SQLite takes this check for a change
                with self._db.transaction() as db:
                    db.execute("INSERT INTO passages_text (passages_text, rank) VALUES ('integrity-check', 1)")
        except IndexUnreadableError:
            found.append("the full-text index differs from the passages: `footnote rebuild` makes it anew")
        for ((path, text, passages),) in self._db.batches(_SPANS, (), 1):
            wrong = [name for name, start, end, piece in json.loads(passages) if text[start:end] != piece]
            found += [f"{path}: passage {name} is not the document's text at its span" for name in wrong]
        sizes = self._db.rows("SELECT DISTINCT length(vector) FROM vectors")
        return [*found, *(["vectors of several sizes"] if len(sizes) > 1 else [])]

    # -- what changes it ----------------------------------------------------------------------------------------

    def put(self, versions: Iterable[FileVersion]) -> None:
        """Makes these versions of files the current ones, all in one transaction."""
        with self._counted() as db:
            revision = self.revision + 1
            for version in versions:
                file = version.file
                db.execute("DELETE FROM files WHERE path = ?", (file.path,))
                db.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?)", file)
                for document, passages in version.documents:
                    _insert(db, revision, file.path, document, passages)

    def touch(self, file: FileState) -> None:
        """Remembers that a file was written again with the same content."""
        with self._db.transaction() as db:
            values = (file.size, file.changed_ns, file.modified, file.path)
            db.execute("UPDATE files SET size = ?, changed_ns = ?, modified = ? WHERE path = ?", values)

    def readers(self) -> dict[tuple[str, str], frozenset[str]]:
        """Who may read each document, by its path and that of its file."""
        return self.marks("readers")

    def marks(self, mark: Mark) -> dict[tuple[str, str], frozenset[str]]:
        """The readers or the labels of each document, by its path and that of its file."""
        rows = self._db.rows(
            f"SELECT d.path, d.file, (SELECT json_group_array({_COLUMN_OF[mark]}) FROM {mark}"  # noqa: S608
            " WHERE document_id = d.id) FROM documents d"
        )
        return {(path, file): frozenset(json.loads(marks)) for path, file, marks in rows}

    def set_marks(self, mark: Mark, marks: Mapping[str, Iterable[str]]) -> None:
        """Changes the readers or the labels of documents, by their paths, in one transaction."""
        with self._counted() as db:
            for path, its in marks.items():
                ((document_id,),) = db.execute("SELECT id FROM documents WHERE path = ?", (path,)).fetchall()
                db.execute(f"DELETE FROM {mark} WHERE document_id = ?", (document_id,))  # noqa: S608
                _insert_marks(db, mark, document_id, its)

    def remove(self, paths: Iterable[str]) -> None:
        """Removes files with all that they hold, in one transaction."""
        with self._counted() as db:
            db.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in paths])

    def drop_unused_vectors(self) -> None:
        """Those of no passage any more. Until then they are kept, for text that moves from one file to another."""
        unused = "FROM vectors WHERE encoded NOT IN (SELECT encoded FROM passages)"
        if self._db.rows(f"SELECT 1 {unused} LIMIT 1"):
            with self._counted() as db:
                db.execute(f"DELETE {unused}")

    def rebuild_full_text(self) -> None:
        with self._db.transaction() as db:
            db.execute("INSERT INTO passages_text (passages_text) VALUES ('rebuild')")

    def forget_removals(self, *, until: int) -> None:
        """Drops what no copy needs any more: the removals up to a revision."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM removals WHERE revision <= ?", (until,))

    def set(self, key: str, value: str) -> None:
        with self._db.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextmanager
    def _counted(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is a revision."""
        with self._db.transaction() as db:
            yield db
            db.execute("UPDATE meta SET value = value + 1 WHERE key = 'revision'")


def _insert(
    db: sqlite3.Connection, revision: int, file: str, d: Document, passages: Sequence[tuple[Passage, str, bytes]]
) -> None:
    sections = json.dumps([asdict(section) for section in d.sections])
    db.execute("DELETE FROM documents WHERE id = ?", (d.id,))  # another file may have held it: a zip that was unpacked
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(d.id, file, d.path, d.title, title_as_name(d.title), d.media_type),
            *(d.dated and d.dated.isoformat(), revision, sections, d.text),
        ),
    )
    _insert_marks(db, "readers", d.id, d.readers)
    _insert_marks(db, "labels", d.id, d.labels)
    db.executemany(
        "INSERT OR IGNORE INTO vectors (encoded, revision, vector) VALUES (?, ?, ?)",
        [(encoded, revision, vector) for _, encoded, vector in passages],
    )
    db.executemany(
        "INSERT INTO passages (id, document_id, encoded, locator, title, context, text, context_terms, terms, length)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (p.id, d.id, encoded, json.dumps(asdict(p.locator)), p.title, p.context, p.text, *_terms(p))
            for p, encoded, _ in passages
        ],
    )


def _terms(passage: Passage) -> tuple[str, str, int]:
    """Of its context and of its text, and how many there are."""
    lead, body = terms(passage.context), terms(passage.text)
    return " ".join(lead), " ".join(body), len(lead) + len(body)


def _insert_marks(db: sqlite3.Connection, mark: Mark, document_id: str, marks: Iterable[str]) -> None:
    db.executemany(f"INSERT INTO {mark} VALUES (?, ?)", [(document_id, its) for its in set(marks)])  # noqa: S608


def _document(row: tuple[Any, ...]) -> Document:
    sections, readers, labels = map(json.loads, row[6:9])
    dated = date.fromisoformat(row[9]) if row[9] else None
    return Document(*row[:6], sections_from(sections), tuple(readers), tuple(labels), dated)  # type: ignore[call-arg]  # likewise
