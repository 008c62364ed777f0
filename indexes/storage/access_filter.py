"""What a search may find: who asks and within what, as a condition on the catalog's rows."""

import json
from typing import NamedTuple

from indexes.types import EVERYONE, Filters, Scope


class Condition(NamedTuple):
    """SQL that holds or not, and the values of its question marks."""

    sql: str
    values: tuple[str | int, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"{self.sql} AND {other.sql}", self.values + other.values)


_AMONG = "SELECT value FROM json_each(?)"
_DAY = "coalesce(w.dated, (SELECT modified FROM files WHERE path = w.file))"


def passage_condition(scope: Scope) -> Condition:
    """Of passages ``p``, for a query that finds few of them by other means."""
    own = "SELECT 1 FROM readers r WHERE r.document_id = p.document_id"
    readers = f"EXISTS ({own} AND r.reader IN ({_AMONG}))"
    return _and_within(Condition(readers, _readers(scope)), scope, "+p.document_id")  # +: the documents drive nothing


def document_condition(scope: Scope, column: str) -> Condition:
    """Of ids of documents, for a query whose cost is theirs alone."""
    readers = f"{column} IN (SELECT document_id FROM readers WHERE reader IN ({_AMONG}))"  # noqa: S608 - no value is in it
    return _and_within(Condition(readers, _readers(scope)), scope, column)


def _and_within(condition: Condition, scope: Scope, column: str) -> Condition:
    if not (facts := _facts(scope.filters)):
        return condition
    every = facts[0]
    for fact in facts[1:]:
        every &= fact
    return condition & Condition(f"{column} IN (SELECT w.id FROM documents w WHERE {every.sql})", every.values)  # noqa: S608


def _facts(filters: Filters) -> list[Condition]:
    """Conditions on documents ``w``, the cheapest first."""
    facts = []
    if filters.since:
        facts.append(Condition(f"{_DAY} >= ?", (filters.since.isoformat(),)))
    if filters.until:
        facts.append(Condition(f"{_DAY} <= ?", (filters.until.isoformat(),)))
    if filters.labels:
        labelled = f"SELECT document_id FROM labels WHERE label IN ({_AMONG})"  # noqa: S608
        facts.append(Condition(f"w.id IN ({labelled})", (json.dumps(filters.labels),)))
    if filters.media_types:
        families = json.dumps([kind.lower() for kind in filters.media_types])
        facts.append(_matching("w.media_type", families))
    if filters.paths:
        facts.append(_matching("w.path", json.dumps(filters.paths)))
    return facts


def _matching(column: str, globs: str) -> Condition:
    return Condition(f"EXISTS (SELECT 1 FROM json_each(?) g WHERE matches(g.value, {column}))", (globs,))  # noqa: S608


def _readers(scope: Scope) -> tuple[str]:
    return (json.dumps([EVERYONE, *scope.audience.groups]),)
