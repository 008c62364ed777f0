"""What searches read of the catalog: passages with all that is compared, and what is known of terms and names."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexes.storage.access_filter import Condition, document_condition, passage_condition
from indexes.storage.database import Database
from indexes.types import Audience, Locator, Passage, Scope

_AMONG = "IN (SELECT value FROM json_each(?))"
_COLUMNS = (
    "p.id, p.document_id, d.path, p.title, p.context, p.text, p.locator,"
    " p.row, p.encoded, v.vector, p.context_terms, p.terms"
)
_FROM = "passages p JOIN documents d ON d.id = p.document_id JOIN vectors v ON v.encoded = p.encoded"
_COMMON = 10_000
"""Passages with a term, from which it is common."""
_CONTEXT_WEIGHT, _TEXT_WEIGHT = 2.0, 1.0


@dataclass(frozen=True, slots=True, eq=False)
class SearchRow:
    """A passage, where it stands among its document's, its vector and its terms."""

    passage: Passage
    row: int
    """Those of a document follow each other."""
    encoded: str
    vector: NDArray[np.float32]
    context_terms: str
    terms: str
    """Of the text; both as ``words.terms`` has them, with blanks between."""


class SearchRows:
    """Safe to use from many threads. Whatever ``scope`` a search has, it is applied in here."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def embedded_as(self, encoded: Collection[str], scope: Scope) -> list[SearchRow]:
        """Those of which these texts were embedded."""
        return self._entries(Condition(f"p.encoded {_AMONG}", (json.dumps([*encoded]),)) & passage_condition(scope))

    def match(self, expression: str, *, limit: int, scope: Scope) -> list[SearchRow]:
        """Those that match an FTS5 expression, best BM25 first.

        Who may see what is looked up in that order until there are enough: a look-up costs more than a rank. LIMIT -1
        makes SQLite keep the order within, and CROSS JOIN makes it go by it.
        """
        seen = passage_condition(scope)
        rows = self._db.rows(
            f"SELECT {_COLUMNS} FROM (SELECT rowid AS row FROM passages_text WHERE passages_text MATCH ?"  # noqa: S608
            " ORDER BY bm25(passages_text, ?, ?), rowid LIMIT -1) t CROSS JOIN passages p ON p.row = t.row"
            " JOIN documents d ON d.id = p.document_id JOIN vectors v ON v.encoded = p.encoded"
            f" WHERE {seen.sql} LIMIT ?",
            (expression, _CONTEXT_WEIGHT, _TEXT_WEIGHT, *seen.values, limit),
        )
        return [_entry(row) for row in rows]

    def at_rows(self, rows: Collection[int], scope: Scope) -> list[SearchRow]:
        return self._entries(Condition(f"p.row {_AMONG}", (json.dumps([*rows]),)) & passage_condition(scope))

    def first_of_documents(self, document_ids: Collection[str], scope: Scope, *, most: int) -> list[SearchRow]:
        """The first ``most`` of each."""
        wanted = Condition(f"p.document_id {_AMONG}", (json.dumps([*document_ids]),)) & passage_condition(scope)
        first = "p.row < (SELECT min(row) FROM passages WHERE document_id = p.document_id) + ?"
        return self._entries(wanted & Condition(first, (most,)))

    def documents_named(self, names: Collection[str], scope: Scope) -> dict[str, list[str]]:
        """Ids of the documents that go by these names, as ``mentions.title_as_name`` has them."""
        seen = passage_condition(scope)
        named = f"SELECT name, id AS document_id FROM documents WHERE name {_AMONG}"  # noqa: S608
        rows = self._db.rows(
            f"SELECT p.name, p.document_id FROM ({named}) p WHERE {seen.sql}",  # noqa: S608
            (json.dumps([*names]), *seen.values),
        )
        found: dict[str, list[str]] = {}
        for name, document_id in rows:
            found.setdefault(name, []).append(document_id)
        return found

    def frequency(self, term: str, audience: Audience | None) -> int:
        """In how many of the passages that they may read it occurs: a score must not tell of others. None may read all.

        Of a common term, in how many of all: to count takes long then, and that a common word occurs is no secret.
        """
        ((everywhere,),) = self._db.rows(
            "SELECT coalesce((SELECT doc FROM passages_vocabulary WHERE term = ?), 0)", (term,)
        )
        if not everywhere or everywhere > _COMMON or audience is None:
            return int(everywhere)
        seen = passage_condition(Scope(audience))
        ((within,),) = self._db.rows(
            "SELECT count(*) FROM passages_text t CROSS JOIN passages p ON p.row = t.rowid"  # noqa: S608
            f" WHERE passages_text MATCH ? AND {seen.sql}",
            (f'"{term}"', *seen.values),
        )
        return int(within)

    def size(self, audience: Audience | None) -> tuple[int, float]:
        """How many passages there are that they may read, and how many terms these have on average."""
        if audience is None:
            query = "SELECT (SELECT count(*) FROM passages), (SELECT value FROM meta WHERE key = 'terms')"
            ((passages, length),) = self._db.rows(query)
        else:
            seen = document_condition(Scope(audience), "document_id")
            query = f"SELECT count(*), coalesce(sum(length), 0) FROM passages WHERE {seen.sql}"  # noqa: S608
            ((passages, length),) = self._db.rows(query, seen.values)
        return passages, int(length) / passages if passages else 0.0

    def all_visible(self, audience: Audience) -> bool:
        """Whether they may read all documents."""
        seen = document_condition(Scope(audience), "id")
        ((hidden,),) = self._db.rows(f"SELECT EXISTS (SELECT 1 FROM documents WHERE NOT {seen.sql})", seen.values)  # noqa: S608
        return not hidden

    def text(self, document_id: str, start: int, end: int) -> str:
        """A document's text from one character to another; empty where the document is gone."""
        rows = self._db.rows(
            "SELECT substr(text, ?, ?) FROM documents WHERE id = ?", (start + 1, end - start, document_id)
        )
        return "".join(text for (text,) in rows)

    def dates(self, document_ids: Iterable[str]) -> dict[str, date]:
        """The days of these documents: those they give themselves, else those of their files."""
        rows = self._db.rows(
            "SELECT d.id, coalesce(d.dated, f.modified) FROM documents d JOIN files f ON f.path = d.file"
            " WHERE d.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(document_ids)),),
        )
        return {document_id: date.fromisoformat(day) for document_id, day in rows}

    def _entries(self, condition: Condition) -> list[SearchRow]:
        query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE {condition.sql} ORDER BY p.row"  # noqa: S608
        return [_entry(row) for row in self._db.rows(query, condition.values)]


def _entry(row: Sequence[Any]) -> SearchRow:
    place = json.loads(row[6])
    locator = Locator(**{**place, "heading": tuple(place["heading"])})
    passage = Passage(*row[:6], locator)  # type: ignore[call-arg]  # the columns are its fields
    return SearchRow(passage, row[7], row[8], np.frombuffer(row[9], np.float32), row[10], row[11])
