"""Renumbers the markers of a text from 1 in order of first use."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from indexes.types import Passage
from rag.types import Span


@dataclass(frozen=True, slots=True)
class Place:
    """A quote: ``passage.text[start:end]``."""

    passage: Passage
    start: int
    end: int

    @property
    def key(self) -> tuple[str, int, int]:
        """The identity of the quote."""
        return self.passage.id, self.start, self.end

    @property
    def quote(self) -> str:
        """The quoted text."""
        return self.passage.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker at ``text[start:end]``, and the place that it names. If ``start == end``, it is yet to be written."""

    start: int
    end: int
    place: Place
    exact: bool = False
    """Whether the line before it is the quote, word for word."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A text with renumbered markers."""

    text: str
    places: tuple[Place, ...]
    """The place of each number, from 1."""
    spans: tuple[tuple[Span, ...], ...]
    """The spans of each number's markers."""
    _ends: tuple[int, ...]
    _moved: tuple[int, ...]

    def at(self, position: int) -> int:
        """Return the new position of an old position between markers."""
        return position + self._moved[bisect_right(self._ends, position)]

    def number(self, place: Place) -> int:
        """Return the number of a place."""
        return next(number for number, known in enumerate(self.places, start=1) if known.key == place.key)


def renumber(text: str, marks: Sequence[Mark]) -> Numbered:
    """Write the markers anew. ``marks`` are in order and do not overlap.

    A marker that repeats the one before it is left out. A new marker never makes a link of brackets after it.
    """
    numbers: dict[tuple[str, int, int], int] = {}
    places: list[Place] = []
    spans: list[list[Span]] = []
    parts, length, cursor, ends, moved = list[str](), 0, 0, list[int](), [0]
    for mark in marks:
        before = text[cursor : mark.start]
        if mark.place.key not in numbers:
            numbers[mark.place.key] = len(places) + 1
            places.append(mark.place)
            spans.append([])
        mine = spans[numbers[mark.place.key] - 1]
        repeated = bool(mine) and not before and mine[-1][1] == length
        gap = " " if mark.start == mark.end and mark.start and not text[mark.start - 1].isspace() else ""
        marker = "" if repeated else f"[{numbers[mark.place.key]}]"
        after = " " if marker and mark.start == mark.end and text[mark.end : mark.end + 1] in ("(", ":") else ""
        parts += [before, gap if marker else "", marker, after]
        length += len(before) + len(gap if marker else "") + len(marker)
        if marker:
            mine.append((length - len(marker), length))
        length += len(after)
        cursor = mark.end
        ends.append(mark.end)
        moved.append(length - cursor)
    parts.append(text[cursor:])
    return Numbered("".join(parts), tuple(places), tuple(map(tuple, spans)), tuple(ends), tuple(moved))
