"""The reading order of print that is known by its places alone."""

from collections import Counter
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.readers.pages.page_layout import TextBox, add_page, group_rows


def line(text: str, left: float, top: float, *, width: float = 300, height: float = 20) -> TextBox:
    return TextBox(text, left, top, left + width, top + height)


def column(name: str, left: float, top: float, lines: int) -> list[TextBox]:
    return [line(f"{name}{number}", left, top + 30 * number) for number in range(lines)]


def texts(pieces: list[TextBox]) -> list[str]:
    return [" ".join(piece.text for piece in row) for row in group_rows(pieces)]


def test_columns_of_prose_are_read_one_after_the_other_between_the_lines_that_cross_them() -> None:
    title, foot = line("title", 0, 0, width=640), line("foot", 0, 300, width=640)
    left, right = column("l", 0, 50, 4), column("r", 340, 57, 5)
    assert texts([foot, *right, title, *left]) == "title l0 l1 l2 l3 r0 r1 r2 r3 r4 foot".split()


def test_three_columns_are_read_one_after_the_other() -> None:
    columns = [column(name, left, 0, 3) for name, left in (("a", 0), ("b", 340), ("c", 680))]
    assert texts([*chain.from_iterable(columns)]) == "a0 a1 a2 b0 b1 b2 c0 c1 c2".split()


def test_narrow_cells_are_read_row_by_row() -> None:
    cells = [line(f"{row}{col}", 150 * col, 30 * row + col, width=80) for row in range(4) for col in range(2)]
    assert texts(cells) == ["00 01", "10 11", "20 21", "30 31"]


def test_rows_under_a_header_are_a_table_whose_empty_cells_stay_empty() -> None:
    header = [line(name, 150 * col, 100, width=90) for col, name in enumerate(("Plot", "Tenant", "Metres"))]
    full = [line(name, 150 * col + 5, 130, width=60) for col, name in enumerate(("12", "Zoë", "80"))]
    gap = [line("13", 5, 160, width=60), line("95", 305, 160, width=60)]
    draft = ExtractionBuilder()
    add_page([line("before", 0, 0), *header, *full, *gap, line("after", 0, 200)], draft)
    read = draft.finish("")
    assert read.text == "before\nPlot | Tenant | Metres\n12 | Zoë | 80\n13 |  | 95\nafter\n"
    assert [(section.kind, section.line) for section in read.sections] == [("prose", 1), ("table", 2), ("prose", 5)]


def test_two_pieces_of_one_line_are_no_table() -> None:
    draft = ExtractionBuilder()
    add_page([line("left", 0, 0, width=50), line("right", 80, 0, width=50), line("below", 0, 40)], draft)
    assert [section.kind for section in draft.finish("").sections] == ["prose"]


_SIZES = st.floats(1, 400)


@given(st.lists(st.builds(line, st.text("ab", min_size=1), _SIZES, _SIZES, width=_SIZES, height=_SIZES), max_size=12))
def test_no_piece_is_lost_or_read_twice(pieces: list[TextBox]) -> None:
    assert Counter(piece for row in group_rows(pieces) for piece in row) == Counter(pieces)
