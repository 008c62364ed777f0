"""Remembers who could read the protected documents that left a catalog. Hashes are kept, neither names nor text.

They are rows of the catalog's table ``meta``, so that an older program leaves them alone.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from indexes.types import EVERYONE

_KEYS = "former readers/"
ROWS = f"SELECT key, value FROM meta WHERE key GLOB '{_KEYS}*'"  # noqa: S608
DOCUMENTS = """
SELECT d.path, d.file, f.sha256, f.size, (SELECT json_group_array(reader) FROM readers WHERE document_id = d.id)
FROM documents d JOIN files f ON f.path = d.file WHERE d.file IN (SELECT value FROM json_each(?))
"""
Row: TypeAlias = tuple[str, str]
"""The hash of a path or of a content; the size of the file, 0 for a path, and the readers, as JSON."""
Leaving: TypeAlias = tuple[str, str, str, int, str]
"""Path, file, SHA-256 and size of the file, and readers as JSON."""


@dataclass(frozen=True, slots=True)
class FormerReaders:
    """The readers of protected documents that are gone, by the hash of a path, and by that of a content."""

    readers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sizes: frozenset[int] = frozenset()
    """The sizes of the files that held the contents."""

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "FormerReaders":
        """Return what these rows say."""
        kept = {key: json.loads(value) for key, value in rows}
        readers = {key: frozenset(groups) for key, (_, groups) in kept.items()}
        return cls(readers, frozenset(size for size, _ in kept.values()))

    def at(self, path: str) -> frozenset[str] | None:
        """Return who could read the last document at this path; None if it is not remembered."""
        return self.readers.get(_path_key(path)) if self.readers else None

    def holding(self, sha256: str, within: str = "") -> frozenset[str] | None:
        """Return who could last read what a file of this SHA-256 holds, at this path within it."""
        return self.readers.get(_content_key(sha256, within)) if self.readers else None


def remember(db: sqlite3.Connection, documents: Iterable[Leaving]) -> None:
    """Remember documents, as ``DOCUMENTS`` selects them, in the caller's transaction. Public ones are forgotten."""
    for path, file, sha256, size, readers in documents:
        groups, within = json.loads(readers), path[len(file) :]
        if EVERYONE in groups:
            forget(db, path, sha256, within)
        else:
            rows = (_path_key(path), 0), (_content_key(sha256, within), size)
            put_rows(db, ((key, json.dumps([size, groups])) for key, size in rows))


def forget(db: sqlite3.Connection, path: str, sha256: str, within: str) -> None:
    """Forget what is a document of the catalog again, or was public."""
    db.execute("DELETE FROM meta WHERE key IN (?, ?)", (_path_key(path), _content_key(sha256, within)))


def put_rows(db: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Put rows in place of those with the same keys."""
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def _path_key(path: str) -> str:
    return _digest("path", path)


def _content_key(sha256: str, within: str) -> str:
    return _digest(sha256, within)


def _digest(kind: str, name: str) -> str:
    return _KEYS + hashlib.sha256(f"{kind}\0{name}".encode()).hexdigest()
