"""Finds the reading order of a page from the places of its print: columns, rows, and rows of tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from indexes.readers.extraction.extraction_builder import ExtractionBuilder

_COLUMN_LINES = 3
"""Fewer lines beside each other are no columns of prose."""
_COLUMN_WIDTH = 10
"""Multiples of their height. Narrower boxes are cells of a table, which is read row by row."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """A run of print on one line, and its place, in pixels from the left upper corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return (self.top + self.bottom) / 2

    def overlap(self, other: "TextBox") -> float:
        """Return the width that both share; negative if they stand apart."""
        return min(self.right, other.right) - max(self.left, other.left)


TextRow = list[TextBox]


def add_page(boxes: Sequence[TextBox], builder: ExtractionBuilder) -> None:
    """Add lines of print as paragraphs, and rows under a header as tables."""
    for header, group in groupby(_with_headers(list(group_rows(boxes))), key=lambda item: item[0]):
        rows = [row for _, row in group]
        if header is None:
            builder.paragraph("\n".join(" ".join(box.text for box in row) for row in rows))
            continue
        columns = header[1]
        cells = [{_column(box, columns): box.text for box in row} for row in rows]
        builder.table([[texts.get(number, "") for number in range(len(columns))] for texts in cells])


def group_rows(boxes: Sequence[TextBox]) -> Iterator[TextRow]:
    """Yield rows from top to bottom, each from left to right; column by column where prose is set in columns."""
    lefts = {box.left for box in boxes}
    parted = {x: min(sum(box.right <= x for box in boxes), sum(box.left >= x for box in boxes)) for x in lefts}
    gutter = max(parted, key=lambda x: (parted[x], x), default=0.0)  # has the most print on both its sides
    ordered = sorted(boxes, key=lambda box: box.middle)
    uncolumned: list[TextBox] = []
    for _, group in groupby(ordered, key=lambda box: box.left < gutter < box.right):  # lines such as titles cross it
        run = list(group)
        sides = [box for box in run if box.right <= gutter], [box for box in run if box.left >= gutter]
        if not all(map(_is_column, sides)):
            uncolumned += run
            continue
        yield from _rows(uncolumned)
        uncolumned = []
        for side in sides:
            yield from group_rows(side)
    yield from _rows(uncolumned)


def _is_column(side: Sequence[TextBox]) -> bool:
    if len(side) < _COLUMN_LINES:
        return False
    height = median(box.bottom - box.top for box in side)
    return median(box.right - box.left for box in side) >= _COLUMN_WIDTH * height


def _rows(boxes: Sequence[TextBox]) -> Iterator[TextRow]:
    row: TextRow = []
    for box in sorted(boxes, key=lambda box: box.middle):
        if row and not row[-1].top <= box.middle <= row[-1].bottom:
            yield sorted(row, key=lambda box: box.left)
            row = []
        row.append(box)
    if row:
        yield sorted(row, key=lambda box: box.left)


def _with_headers(rows: Sequence[TextRow]) -> Iterator[tuple[tuple[int, TextRow] | None, TextRow]]:
    """Yield each row after the header of its table, if it has one. A number tells equal headers apart."""
    header: tuple[int, TextRow] | None = None
    for number, row in enumerate(rows):
        if header is None or not _is_under(row, header[1]):
            following = rows[number + 1] if number + 1 < len(rows) else []
            header = (number, row) if len(row) > 1 and _is_under(following, row) else None
        yield header, row


def _is_under(row: TextRow, header: TextRow) -> bool:
    """Whether the row belongs to the header's table: it has several cells, each under a column of its own."""
    columns = [_column(box, header) for box in row]
    return len(row) > 1 and None not in columns and len(set(columns)) == len(row)


def _column(box: TextBox, header: TextRow) -> int | None:
    number = max(range(len(header)), key=lambda number: box.overlap(header[number]))
    return number if box.overlap(header[number]) > 0 else None
