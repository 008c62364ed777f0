"""What a library shows of the catalog: documents page by page, and one of them in part. Who may see what is in here."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from indexes.readers.extraction.serialization import sections_from
from indexes.storage.access_filter import Condition, document_condition, passage_condition
from indexes.storage.database import Database
from indexes.types import Scope, Section

_COLUMNS = (
    "p.id, p.path, p.file, p.title, p.media_type, coalesce(p.dated, f.modified), f.sha256, f.size,"
    " (SELECT json_group_array(label) FROM labels WHERE document_id = p.id), json_extract(p.sections, '$[#-1].page')"
)
_FROM = "(SELECT *, id AS document_id FROM documents) p JOIN files f ON f.path = p.file"
# One look at each document gives both, as of one moment
_PAGE = """
WITH found AS MATERIALIZED (SELECT p.path FROM documents p WHERE {wanted})
SELECT (SELECT count(*) FROM found), (SELECT json_group_array(path) FROM (
    SELECT path FROM found WHERE path > ? ORDER BY path LIMIT ?
))
"""


@dataclass(frozen=True, slots=True)
class LibraryDocument:
    """A document, without its text."""

    id: str
    path: str
    file: str
    """The path of the file that it is, or lies in."""
    title: str
    media_type: str
    dated: date
    """The day it gives itself, else its file's."""
    sha256: str
    """Of the file."""
    size: int
    """Of the file, in bytes."""
    labels: tuple[str, ...]
    pages: int | None
    """The last of its pages that holds text; None where it has no pages."""

    @property
    def enclosed(self) -> bool:
        """Whether it lies in a file, as an attachment does."""
        return self.path != self.file


@dataclass(frozen=True, slots=True)
class Excerpt:
    """``text`` is the document's from ``char_start`` to ``char_end``; its sections may reach beyond."""

    listed: LibraryDocument
    text: str
    sections: tuple[Section, ...]
    char_start: int
    char_end: int
    characters: int
    """Of the whole document."""


class LibraryRows:
    """Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def page(
        self, scope: Scope, name: str = "", *, after: str = "", limit: int = 50
    ) -> tuple[list[LibraryDocument], int]:
        """By path, those that come after a path, and how many there are in all.

        ``name`` is words that must each stand in path or title.
        """
        wanted = document_condition(scope, "p.id") & _named(name)
        ((total, paths),) = self._db.rows(_PAGE.format(wanted=wanted.sql), (*wanted.values, after, limit))
        among = Condition("p.path IN (SELECT value FROM json_each(?))", (paths,))
        return self._listed(among & passage_condition(Scope(scope.audience))), total

    def holds(self, prefix: str) -> bool:
        """Whether any file's path begins so."""
        rows = self._db.rows("SELECT 1 FROM files WHERE substr(path, 1, ?) = ? LIMIT 1", (len(prefix), prefix))
        return bool(rows)

    def passages(self, scope: Scope) -> int:
        """How many there are."""
        seen = document_condition(scope, "document_id")
        ((count,),) = self._db.rows(f"SELECT count(*) FROM passages WHERE {seen.sql}", seen.values)  # noqa: S608
        return int(count)

    def document(self, document_id: str, scope: Scope) -> LibraryDocument | None:
        """None where there is none, or none in the scope: nothing tells the one from the other."""
        wanted = Condition("p.id = ?", (document_id,)) & passage_condition(scope)
        return next(iter(self._listed(wanted)), None)

    def excerpt(self, listed: LibraryDocument, start: int, end: int) -> Excerpt | None:
        """Its text from one character to another, as far as there is any; None where the document is gone since."""
        rows = self._db.rows(
            "SELECT substr(text, ?, ?), length(text),"
            " (SELECT json_group_array(json(s.value)) FROM json_each(sections) s"
            " WHERE json_extract(s.value, '$.char_start') < ? AND json_extract(s.value, '$.char_end') > ?)"
            " FROM documents WHERE id = ?",
            (start + 1, end - start, end, start, listed.id),
        )
        for text, characters, sections in rows:
            return Excerpt(listed, text, sections_from(json.loads(sections)), start, start + len(text), characters)
        return None

    def page_text(self, document_id: str, page: int) -> tuple[int, str]:
        """Where the text of a page begins in its document's, and that text; empty where the page holds none."""
        rows = self._db.rows(
            "SELECT d.text, min(json_extract(s.value, '$.char_start')), max(json_extract(s.value, '$.char_end'))"
            " FROM documents d, json_each(d.sections) s WHERE d.id = ? AND json_extract(s.value, '$.page') = ?",
            (document_id, page),
        )
        ((text, start, end),) = rows
        return (start, text[start:end]) if text is not None else (0, "")

    def _listed(self, wanted: Condition) -> list[LibraryDocument]:
        query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE {wanted.sql} ORDER BY p.path"  # noqa: S608
        return [_listed(row) for row in self._db.rows(query, wanted.values)]


def named(words: str, *names: str) -> bool:
    """Whether each of the words, one a line and as ``_folded``, stands in one of the names."""
    folded = _folded("\n".join(names))
    return all(word in folded for word in words.split("\n"))


def _named(name: str) -> Condition:
    """SQLite's own functions know the capitals of ASCII alone, and take a tenth of the time."""
    words = _folded(name).split()
    wanted = Condition("1")
    for word in (word for word in words if word.isascii()):
        wanted &= Condition("instr(lower(p.path || char(10) || p.title), ?)", (word,))
    if others := "\n".join(word for word in words if not word.isascii()):
        wanted &= Condition("named(?, p.path, p.title)", (others,))
    return wanted


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _listed(row: Sequence[Any]) -> LibraryDocument:
    day, sha256, size, labels, pages = row[5:]
    known = tuple(sorted(json.loads(labels)))
    return LibraryDocument(*row[:5], date.fromisoformat(day), sha256, size, known, pages)  # type: ignore[call-arg]  # as they stand
