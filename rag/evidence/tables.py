"""Reads the tables in a passage as relations: rows and columns, each with the head that names it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexes.text.sentences import is_table_row
from rag.evidence.quantities import Amounts, amounts

_RULE = re.compile(r"[\s|:+-]*-[\s|:+-]*")
"""The line under a header row in Markdown."""
_YEAR = re.compile(r"(?:fy ?)?(?:19|20)\d\d(?: \([^()]*\))?", re.IGNORECASE)
_FIGURE = re.compile(r"\W{0,3}(?:(?:[A-Z]{2,3}|kr|Rs)\.?\s|US(?=\$))?\W{0,2}\d")
"""How a cell begins whose value is a figure: with a sign, or with the code of a currency."""
_MOST_KEYS = 3
"""Columns from the left that may name a row."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows, all of one width. ``heads`` name its columns; they are empty if no row does."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def key_columns(self) -> range:
        """The columns that may name a row: the first, and those beside it that hold no figures."""
        width = len(self.rows[0])
        ends = (c for c in range(1, min(width, _MOST_KEYS)) if any(_FIGURE.match(row[c]) for row in self.rows))
        return range(next(ends, min(width, _MOST_KEYS)))

    def head(self, column: int) -> str:
        """Return what names a column, as prose writes it; nothing if the table has no header row."""
        return self.heads[column].replace("_", " ").strip() if self.heads else ""

    def amounts_at(self, row: int, column: int) -> Amounts:
        """Return the figures and dates of a cell, with the units that its column's head names."""
        cell, head = amounts(self.rows[row][column]), amounts(self.head(column))
        return Amounts(cell.quantities, cell.days, cell.loose, cell.units | head.units, cell.scales | head.scales)


@lru_cache(maxsize=512)
def read_tables(text: str, context: str = "") -> tuple[Table, ...]:
    """Return the tables of a text, in order. ``context`` may end with the header row of one that begins before it."""
    above = tuple(cells_of(line) for line in context.splitlines() if is_table_row(line))
    return tuple(table for lines in _runs_of_rows(text) for table in _tables_of(lines, above))


def prose_of(text: str) -> str:
    """Return the lines of a text that are no rows."""
    return "\n".join(line for line in text.splitlines() if not is_table_row(line))


def cells_of(line: str) -> tuple[str, ...]:
    """Return the cells of a row."""
    row = line.strip()
    if row.startswith("|") and row.endswith("|") and len(row) > 1:
        row = row[1:-1]
    return tuple(cell.strip(" *`") for cell in row.split("|"))


def is_figure(cell: str) -> bool:
    """Return whether a cell's value is a figure, with or without a currency before it."""
    return _FIGURE.match(cell) is not None


def _runs_of_rows(text: str) -> Iterator[list[str]]:
    run = list[str]()
    for line in [*text.splitlines(), ""]:
        if is_table_row(line):
            run.append(line)
        elif run:
            yield run
            run = []


def _tables_of(lines: Sequence[str], above: Sequence[tuple[str, ...]]) -> Iterator[Table]:
    """Yield the tables of these lines: with a second header row between its rows, a table is two."""
    ruled = len(lines) > 1 and _RULE.fullmatch(lines[1]) is not None
    rows = [cells_of(line) for line in lines if not _RULE.fullmatch(line)]
    width = max(map(len, rows), key=[len(row) for row in rows].count, default=0)
    rows = [row for row in rows if len(row) == width and any(row[1:])]
    outside = [row for row in above if len(row) == width and row not in rows]
    if outside and not ruled:
        rows = [outside[0], *rows]
    count = int(len(rows) > 1 and (ruled or bool(outside) or _names_columns(rows[0])))
    heads, body = rows[:count], list[tuple[str, ...]]()
    for row in rows[count:]:
        if not _is_unnamed(row):
            body.append(row)
        elif body:
            yield from _table(heads, body)
            heads, body = [row], []
        else:
            heads.append(row)
    yield from _table(heads, body)


def _table(heads: Sequence[tuple[str, ...]], body: Sequence[tuple[str, ...]]) -> Iterator[Table]:
    """Yield a table, if it has two rows to tell apart, its header row included. The lowest head of a column counts."""
    if body and len(body[0]) > 1 and (heads or len(body) > 1):
        lowest = (next(filter(None, column), "") for column in zip(*reversed(heads), strict=True))
        yield Table(tuple(lowest), tuple(body))


def _is_unnamed(row: Sequence[str]) -> bool:
    """Return whether a row among others is a header row: its first cell names nothing, or a unit."""
    return (not row[0] or row[0].startswith("(")) and all(_YEAR.fullmatch(cell) or not is_figure(cell) for cell in row)


def _names_columns(row: Sequence[str]) -> bool:
    return all(row[1:]) and all(_YEAR.fullmatch(cell) or not is_figure(cell) for cell in row)
