"""The store of record: documents, passages, vectors and full-text search in one SQLite file.

A document's passages, vectors and full-text rows change in one transaction, and the revision counts those transactions.
A copy of the vectors made at revision R lacks exactly what was committed after R. A vector is known by the hash of the
text that was embedded, so passages with equal texts share one vector.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, Self, TypeAlias

import numpy as np

from indexes.errors import IndexUnreadableError
from indexes.readers.extraction.serialization import sections_from
from indexes.storage.access_filter import document_condition, passage_condition
from indexes.storage.catalog_schema import SCHEMA, CatalogFile
from indexes.storage.former_readers import DOCUMENTS, ROWS, FormerReaders, forget, put_rows, remember
from indexes.storage.library_rows import LibraryRows
from indexes.storage.search_rows import SearchRows
from indexes.text.tokenization import terms, title_as_name
from indexes.types import EVERYONE, Audience, Document, Matrix, Passage, Scope

# A document with its passages, read at one moment. Python slices the spans: SQLite counts from the start for each one.
_SPANS = """
SELECT d.path, d.text, (
    SELECT json_group_array(json_array(
        p.id, json_extract(p.locator, '$.char_start'), json_extract(p.locator, '$.char_end'), p.text
    )) FROM passages p WHERE p.document_id = d.id
) FROM documents d
"""
Mark: TypeAlias = Literal["readers", "labels"]
"""What rules assign to documents: the groups that may read them, and their labels."""
Place: TypeAlias = tuple[str, str]
"""The path of a document, and that of the file from which it comes."""
_COLUMN_OF: dict[Mark, str] = {"readers": "reader", "labels": "label"}


class FileState(NamedTuple):
    """What the catalog remembers of a file to detect a change. A tuple, since there may be a million."""

    path: str
    sha256: str
    size: int
    changed_ns: int
    """Time of the last change of content or name. Copying tools set the modification time back, but not this one."""
    modified: str = "1970-01-01"
    """The day of its modification time; shown to people, not used to detect a change."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file with the documents that were read from it, each with its passages."""

    file: FileState
    documents: Sequence[tuple[Document, Sequence[tuple[Passage, str, bytes]]]]
    """Each passage with the hash of the text that was embedded for it, and its vector."""


