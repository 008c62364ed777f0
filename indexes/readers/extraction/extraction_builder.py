"""Builds an extraction for formats whose text is laid out by us: headings, paragraphs and tables, one line each."""

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
    """Text as it grows. Lines count from 1, and from 1 again on each page, sheet or slide."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._sections: list[Section] = []
        self._length = 0
        self._line = 1
        self._headings: dict[int, str] = {}
        self._place = _Place()
        self.notes: list[str] = []

    def page(self, number: int) -> None:
        self._place, self._line = _Place(page=number), 1

    def sheet(self, name: str, part: str = "") -> None:
        """Its name, and its part's, are headings too: what a row says depends on them."""
        self._place, self._line = _Place(sheet=one_line(name)), 1
        self._headings = {level: text for level, text in enumerate((one_line(name), part), start=1) if text}

    def slide(self, number: int) -> None:
        self._place, self._line, self._headings = _Place(slide=number), 1, {}

    def heading(self, level: int, text: str, *, printed: str = "") -> None:
        """Starts a section; deeper and equal levels before it are left. ``printed`` keeps lines that are counted."""
        if not (text := one_line(text)):
            return
        self._headings = {n: h for n, h in self._headings.items() if n < level} | {level: text}
        self._add(normalise(printed).strip() or text, "prose", new=True)

    def paragraph(self, text: str) -> None:
        if text := normalise(text).strip():
            self._add(text, "prose")

    def code(self, text: str) -> None:
        if text := normalise(text).strip("\n"):
            self._add(text, "code", new=True)

    def table(self, rows: Iterable[Sequence[str]], *, line: int | None = None) -> None:
        """One line a row, the header first; rows without any text are kept as lines, so that numbers stay true.

        ``line`` is the number that the first row is known by, where that is not the next.
        """
        text = "\n".join(CELLS.join(one_line(cell) for cell in row) for row in rows)
        if text.replace("|", "").strip():
            self._line = line or self._line
            self._add(text, "table", new=True)

    @property
    def empty(self) -> bool:
        return not self._sections

    def finish(self, title: str) -> Extraction:
        """Raises ``ReadError`` where nothing was added."""
        if self.empty:
            raise ReadError("holds no text")
        return Extraction(one_line(title), "".join(self._parts), tuple(self._sections), tuple(self.notes))

    def _add(self, text: str, kind: Kind, *, new: bool = False) -> None:
        heading = tuple(self._headings[level] for level in sorted(self._headings))
        last = self._sections[-1] if self._sections else None
        start = self._length
        if not new and last and (last.heading, _place(last), last.kind) == (heading, self._place, kind):
            self._sections.pop()
            start, line = last.char_start, last.line
        else:
            line = self._line
        self._parts.append(text + "\n")
        self._length += len(text) + 1
        self._line += text.count("\n") + 1
        place = self._place
        self._sections.append(
            Section(start, self._length, line, heading, place.page, place.sheet, place.slide, kind=kind)
        )


def _place(section: Section) -> _Place:
    return _Place(section.page, section.sheet, section.slide)


def one_line(text: str) -> str:
    return " ".join(normalise(text).split())
