"""The queries of a search: passages with what is compared, and statistics of terms and names."""

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
"""Passages. A term that occurs in more of them is common."""
_CONTEXT_WEIGHT, _TEXT_WEIGHT = 2.0, 1.0


@dataclass(frozen=True, slots=True, eq=False)
class SearchRow:
    """A passage with its row number, its vector and its terms."""

    passage: Passage
    row: int
    """The passages of a document have consecutive numbers."""
    encoded: str
    """The hash of the text that was embedded."""
    vector: NDArray[np.float32]
    context_terms: str
    terms: str
    """Those of the text. Both are ``tokenization.terms``, separated by blanks."""


class SearchRows:
    """Queries over the passages of a catalog. Safe to use from many threads. The ``scope`` is applied in here."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def embedded_as(self, encoded: Collection[str], scope: Scope) -> list[SearchRow]:
        """The passages whose embedded texts have these hashes."""
        return self._rows(Condition(f"p.encoded {_AMONG}", (json.dumps([*encoded]),)) & passage_condition(scope))

    def match(self, expression: str, *, limit: int, scope: Scope) -> list[SearchRow]:
        """The passages that match an FTS5 expression, best BM25 first.

        Access is checked in that order until there are enough, as a check costs more than a rank. LIMIT -1 makes SQLite
        sort the inner query, and CROSS JOIN makes it keep that order.
        """
        condition = passage_condition(scope)
        rows = self._db.rows(
            f"SELECT {_COLUMNS} FROM (SELECT rowid AS row FROM passages_text WHERE passages_text MATCH ?"  # noqa: S608
            " ORDER BY bm25(passages_text, ?, ?), rowid LIMIT -1) t CROSS JOIN passages p ON p.row = t.row"
            " JOIN documents d ON d.id = p.document_id JOIN vectors v ON v.encoded = p.encoded"
            f" WHERE {condition.sql} LIMIT ?",
            (expression, _CONTEXT_WEIGHT, _TEXT_WEIGHT, *condition.values, limit),
        )
        return [_search_row(row) for row in rows]

    def at_rows(self, rows: Collection[int], scope: Scope) -> list[SearchRow]:
        """The passages with these row numbers."""
        return self._rows(Condition(f"p.row {_AMONG}", (json.dumps([*rows]),)) & passage_condition(scope))

    def first_of_documents(self, document_ids: Collection[str], scope: Scope, *, most: int) -> list[SearchRow]:
        """The first ``most`` passages of each document."""
        within = Condition(f"p.document_id {_AMONG}", (json.dumps([*document_ids]),)) & passage_condition(scope)
        first = "p.row < (SELECT min(row) FROM passages WHERE document_id = p.document_id) + ?"
        return self._rows(within & Condition(first, (most,)))

    def documents_named(self, names: Collection[str], scope: Scope) -> dict[str, list[str]]:
        """The ids of the documents whose ``title_as_name`` is one of these names, by name."""
        condition = passage_condition(scope)
        named = f"SELECT name, id AS document_id FROM documents WHERE name {_AMONG}"  # noqa: S608
        rows = self._db.rows(
            f"SELECT p.name, p.document_id FROM ({named}) p WHERE {condition.sql}",  # noqa: S608
            (json.dumps([*names]), *condition.values),
        )
        ids: dict[str, list[str]] = {}
        for name, document_id in rows:
            ids.setdefault(name, []).append(document_id)
        return ids

    def frequency(self, term: str, audience: Audience | None) -> int:
        """The number of passages with a term, among those that the audience may read: scores must not reveal others.

        None may read all. A common term is counted in all passages: counting is slow then, and a common word no secret.
        """
        ((everywhere,),) = self._db.rows(
            "SELECT coalesce((SELECT doc FROM passages_vocabulary WHERE term = ?), 0)", (term,)
        )
        if not everywhere or everywhere > _COMMON or audience is None:
            return int(everywhere)
        condition = passage_condition(Scope(audience))
        ((readable,),) = self._db.rows(
            "SELECT count(*) FROM passages_text t CROSS JOIN passages p ON p.row = t.rowid"  # noqa: S608
            f" WHERE passages_text MATCH ? AND {condition.sql}",
            (f'"{term}"', *condition.values),
        )
        return int(readable)

    def size(self, audience: Audience | None) -> tuple[int, float]:
        """The number of passages that the audience may read, None being all, and their average number of terms."""
        if audience is None:
            query = "SELECT (SELECT count(*) FROM passages), (SELECT value FROM meta WHERE key = 'terms')"
            ((passages, length),) = self._db.rows(query)
        else:
            condition = document_condition(Scope(audience), "document_id")
            query = f"SELECT count(*), coalesce(sum(length), 0) FROM passages WHERE {condition.sql}"  # noqa: S608
            ((passages, length),) = self._db.rows(query, condition.values)
        return passages, int(length) / passages if passages else 0.0

    def all_visible(self, audience: Audience) -> bool:
        """Whether the audience may read all documents."""
        condition = document_condition(Scope(audience), "id")
        query = f"SELECT EXISTS (SELECT 1 FROM documents WHERE NOT {condition.sql})"  # noqa: S608
        ((hidden,),) = self._db.rows(query, condition.values)
        return not hidden

    def text(self, document_id: str, start: int, end: int) -> str:
        """The characters ``start`` to ``end`` of a document's text; empty if there is no such document."""
        rows = self._db.rows(
            "SELECT substr(text, ?, ?) FROM documents WHERE id = ?", (start + 1, end - start, document_id)
        )
        return "".join(text for (text,) in rows)

    def dates(self, document_ids: Iterable[str]) -> dict[str, date]:
        """The days of these documents, by id: the date in the document, else that of its file."""
        rows = self._db.rows(
            "SELECT d.id, coalesce(d.dated, f.modified) FROM documents d JOIN files f ON f.path = d.file"
            " WHERE d.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(document_ids)),),
        )
        return {document_id: date.fromisoformat(day) for document_id, day in rows}

    def _rows(self, condition: Condition) -> list[SearchRow]:
        query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE {condition.sql} ORDER BY p.row"  # noqa: S608
        return [_search_row(row) for row in self._db.rows(query, condition.values)]


def _search_row(row: Sequence[Any]) -> SearchRow:
    fields = json.loads(row[6])
    locator = Locator(**{**fields, "heading": tuple(fields["heading"])})
    passage = Passage(*row[:6], locator)  # type: ignore[call-arg]  # the columns are its fields
    return SearchRow(passage, row[7], row[8], np.frombuffer(row[9], np.float32), row[10], row[11])
