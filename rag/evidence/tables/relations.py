"""Reads the tables in a passage as relations: rows and columns, each with the head that names it."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexes.text.number_words import MONTHS, any_of
from indexes.text.sentences import is_table_row
from rag.evidence.figures.quantities import Amounts, amounts

_RULE = re.compile(r"[\s|:+-]*-[\s|:+-]*")
"""The line under a header row in Markdown."""
_PERIOD = re.compile(
    rf"\W*(?:as of |fy ?|q[1-4] )?(?:\d{{1,2}}\.? )?(?:(?:{any_of(month[:3] for month in MONTHS)})[a-z]*\.?)? ?"
    r"(?:(?:19|20)\d\d(?:[/–-]\d{2,4})?)?\W*",
    re.IGNORECASE,
)
"""A head that is a year or a day, although it begins like a figure."""
_ASIDE = re.compile(r"\s*\([^)]*\)")
_BAR = re.compile(r"(?<!\\)\|")
_FIGURE = re.compile(r"\W{0,3}(?:(?:[A-Z]{2,3}|kr|Rs)\.?\s|US(?=\$))?\W{0,2}\d")
"""How a cell begins whose value is a figure: with a sign, or with the code of a currency."""
MOST_KEYS = 3
"""Columns from the left that may name a row."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows, all of one width. ``heads`` name its columns; they are empty if no row does."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    over: tuple[str, ...] = ()
    """The heads above ``heads``, each for all the columns that it spans; empty if there is one header row only."""

    @property
    def key_columns(self) -> range:
        """The columns that may name a row: the first, and those beside it that hold no figures."""
        width = len(self.rows[0])
        ends = (c for c in range(1, min(width, MOST_KEYS)) if any(_FIGURE.match(row[c]) for row in self.rows))
        return range(next(ends, min(width, MOST_KEYS)))

    def head(self, column: int, level: int = 0) -> str:
        """Return what names a column, as prose writes it; with ``level`` 1, what names it with others. May be empty."""
        heads = self.over if level else self.heads
        return heads[column].replace("_", " ").strip() if heads else ""

    def amounts_at(self, row: int, column: int) -> Amounts:
        """Return the figures and dates of a cell, with the units that its column's head names."""
        cell, head = amounts(self.rows[row][column]), amounts(self.head(column))
        return Amounts(cell.quantities, cell.days, cell.loose, cell.units | head.units, cell.scales | head.scales)


@lru_cache(maxsize=512)
def read_tables(text: str, context: str = "") -> tuple[Table, ...]:
    """Return the tables of a text, in order. ``context`` may end with the header row of one that begins before it."""
    above = [cells_of(line) for line in context.splitlines() if is_table_row(line)]
    runs = [list(lines) for are_rows, lines in itertools.groupby(text.splitlines(), is_table_row) if are_rows]
    return tuple(table for lines in runs for table in _tables_of(lines, above))


def has_whole_table(text: str, table: Table) -> bool:
    """Return whether a text has a table from its header row to a line after its last row."""
    lines = [line for line in text.splitlines() if line.strip()]
    cells = [cells_of(line) if is_table_row(line) else () for line in lines]
    if not table.heads or table.heads not in cells or table.rows[-1] not in cells:
        return False
    last = len(cells) - 1 - cells[::-1].index(table.rows[-1])
    return last + 1 < len(lines) and not cells[last + 1]


def prose_of(text: str) -> str:
    """Return the lines of a text that are no rows."""
    return "\n".join(line for line in text.splitlines() if not is_table_row(line))


def cells_of(line: str) -> tuple[str, ...]:
    """Return the cells of a row."""
    row = line.strip()
    if row.startswith("|") and row.endswith("|") and len(row) > 1:
        row = row[1:-1]
    return tuple(cell.strip(" *`").replace("\\|", "|") for cell in _BAR.split(row))


def is_figure(cell: str) -> bool:
    """Return whether a cell's value is a figure, with or without a currency before it."""
    return _FIGURE.match(cell) is not None


