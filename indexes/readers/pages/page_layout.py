"""The reading order of a page that is known by its pieces of print alone: columns, rows, and the rows of tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from indexes.readers.extraction.extraction_builder import ExtractionBuilder

_COLUMN_LINES = 3
"""Fewer lines beside each other are no columns of prose."""
_COLUMN_WIDTH = 10
"""Times their height: narrower pieces of print are cells of a table, which is read row by row."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """A run of print on one line, and where it stands: y grows downwards."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def overlap(self, other: "TextBox") -> float:
        """How far the two stand above each other."""
        return min(self.right, other.right) - max(self.left, other.left)


TextRow = list[TextBox]


def add_page(pieces: Sequence[TextBox], draft: ExtractionBuilder) -> None:
    """Lines of print as paragraphs, rows under a header as tables."""
    for header, rows in groupby(_with_headers(list(group_rows(pieces))), key=lambda item: item[0]):
        if header is None:
            draft.paragraph("\n".join(" ".join(piece.text for piece in row) for _, row in rows))
        else:
            draft.table([_cells(row, header[1]) for _, row in rows])


def group_rows(pieces: Sequence[TextBox]) -> Iterator[TextRow]:
    """From top to bottom, column by column where prose is set in columns; each row from left to right."""
    gutter = _gutter(pieces)
    plain: list[TextBox] = []
    for run in _runs(pieces, gutter):
        sides = [piece for piece in run if piece.right <= gutter], [piece for piece in run if piece.left >= gutter]
        if not all(map(_is_column, sides)):
            plain += run
            continue
        yield from _rows(plain)
        plain = []
        for side in sides:
            yield from group_rows(side)
    yield from _rows(plain)


def _gutter(pieces: Sequence[TextBox]) -> float:
    """The x that parts the most print on its left from the most on its right."""

    def parted(x: float) -> int:
        return min(sum(piece.right <= x for piece in pieces), sum(piece.left >= x for piece in pieces))

    return max({piece.left for piece in pieces}, key=lambda x: (parted(x), x), default=0.0)


def _runs(pieces: Sequence[TextBox], gutter: float) -> Iterator[list[TextBox]]:
    """What stands between lines that cross the gutter, as titles do, and those lines."""
    ordered = sorted(pieces, key=lambda piece: piece.middle)
    for _, run in groupby(ordered, key=lambda piece: piece.left < gutter < piece.right):
        yield list(run)


def _is_column(side: Sequence[TextBox]) -> bool:
    if len(side) < _COLUMN_LINES:
        return False
    height = median(piece.bottom - piece.top for piece in side)
    return median(piece.right - piece.left for piece in side) >= _COLUMN_WIDTH * height


def _rows(pieces: Sequence[TextBox]) -> Iterator[TextRow]:
    row: TextRow = []
    for piece in sorted(pieces, key=lambda piece: piece.middle):
        if row and not row[-1].top <= piece.middle <= row[-1].bottom:
            yield sorted(row, key=lambda piece: piece.left)
            row = []
        row.append(piece)
    if row:
        yield sorted(row, key=lambda piece: piece.left)


def _with_headers(rows: Sequence[TextRow]) -> Iterator[tuple[tuple[int, TextRow] | None, TextRow]]:
    """Each row with the first of its table, which is numbered to be told from its like, or with none."""
    header: tuple[int, TextRow] | None = None
    for number, row in enumerate(rows):
        if header is None or not _under(row, header[1]):
            following = rows[number + 1] if number + 1 < len(rows) else []
            header = (number, row) if len(row) > 1 and _under(following, row) else None
        yield header, row


def _under(row: TextRow, header: TextRow) -> bool:
    """Whether it is a row of the header's table: several cells, each under a column of its own."""
    columns = [_column(piece, header) for piece in row]
    return len(row) > 1 and None not in columns and len(set(columns)) == len(row)


def _column(piece: TextBox, header: TextRow) -> int | None:
    number = max(range(len(header)), key=lambda number: piece.overlap(header[number]))
    return number if piece.overlap(header[number]) > 0 else None


def _cells(row: TextRow, header: TextRow) -> list[str]:
    placed = {_column(piece, header): piece.text for piece in row}
    return [placed.get(number, "") for number in range(len(header))]
