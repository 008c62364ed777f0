"""Reads the markers of a streamed answer: renumbers them, drops invented ones, ties each to an exact quote."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from indexes.text.sentences import sentence_spans
from indexes.types import Passage
from rag.citations.quotes import locate_quote
from rag.types import Quoted, Span

_CLAIM_CHARS = 600
"""Characters kept before a marker, to find the sentence that it belongs to."""
# [1]  [1, 2]  [1-3]  [^1]  【1】  【1†source】  [1](link): what models are known to write
_MARKER = re.compile(
    r"[ \n]{0,2}(?:\[\^?\s*(\d{1,4}(?:\s*[,;–-]\s*\^?\d{1,4})*)\s*\](?:\([^()\s]{0,200}\))?"
    r"|【\s*(\d{1,4})[^】\n]{0,40}】)"
)
_PARTIAL = re.compile(r"\s*(?:\[\^?[\d\s,;–^-]{0,40}(?:\](?:\([^()\s]{0,200})?)?|【[^】\n]{0,46})\Z|\s+\Z")
_HELD = 300
"""Characters at the end of the text in which a marker may have begun."""
_OWN = re.compile(r"\[(\d+)\]")
_FENCE = "```"
_MAX_RANGE = 20
"""[1-3] is three markers; a wider range than this is no citation."""


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


class MarkerStream:
    """Turns a writer's pieces into text with numbered markers. A number stands for one quote in one passage.

    ``feed``, ``quote`` and ``finish`` return the text that is settled; joined, it is ``text``. Numbers count from 1 in
    order of first use. A marker that names no passage is dropped. In code, brackets stay as they are.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._held = ""
        self._parts: list[str] = []
        self._length = 0
        self._claim = ""
        self._fences = 0
        self._ticks = 0
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._marks: list[Mark] = []

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    def feed(self, piece: str) -> str:
        """Take a piece of text and return what is settled by it."""
        self._held += piece
        partial = _PARTIAL.search(self._held, max(0, len(self._held) - _HELD))
        settled = len(self._held) if partial is None else partial.start()
        ready, self._held = self._held[:settled], self._held[settled:]
        return self._settle(ready)

    def quote(self, quoted: Quoted) -> str:
        """Take a line that quotes a passage, cite its exact place, and return what is settled."""
        settled, before = MarkerStream.finish(self), len(self._parts)
        self._say(f"\n{quoted.text}" if before else quoted.text)
        self._cite(Place(quoted.passage, quoted.start, quoted.end), exact=True)
        return settled + "".join(self._parts[before:])

    def finish(self) -> str:
        """Return the rest of the text."""
        ready, self._held = self._held, ""
        return self._settle(ready.rstrip())

    def marks(self) -> list[Mark]:
        """Return the markers in ``text``, in order, each with the quote that it names."""
        return list(self._marks)

    def _settle(self, text: str) -> str:
        before, cursor = len(self._parts), 0
        for match in _MARKER.finditer(text):
            self._say(text[cursor : match.start()])
            cursor = match.end()
            if self._fences % 2 or self._ticks % 2:
                self._say(match[0])
            else:
                claim = last_sentence(self._claim)
                for number in _marker_numbers(match[1] or match[2]):
                    if claim and 1 <= number <= len(self._passages):
                        passage = self._passages[number - 1]
                        self._cite(Place(passage, *locate_quote(claim, passage)))
        self._say(text[cursor:])
        return "".join(self._parts[before:])

    def _say(self, text: str) -> None:
        self._claim = (self._claim + text)[-_CLAIM_CHARS:]
        self._fences += text.count(_FENCE)
        line = text.replace(_FENCE, "").rpartition("\n")
        self._ticks = line[2].count("`") + (0 if line[1] else self._ticks)
        self._write(text)

    def _cite(self, place: Place, *, exact: bool = False) -> None:
        last = self._marks[-1] if self._marks else None
        if last and last.place.key == place.key and last.end == self._length:  # [1][1] says nothing more than [1]
            return
        if self._parts and not self._parts[-1].endswith(("]", " ", "\n")):
            self._write(" ")
        marker = f"[{self._numbers.setdefault(place.key, len(self._numbers) + 1)}]"
        self._marks.append(Mark(self._length, self._length + len(marker), place, exact))
        self._write(marker)

    def _write(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)


def last_sentence(text: str) -> str:
    """Return the sentence that a marker at the end of the text belongs to. A new line begins a new sentence."""
    line = _OWN.sub("", text).rstrip().rpartition("\n")[2]
    spans = sentence_spans(line)
    return line[slice(*spans[-1])] if spans else ""


def sentence_spans_with_markers(text: str) -> list[Span]:
    """Return the spans of sentences. Markers after a full stop stay with the sentence before them."""
    spans: list[Span] = []
    for line in re.finditer(r"[^\n]+", text):
        for start, end in ((line.start() + a, line.start() + b) for a, b in sentence_spans(line[0])):
            own = re.match(r"(?:\[\d+\]\s*)+", text[start:end])
            if own and spans:
                spans[-1] = (spans[-1][0], start + len(own[0].rstrip()))
            after = start + (own.end() if own and spans else 0)
            if after < end:
                spans.append((after, end))
    return spans


def without_markers(text: str) -> str:
    """Return the text without anything that reads as a marker, such as the reference numbers of an article."""
    return _MARKER.sub("", text)


def _marker_numbers(marker: str) -> list[int]:
    numbers: list[int] = []
    for part in re.split(r"[,;]", marker):
        first, _, last = re.sub(r"[\s^]", "", part).replace("–", "-").partition("-")
        if not last:
            numbers.append(int(first))
        elif int(first) <= int(last) <= int(first) + _MAX_RANGE:
            numbers.extend(range(int(first), int(last) + 1))
    return numbers


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