def _tables_of(lines: Sequence[str], above: Sequence[tuple[str, ...]]) -> Iterator[Table]:
    """Yield the tables of these lines. Those of another width, or below another header row, are others."""
    ruled = len(lines) > 1 and _RULE.fullmatch(lines[1]) is not None
    blocks = _by_width(row for line in lines if not _RULE.fullmatch(line) if any((row := cells_of(line))[1:]))
    for n, rows in enumerate(blocks):
        width, spanning = len(rows[0]), blocks[n - 1][0] if n and len(blocks[n - 1]) == 1 else ()
        outside = [row for row in above if len(row) == width and row not in rows]
        headed = bool(outside) or (ruled and n == 0)
        if outside and not ruled:
            rows = [outside[0], *rows]
        first = int(len(rows) > 1 and (headed or _names_columns(rows[0])))
        spans = bool(spanning) and first and all(map(_may_be_head, spanning))
        yield from _below_heads([_spread(spanning, width)] * spans + rows[:first], rows[first:])


def _by_width(rows: Iterable[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
    """Return the rows of each width. A row that lacks nothing but the last remarks of the row above is as wide."""
    blocks = list[list[tuple[str, ...]]]()
    for row in rows:
        is_odd = len(blocks) > 1 and len(blocks[-1]) == 1
        alike = next((block for block in blocks[: -2 - is_odd : -1] if len(block[0]) == len(row)), None)
        above = blocks[-1][-1] if blocks else ()
        if alike is None and 1 < len(row) < len(above):
            kinds, others = ([is_figure(cell) for cell in cells] for cells in (row, above))
            if any(kinds) and kinds == others[: len(row)] and not any(others[len(row) :]):
                alike, row = blocks[-1], row + ("",) * (len(above) - len(row))
        if alike is None:
            blocks.append([row])
        else:
            alike.append(row)
    return blocks


def _below_heads(heads: list[tuple[str, ...]], rows: Sequence[tuple[str, ...]]) -> Iterator[Table]:
    """Yield the tables of rows below these heads: with another header row between its rows, a table is two.

    The first cell of such a row names nothing, or a unit.
    """
    body = list[tuple[str, ...]]()
    for row in rows:
        is_unnamed = (not row[0] or row[0].startswith("(")) and all(map(_may_be_head, row))
        if not is_unnamed and (body or not _is_below(row, heads)):
            body.append(row)
        elif body:
            spanning = body if len(body) == 1 and not heads and _is_below(row, body) else []
            yield from _table(heads, body)
            heads, body = [*spanning, row], []
        else:
            heads = [*heads, row]
    yield from _table(heads, body)


def _table(heads: Sequence[tuple[str, ...]], body: Sequence[tuple[str, ...]]) -> Iterator[Table]:
    """Yield a table, if it has two rows to tell apart, its header row included. The lowest head of a column counts."""
    if body and len(body[0]) > 1 and (heads or len(body) > 1):
        lowest = tuple(next(filter(None, column), "") for column in zip(*reversed(heads), strict=True))
        yield Table(lowest, tuple(body), _spread(heads[-2], len(lowest)) if len(heads) > 1 else ())


def _spread(row: Sequence[str], width: int) -> tuple[str, ...]:
    """Return heads that span columns, each for all of them: those up to the next one, or as many for each."""
    if len(row) < width and all(row) and len(row) > 1 and (width - 1) % (len(row) - 1) == 0:
        return (row[0], *(head for head in row[1:] for _ in range((width - 1) // (len(row) - 1))))
    spread = list[str]()
    for head in [*row, *[""] * (width - len(row))]:
        spread.append(head or (spread[-1] if len(spread) > 1 else ""))
    return tuple(spread)


def _is_below(row: Sequence[str], heads: Sequence[tuple[str, ...]]) -> bool:
    """Return whether a row names the columns that the heads above it span together."""
    spans = bool(heads) and (not all(heads[-1][1:]) or len(set(heads[-1][1:])) < len(heads[-1]) - 1)
    return spans and _names_columns(row)


def _names_columns(row: Sequence[str]) -> bool:
    return all(row[1:]) and all(map(_may_be_head, row))


def _may_be_head(cell: str) -> bool:
    return not is_figure(cell) or _PERIOD.fullmatch(_ASIDE.sub("", cell)) is not None
