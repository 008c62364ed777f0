"""The queries of the library: documents page by page, and excerpts of one. Access is enforced in here."""

import json
import unicodedata
from dataclasses import dataclass
from datetime import date

from indexes.readers.extraction.serialization import sections_from
from indexes.storage.access_filter import Condition, document_condition, passage_condition
from indexes.storage.database import Database
from indexes.types import Scope, Section

_COLUMNS = (
    "p.id, p.path, p.file, p.title, p.media_type, coalesce(p.dated, f.modified), f.sha256, f.size,"
    " (SELECT json_group_array(label) FROM labels WHERE document_id = p.id), json_extract(p.sections, '$[#-1].page')"
)
_FROM = "(SELECT *, id AS document_id FROM documents) p JOIN files f ON f.path = p.file"
# one scan gives the total and the page, of the same moment
_PAGE = """
WITH matching AS MATERIALIZED (SELECT p.path FROM documents p WHERE {condition})
SELECT (SELECT count(*) FROM matching), (SELECT json_group_array(path) FROM (
    SELECT path FROM matching WHERE path > ? ORDER BY path LIMIT ?
))
"""


@dataclass(frozen=True, slots=True)
class LibraryDocument:
    """A document without its text."""

    id: str
    path: str
    file: str
    """The path of the file that is or contains the document."""
    title: str
    media_type: str
    dated: date
    """The date in the document, else that of its file."""
    sha256: str
    """Of the file."""
    size: int
    """Of the file, in bytes."""
    labels: tuple[str, ...]
    pages: int | None
    """The number of the last page with text; None if the document has no pages."""

    @property
    def enclosed(self) -> bool:
        """Whether another file contains the document, as a mail contains an attachment."""
        return self.path != self.file


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The characters ``char_start`` to ``char_end`` of a document's text. Its sections may reach beyond them."""

    listed: LibraryDocument
    text: str
    sections: tuple[Section, ...]
    char_start: int
    char_end: int
    characters: int
    """The length of the whole text."""


class LibraryRows:
    """Queries over the documents of a catalog. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def page(
        self, scope: Scope, name: str = "", *, after: str = "", limit: int = 50
    ) -> tuple[list[LibraryDocument], int]:
        """The documents after a path, in the order of paths, and the number of documents on all pages.

        Each word of ``name`` must occur in path or title.
        """
        condition, words = document_condition(scope, "p.id"), _fold(name).split()
        for word in (word for word in words if word.isascii()):  # SQLite folds only ASCII, in a tenth of the time
            condition &= Condition("instr(lower(p.path || char(10) || p.title), ?)", (word,))
        if others := "\n".join(word for word in words if not word.isascii()):
            condition &= Condition("named(?, p.path, p.title)", (others,))
        ((total, paths),) = self._db.rows(_PAGE.format(condition=condition.sql), (*condition.values, after, limit))
        among = Condition("p.path IN (SELECT value FROM json_each(?))", (paths,))
        return self._documents(among & passage_condition(Scope(scope.audience))), total

    def holds(self, prefix: str) -> bool:
        """Whether the path of any file begins with the prefix."""
        rows = self._db.rows("SELECT 1 FROM files WHERE substr(path, 1, ?) = ? LIMIT 1", (len(prefix), prefix))
        return bool(rows)

    def passages(self, scope: Scope) -> int:
        """The number of passages within the scope."""
        condition = document_condition(scope, "document_id")
        ((count,),) = self._db.rows(f"SELECT count(*) FROM passages WHERE {condition.sql}", condition.values)  # noqa: S608
        return int(count)

    def beginnings(self, scope: Scope, *, documents: int, characters: int) -> list[str]:
        """The first characters of this many documents, drawn as their ids fall."""
        condition = document_condition(scope, "id")
        query = f"SELECT substr(text, 1, ?) FROM documents WHERE {condition.sql} ORDER BY id LIMIT ?"  # noqa: S608
        return [text for (text,) in self._db.rows(query, (characters, *condition.values, documents))]

    def document(self, document_id: str, scope: Scope) -> LibraryDocument | None:
        """The document with this id within the scope; None whether it does not exist or may not be read."""
        condition = Condition("p.id = ?", (document_id,)) & passage_condition(scope)
        return next(iter(self._documents(condition)), None)

    def excerpt(self, listed: LibraryDocument, start: int, end: int) -> Excerpt | None:
        """The characters ``start`` to ``end`` of a document, as far as there are any; None if it is gone."""
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
        """The start of a page in the document's text, and the text of the page; ``(0, "")`` if it has none."""
        rows = self._db.rows(
            "SELECT d.text, min(json_extract(s.value, '$.char_start')), max(json_extract(s.value, '$.char_end'))"
            " FROM documents d, json_each(d.sections) s WHERE d.id = ? AND json_extract(s.value, '$.page') = ?",
            (document_id, page),
        )
        ((text, start, end),) = rows
        return (start, text[start:end]) if text is not None else (0, "")

    def _documents(self, condition: Condition) -> list[LibraryDocument]:
        query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE {condition.sql} ORDER BY p.path"  # noqa: S608
        documents = []
        for *fields, day, sha256, size, labels, pages in self._db.rows(query, condition.values):
            dated, sorted_labels = date.fromisoformat(day), tuple(sorted(json.loads(labels)))
            document = LibraryDocument(*fields, dated, sha256, size, sorted_labels, pages)  # type: ignore[call-arg]
            documents.append(document)
        return documents


def named(words: str, *names: str) -> bool:
    """Whether each of the words, on lines of their own and case-folded, occurs in one of the names."""
    folded = _fold("\n".join(names))
    return all(word in folded for word in words.split("\n"))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
