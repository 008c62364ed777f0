"""Access enforced: what a search may find, as SQL conditions on the rows of the catalog."""

import json
from functools import reduce
from operator import and_
from typing import NamedTuple

from indexes.types import EVERYONE, Scope


class Condition(NamedTuple):
    """A condition in SQL, and the values of its question marks."""

    sql: str
    values: tuple[str | int, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"{self.sql} AND {other.sql}", self.values + other.values)


_AMONG = "SELECT value FROM json_each(?)"
_DAY = "coalesce(w.dated, (SELECT modified FROM files WHERE path = w.file))"


def passage_condition(scope: Scope) -> Condition:
    """The condition that a passage ``p`` is within the scope, for queries that find few passages by other means."""
    readers = f"SELECT 1 FROM readers r WHERE r.document_id = p.document_id AND r.reader IN ({_AMONG})"  # noqa: S608
    # +: SQLite must not start from the documents
    return _with_filters(f"EXISTS ({readers})", scope, "+p.document_id")


def document_condition(scope: Scope, column: str) -> Condition:
    """The condition that a column's document id is within the scope; other documents cost nothing."""
    readers = f"SELECT document_id FROM readers WHERE reader IN ({_AMONG})"  # noqa: S608 - no value is in it
    return _with_filters(f"{column} IN ({readers})", scope, column)


def _with_filters(readers: str, scope: Scope, column: str) -> Condition:
    condition = Condition(readers, (json.dumps([EVERYONE, *scope.audience.groups]),))
    chosen, conditions = scope.filters, list[Condition]()  # on documents ``w``, the cheapest first
    if chosen.since:
        conditions.append(Condition(f"{_DAY} >= ?", (chosen.since.isoformat(),)))
    if chosen.until:
        conditions.append(Condition(f"{_DAY} <= ?", (chosen.until.isoformat(),)))
    if chosen.labels:
        labelled = f"SELECT document_id FROM labels WHERE label IN ({_AMONG})"  # noqa: S608
        conditions.append(Condition(f"w.id IN ({labelled})", (json.dumps(chosen.labels),)))
    if chosen.media_types:
        families = json.dumps([kind.lower() for kind in chosen.media_types])
        conditions.append(_matches_any("w.media_type", families))
    if chosen.paths:
        conditions.append(_matches_any("w.path", json.dumps(chosen.paths)))
    if not conditions:
        return condition
    every = reduce(and_, conditions)
    return condition & Condition(f"{column} IN (SELECT w.id FROM documents w WHERE {every.sql})", every.values)  # noqa: S608


def _matches_any(column: str, globs: str) -> Condition:
    return Condition(f"EXISTS (SELECT 1 FROM json_each(?) g WHERE matches(g.value, {column}))", (globs,))  # noqa: S608
