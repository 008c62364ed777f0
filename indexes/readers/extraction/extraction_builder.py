"""Builds the text of formats without lines of their own: headings, paragraphs and tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from indexes.errors import ReadError
from indexes.text.normalization import normalise
from indexes.types import Extraction, Kind, Section

CELLS = " | "


@dataclass(frozen=True, slots=True)
class _Place:
    page: int | None = None
    sheet: str | None = None
    slide: int | None = None


class ExtractionBuilder:
    """Collects text and sections. Lines count from 1, and from 1 again on each page, sheet or slide."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._sections: list[Section] = []
        self._length = 0
        self._line = 1
        self._headings: dict[int, str] = {}
        self._place = _Place()
        self.notes: list[str] = []

    def page(self, number: int) -> None:
        """Start a page."""
        self._place, self._line = _Place(page=number), 1

    def sheet(self, name: str, part: str = "") -> None:
        """Start a sheet. Its name and its part are headings too, as the meaning of a row depends on them."""
        self._place, self._line = _Place(sheet=one_line(name)), 1
        self._headings = {level: text for level, text in enumerate((one_line(name), part), start=1) if text}

    def slide(self, number: int) -> None:
        """Start a slide, with no headings yet."""
        self._place, self._line, self._headings = _Place(slide=number), 1, {}

    def heading(self, level: int, text: str, *, printed: str = "") -> None:
        """Start a section, which ends those of its level and deeper. ``printed`` is the text with its own lines."""
        if not (text := one_line(text)):
            return
        self._headings = {n: h for n, h in self._headings.items() if n < level} | {level: text}
        self._add(normalise(printed).strip() or text, "prose", new=True)

    def paragraph(self, text: str) -> None:
        """Add prose, if there is any."""
        if text := normalise(text).strip():
            self._add(text, "prose")

    def code(self, text: str) -> None:
        """Add preformatted text as a section of its own."""
        if text := normalise(text).strip("\n"):
            self._add(text, "code", new=True)

    def table(self, rows: Iterable[Sequence[str]], *, line: int | None = None) -> None:
        """Add a line for each row, the header first. Empty rows stay as lines, so that line numbers stay true.

        ``line`` is the first row's number, if it is not the next.
        """
        text = "\n".join(CELLS.join(one_line(cell) for cell in row) for row in rows)
        if text.replace("|", "").strip():
            self._line = line or self._line
            self._add(text, "table", new=True)

    @property
    def empty(self) -> bool:
        """Whether nothing was added yet."""
        return not self._sections

    def finish(self, title: str) -> Extraction:
        """Return the extraction. Raises ``ReadError`` if nothing was added."""
        if self.empty:
            raise ReadError("holds no text")
        return Extraction(one_line(title), "".join(self._parts), tuple(self._sections), tuple(self.notes))

    def _add(self, text: str, kind: Kind, *, new: bool = False) -> None:
        heading = tuple(self._headings[level] for level in sorted(self._headings))
        place, start = self._place, self._length
        shared = (heading, kind, place.page, place.sheet, place.slide)
        last = self._sections[-1] if self._sections else None
        if not new and last and (last.heading, last.kind, last.page, last.sheet, last.slide) == shared:
            self._sections.pop()
            start, line = last.char_start, last.line
        else:
            line = self._line
        self._parts.append(text + "\n")
        self._length += len(text) + 1
        self._line += text.count("\n") + 1
        self._sections.append(
            Section(start, self._length, line, heading, place.page, place.sheet, place.slide, kind=kind)
        )


def one_line(text: str) -> str:
    """Return the normalised text with single spaces for all blanks."""
    return " ".join(normalise(text).split())