class Catalog:
    """The record of one index generation. Safe to use from many threads."""

    def __init__(self, file: Path, *, create: bool = False) -> None:
        """Open the catalog, and migrate it if its format is an older one.

        Raises ``IndexMissingError`` if there is no catalog, ``IndexUnreadableError`` if the file is not one, and
        ``IndexLockedError`` if it must be migrated while another process writes it.
        """
        self._db = CatalogFile(file, SCHEMA, create=create)

    @classmethod
    def create(cls, file: Path) -> Self:
        """Open the catalog; make it first if there is none. Raises ``IndexUnreadableError``."""
        return cls(file, create=True)

    @cached_property
    def search_rows(self) -> SearchRows:
        """The queries of a search."""
        return SearchRows(self._db)

    @cached_property
    def library_rows(self) -> LibraryRows:
        """The queries of the library of documents."""
        return LibraryRows(self._db)

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return self._db.file

    def close(self) -> None:
        """Close all connections."""
        self._db.close()

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """How many transactions changed documents or vectors."""
        return int(self.get("revision") or 0)

    def get(self, key: str) -> str | None:
        """The value that ``set`` stored under a key; None if there is none."""
        rows = self._db.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders and files of the last index run; empty if none was recorded."""
        return tuple(Path(root) for root in json.loads(self.get("roots") or "[]"))

    def counts(self) -> tuple[int, int]:
        """The numbers of documents and of passages."""
        ((documents, passages),) = self._db.rows(
            "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
        )
        return documents, passages

    def files(self) -> dict[str, FileState]:
        """The state of every indexed file, by path."""
        rows = self._db.rows("SELECT path, sha256, size, changed_ns, modified FROM files")
        return {row[0]: FileState._make(row) for row in rows}

    def document(self, document_id: str) -> Document | None:
        """The document with this id, whoever may read it."""
        return next(iter(self._documents("d.id = ?", document_id)), None)

    def document_within(self, document_id: str, scope: Scope) -> Document | None:
        """The document with this id, if it is within the scope."""
        condition = document_condition(scope, "d.id")
        return next(iter(self._documents(f"d.id = ? AND {condition.sql}", document_id, *condition.values)), None)

    def document_at(self, path: str) -> Document | None:
        """The document at this path, whoever may read it."""
        return next(iter(self._documents("d.path = ?", path)), None)

    def documents_in(self, file: str) -> list[Document]:
        """The documents of the file at this path: its own text, and the documents embedded in it."""
        return self._documents("d.file = ?", file)

    def _documents(self, condition: str, *values: object) -> list[Document]:
        rows = self._db.rows(
            "SELECT d.id, d.path, d.title, d.media_type, f.sha256, d.text, d.sections,"  # noqa: S608
            " (SELECT json_group_array(reader) FROM readers WHERE document_id = d.id),"
            " (SELECT json_group_array(label) FROM labels WHERE document_id = d.id), d.dated"
            f" FROM documents d JOIN files f ON f.path = d.file WHERE {condition} ORDER BY d.rowid",
            values,
        )
        documents = []
        for *fields, sections, readers, labels, day in rows:
            marks = [tuple(json.loads(column)) for column in (readers, labels)]
            dated = date.fromisoformat(day) if day else None
            document = Document(*fields, sections_from(json.loads(sections)), *marks, dated)  # type: ignore[call-arg]
            documents.append(document)
        return documents

    def known_vectors(self, encoded: Iterable[str]) -> dict[str, bytes]:
        """The vectors of these hashes, as far as they are stored."""
        query = "SELECT encoded, vector FROM vectors WHERE encoded IN (SELECT value FROM json_each(?))"
        return dict(self._db.rows(query, (json.dumps(list(encoded)),)))

    def vectors(self, *, after: int, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """The hashes and vectors committed after a revision, in batches."""
        return self._vectors("revision > ? ORDER BY row", after, batch=batch)

    def vectors_of(self, encoded: Sequence[str], *, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """The vectors of these hashes, as far as they are stored, in batches."""
        return self._vectors("encoded IN (SELECT value FROM json_each(?))", json.dumps(encoded), batch=batch)

    def visible_vectors(self, scope: Scope, *, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        """The vectors of the passages within the scope, in batches. Other passages cost nothing."""
        condition = document_condition(scope, "document_id")
        sql = f"encoded IN (SELECT encoded FROM passages WHERE {condition.sql})"  # noqa: S608
        return self._vectors(sql, *condition.values, batch=batch)

    def documents_within(self, scope: Scope) -> int:
        """The number of documents within the scope."""
        condition = document_condition(scope, "id")
        ((count,),) = self._db.rows(f"SELECT count(*) FROM documents WHERE {condition.sql}", condition.values)  # noqa: S608
        return int(count)

    def readable(self, ids: Iterable[str], audience: Audience) -> frozenset[str]:
        """The ids among ``ids`` of the documents that exist and that the audience may read."""
        condition = passage_condition(Scope(audience))
        distinct = "SELECT DISTINCT value AS document_id FROM json_each(?)"
        query = f"SELECT p.document_id FROM ({distinct}) p WHERE {condition.sql}"  # noqa: S608
        return frozenset(row[0] for row in self._db.rows(query, (json.dumps(list(ids)), *condition.values)))

    def _vectors(self, condition: str, *values: object, batch: int) -> Iterator[tuple[list[str], Matrix]]:
        query = f"SELECT encoded, vector FROM vectors WHERE {condition}"  # noqa: S608
        for rows in self._db.batches(query, values, batch):
            hashes, blobs = zip(*rows, strict=True)
            yield list(hashes), np.frombuffer(b"".join(blobs), np.float32).reshape(len(hashes), -1)

    def added(self, *, after: int) -> int:
        """The number of vectors committed after a revision."""
        ((count,),) = self._db.rows("SELECT count(*) FROM vectors WHERE revision > ?", (after,))
        return int(count)

    def removed(self, *, after: int) -> list[str]:
        """The hashes of the vectors removed after a revision and not added again."""
        query = "SELECT encoded FROM removals WHERE revision > ? EXCEPT SELECT encoded FROM vectors"
        return [row[0] for row in self._db.rows(query, (after,))]

    def faults(self) -> list[str]:
        """What is wrong with the file, the full-text index, the spans of passages or the vectors, in sentences."""
        faults = [line for (line,) in self._db.rows("PRAGMA integrity_check") if line != "ok"]
        try:
            if self._db.writable:  # SQLite takes this check for a change
                with self._db.transaction() as db:
                    db.execute("INSERT INTO passages_text (passages_text, rank) VALUES ('integrity-check', 1)")
        except IndexUnreadableError:
            faults.append("the full-text index differs from the passages: `footnote rebuild` makes it anew")
        for ((path, text, passages),) in self._db.batches(_SPANS, (), 1):
            wrong = [name for name, start, end, piece in json.loads(passages) if text[start:end] != piece]
            faults += [f"{path}: passage {name} is not the document's text at its span" for name in wrong]
        sizes = self._db.rows("SELECT DISTINCT length(vector) FROM vectors")
        return [*faults, *(["vectors of several sizes"] if len(sizes) > 1 else [])]

    # -- writing ------------------------------------------------------------------------------------------------

    def put(self, versions: Iterable[FileVersion]) -> None:
        """Make these versions of files the current ones, all in one transaction."""
        with self._counted() as db:
            revision = self.revision + 1
            for version in versions:
                file = version.file
                _remove(db, file.path)
                db.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?)", file)
                for document, passages in version.documents:
                    _insert(db, revision, file.path, document, passages)
                    forget(db, document.path, file.sha256, document.path[len(file.path) :])

    def touch(self, file: FileState) -> None:
        """Record that a file was written again with the same content."""
        with self._db.transaction() as db:
            values = (file.size, file.changed_ns, file.modified, file.path)
            db.execute("UPDATE files SET size = ?, changed_ns = ?, modified = ? WHERE path = ?", values)

    def places(self) -> list[Place]:
        """The places of all documents."""
        return self._db.rows("SELECT path, file FROM documents")

    def readers(self) -> dict[Place, frozenset[str]]:
        """The groups that may read each document."""
        return self.marks("readers")

    def protected(self) -> dict[Place, frozenset[str]]:
        """The groups that may read each document that is not for everyone."""
        public = "SELECT document_id FROM readers WHERE reader = ?"
        return self._marks("readers", f"WHERE d.id NOT IN ({public})", EVERYONE)

    def former_readers(self) -> FormerReaders:
        """Who could read the protected documents that are gone."""
        return FormerReaders.of(self._db.rows(ROWS))

    def remember(self, earlier: "Catalog") -> None:
        """Remember what an earlier catalog remembers, and the documents of its files that are not in this one."""
        files = self.files()
        gone = [path for path, old in earlier.files().items() if path not in files or files[path].sha256 != old.sha256]
        with self._db.transaction() as db:
            put_rows(db, earlier._db.rows(ROWS))  # noqa: SLF001 - another catalog
            remember(db, earlier._db.rows(DOCUMENTS, (json.dumps(gone),)))  # noqa: SLF001

    def marks(self, mark: Mark) -> dict[Place, frozenset[str]]:
        """The readers or the labels of each document."""
        return self._marks(mark, "")

    def _marks(self, mark: Mark, condition: str, *values: object) -> dict[Place, frozenset[str]]:
        rows = self._db.rows(
            f"SELECT d.path, d.file, (SELECT json_group_array({_COLUMN_OF[mark]}) FROM {mark}"  # noqa: S608
            f" WHERE document_id = d.id) FROM documents d {condition}",
            values,
        )
        return {(path, file): frozenset(json.loads(marks)) for path, file, marks in rows}

    def set_marks(self, mark: Mark, marks: Mapping[str, Iterable[str]]) -> None:
        """Replace the readers or the labels of documents, by their paths, in one transaction."""
        with self._counted() as db:
            for path, values in marks.items():
                ((document_id,),) = db.execute("SELECT id FROM documents WHERE path = ?", (path,)).fetchall()
                db.execute(f"DELETE FROM {mark} WHERE document_id = ?", (document_id,))  # noqa: S608
                _insert_marks(db, mark, document_id, values)

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files with all their documents, in one transaction. Who could read them is remembered."""
        with self._counted() as db:
            for path in paths:
                _remove(db, path)

    def drop_unused_vectors(self) -> None:
        """Drop the vectors that no passage uses. They are kept until then for text that moves between files."""
        unused = "FROM vectors WHERE encoded NOT IN (SELECT encoded FROM passages)"
        if self._db.rows(f"SELECT 1 {unused} LIMIT 1"):
            with self._counted() as db:
                db.execute(f"DELETE {unused}")

    def rebuild_full_text(self) -> None:
        """Make the full-text index anew from the passages."""
        with self._db.transaction() as db:
            db.execute("INSERT INTO passages_text (passages_text) VALUES ('rebuild')")

    def forget_removals(self, *, until: int) -> None:
        """Drop the record of removals up to a revision, which no copy needs any more."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM removals WHERE revision <= ?", (until,))

    def set(self, key: str, value: str) -> None:
        """Store a value under a key, in place of an earlier one."""
        with self._db.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextmanager
    def _counted(self) -> Iterator[sqlite3.Connection]:
        """A transaction that adds 1 to the revision."""
        with self._db.transaction() as db:
            yield db
            db.execute("UPDATE meta SET value = value + 1 WHERE key = 'revision'")


def _remove(db: sqlite3.Connection, path: str) -> None:
    remember(db, db.execute(DOCUMENTS, (json.dumps([path]),)).fetchall())
    db.execute("DELETE FROM files WHERE path = ?", (path,))


def _insert(
    db: sqlite3.Connection, revision: int, file: str, d: Document, passages: Sequence[tuple[Passage, str, bytes]]
) -> None:
    sections = json.dumps([asdict(section) for section in d.sections])
    db.execute("DELETE FROM documents WHERE id = ?", (d.id,))  # another file may have held it: a zip that was unpacked
    day = d.dated.isoformat() if d.dated else None
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (d.id, file, d.path, d.title, title_as_name(d.title), d.media_type, day, revision, sections, d.text),
    )
    _insert_marks(db, "readers", d.id, d.readers)
    _insert_marks(db, "labels", d.id, d.labels)
    db.executemany(
        "INSERT OR IGNORE INTO vectors (encoded, revision, vector) VALUES (?, ?, ?)",
        [(encoded, revision, vector) for _, encoded, vector in passages],
    )
    for p, encoded, _ in passages:
        context, text = terms(p.context), terms(p.text)
        counted = (" ".join(context), " ".join(text), len(context) + len(text))
        db.execute(
            "INSERT INTO passages (id, document_id, encoded, locator, title, context, text, context_terms, terms,"
            " length) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (p.id, d.id, encoded, json.dumps(asdict(p.locator)), p.title, p.context, p.text, *counted),
        )


def _insert_marks(db: sqlite3.Connection, mark: Mark, document_id: str, marks: Iterable[str]) -> None:
    db.executemany(f"INSERT INTO {mark} VALUES (?, ?)", [(document_id, value) for value in set(marks)])  # noqa: S608
