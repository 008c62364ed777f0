"""Reads the markers of a streamed answer: renumbers them, drops invented ones, ties each to an exact quote."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import content_words
from indexes.types import Passage
from rag.citations.file_markers import FileMarkers
from rag.citations.marker_forms import LONGEST, MARKER, MAYBE_MARKER, marker_numbers
from rag.citations.quotes import locate_quote, nearest_passage
from rag.types import Quoted, Span

_CLAIM_CHARS = 600
"""Characters kept before a marker, to find the sentence that it belongs to."""
_MARKER = re.compile(
    r"[ \n]{0,2}(?:\[\^?\s*(\d{1,4}(?:\s*[,;–-]\s*\^?\d{1,4})*)\s*\](?:\([^()\s]{0,200}\))?"
    r"|【\s*(\d{1,4})[^】\n]{0,40}】)"
)
"""The forms of a bare number, which an article has too."""
_CLAUSE_WORDS = 3
"""Content words after a marker within a sentence of which the next one tells."""
_OWN = re.compile(r"\[(\d+)\]")
_FENCE = "```"
_SEPARATORS = " \t:–—-."
"""What stands between a marker and the line that it begins."""
_SENTENCE_BEGINS = re.compile(r"(?:\A|\n|[.!?:…]['\"”)]*\s)(?:[-*•>#_\s]|\d{1,2}[.)]\s)*\Z")
_MAYBE_END = re.compile(r"\n|(?<=[.!?…])\s")
_BEFORE_RAISED = re.compile(r"(?:[.,;:!?\]”\"'»%]|[^\W\d_]{4,})\Z")
"""A raised digit after a figure or a unit is an exponent."""
_WRITTEN_OUT = re.compile(r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve)\Z", re.IGNORECASE)
"""A number that is said again in figures is none of a source."""


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


_Source = tuple[int, ...]
"""The numbers of the passages that a marker may mean: one, or all of a file."""


@dataclass(slots=True)
class _LeadingMarker:
    """A marker at the beginning of a line. It cites the line, or stands alone below the line before."""

    sources: list[_Source]
    gap: str
    """The white space before it."""
    after: str = ""
    """The separators after it."""


class MarkerStream:
    """Turns a writer's pieces into text with numbered markers. A number stands for one quote in one passage.

    ``feed``, ``quote`` and ``finish`` return the text that is settled; joined, it is ``text``. Numbers count from 1 in
    order of first use. A marker that names no passage is dropped. In code, brackets stay as they are. A source that is
    named in words, "according to source 1", is cited at the end of the sentence.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._files = FileMarkers(passages)
        self._held = ""
        self._last = ""
        self._parts: list[str] = []
        self._length = 0
        self._claim = ""
        self._since = ""
        """What was said after the last marker."""
        self._fences = 0
        self._ticks = 0
        self._named: list[_Source] = []
        """The sources that the sentence names in words."""
        self._leading: _LeadingMarker | None = None
        self._capital = False
        """Whether the next letter begins a sentence, in place of words that were left out."""
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._marks: list[Mark] = []

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    def feed(self, piece: str) -> str:
        """Take a piece of text and return what is settled by it."""
        self._held += piece
        partial = MAYBE_MARKER.search(self._held, max(0, len(self._held) - LONGEST))
        begun = [partial.start() if partial else None, self._files.may_begin(self._held)]
        settled = min((start for start in begun if start is not None), default=len(self._held))
        for match in self._markers(self._held, max(0, settled - LONGEST)):
            if match.start() < settled < match.end():
                settled = match.start()
        ready, self._held = self._held[:settled], self._held[settled:]
        return self._settle(ready, self._held)

    def quote(self, quoted: Quoted) -> str:
        """Take a line that quotes a passage, cite its exact place, and return what is settled."""
        settled, before = MarkerStream.finish(self), len(self._parts)
        self._say(f"\n{quoted.text}" if before else quoted.text)
        self._cite(Place(quoted.passage, quoted.start, quoted.end), exact=True)
        return settled + "".join(self._parts[before:])

    def finish(self) -> str:
        """Return the rest of the text."""
        ready, self._held, before = self._held, "", len(self._parts)
        self._settle(ready.rstrip())
        self._end_leading("\n")
        self._cite_sources([])
        return "".join(self._parts[before:])

    def marks(self) -> list[Mark]:
        """Return the markers in ``text``, in order, each with the quote that it names."""
        return list(self._marks)

    def _settle(self, ready: str, after: str = "") -> str:
        """Write a text and its markers. What comes ``after`` it tells whether a number at its end is one."""
        before, cursor, text = len(self._parts), len(self._last), self._last + ready
        for match in self._markers(text + after, cursor):
            if match.end() <= len(text):
                self._say(text[cursor : match.start()])
                self._read_marker(match)
                cursor = match.end()
        self._say(text[cursor:])
        self._last = text[-1:]
        return "".join(self._parts[before:])

    def _markers(self, text: str, start: int) -> Iterator[re.Match[str]]:
        """Yield the markers of a text in order: by number, or by a file's name."""
        found = [*MARKER.finditer(text, start), *self._files.finditer(text, start)]
        for match in sorted(found, key=lambda match: (match.start(), match.re is MARKER and bool(match["lens"]))):
            if match.start() >= start:
                start = match.end()
                yield match

    def _read_marker(self, match: re.Match[str]) -> None:
        in_code = self._fences % 2 or self._ticks % 2
        if match.re is not MARKER and not in_code:
            if label := self._files.label(match):
                self._say(f"{match[0][: len(match[0]) - len(match[0].lstrip())]}{label}")
            self._cite_or_lead(match[0], [self._files.numbers(match)])
            return
        numbers = [] if in_code else marker_numbers(match, len(self._passages))
        numbers = [number for number in numbers if 1 <= number <= len(self._passages)]
        sources = [(number,) for number in numbers]
        if in_code or self._is_text(match, numbers):
            self._say(match[0])
        elif match["lead"]:
            self._read_lead(match, sources)
        elif match["word"] or match["subject"]:
            self._read_subject(match, sources)
        elif match["dress"]:
            self._named += sources
        else:
            self._cite_or_lead(match[0], sources)

    def _cite_or_lead(self, written: str, sources: Sequence[_Source]) -> None:
        """Cite sources for the sentence before; for the next one if the marker begins its line."""
        if self._leading:
            self._leading.sources += sources
        elif sources and (written[0] == "\n" or not any(map(str.isalnum, self._claim.rpartition("\n")[2]))):
            self._leading = _LeadingMarker([*sources], written[: len(written) - len(written.lstrip())])
        else:
            self._cite_sources(sources)

    def _end_leading(self, text: str) -> str:
        """Take what comes after a marker that begins a line. Return what of it is to be said."""
        if self._leading is None:
            return text
        leading, said = self._leading, f"{self._leading.after}{text}"
        if not said.strip(_SEPARATORS):
            leading.after = said
            return ""
        self._leading = None
        if said.lstrip(_SEPARATORS).startswith("\n"):
            self._cite_sources(leading.sources)
            return said
        self._say(leading.gap)
        self._named += leading.sources
        return said.lstrip(_SEPARATORS)

    def _is_text(self, match: re.Match[str], numbers: Sequence[int]) -> bool:
        """Return whether what reads as a marker is none: it stands so in a passage, or its number names nothing."""
        if match["raised"] and not _BEFORE_RAISED.search(self._claim):
            return True
        if match["bare"] and _WRITTEN_OUT.search(self._claim):
            return True
        if not numbers and (match["tail"] or match["lead"] or match["word"] or match["bare"]):
            return True
        if match["dress"] or match["nested"] or match["lens"] or (match["plain"] or "x")[0] in "^0123456789":
            return False
        before = self._claim.rpartition(" ")[2] if match["raised"] else ""
        written = f"{before}{match[0].strip()}".casefold()
        return any(written in passage.text.casefold() for passage in self._passages)

    def _read_subject(self, match: re.Match[str], sources: Sequence[_Source]) -> None:
        """Read "Source 1 says that": the words are left out if a sentence begins with them."""
        gap = match[0][: len(match[0]) - len(match[0].lstrip())]
        self._say(gap)
        self._named += sources
        said = match["states"] or match["heading"] or match["verb"]
        if said and _SENTENCE_BEGINS.search(self._claim):
            self._capital = True
        else:
            self._say(f"{match['word'] or ''}{said or ''}")

    def _read_lead(self, match: re.Match[str], sources: Sequence[_Source]) -> None:
        """Read "according to source 1": in place within a sentence, left out at its beginning."""
        pause = match["pause"] or ""
        if not _SENTENCE_BEGINS.search(self._claim):
            self._cite_sources(sources)
            self._say(" " * pause.endswith(" ") if match["comma"] else pause)
            return
        self._named += sources
        if pause or not match["said"]:
            self._capital = True
        else:  # the verb comes next in German
            self._say(f"{match['lead']} {match['said']}")

    def _say(self, text: str) -> None:
        text = self._end_leading(text)
        if self._capital and (first := re.search(r"\w", text)):
            text, self._capital = text[: first.start()] + first[0].upper() + text[first.end() :], False
        while self._named and (end := self._sentence_end(text)) is not None:
            self._say_plainly(text[:end])
            self._cite_sources([])
            text = text[end:]
        self._say_plainly(text)

    def _say_plainly(self, text: str) -> None:
        self._claim, self._since = ((said + text)[-_CLAIM_CHARS:] for said in (self._claim, self._since))
        self._fences += text.count(_FENCE)
        line = text.replace(_FENCE, "").rpartition("\n")
        self._ticks = line[2].count("`") + (0 if line[1] else self._ticks)
        self._write(text)

    def _sentence_end(self, text: str) -> int | None:
        """Return where the first sentence that says something ends in a text that is yet to be said."""
        before = self._claim[-1:]
        for gap in _MAYBE_END.finditer(before + text, len(before)):
            end = gap.start() - len(before)
            line = (self._claim + text[:end])[-_CLAIM_CHARS:].rpartition("\n")[2]
            if any(map(str.isalnum, line)) and (gap[0] == "\n" or sentence_spans(f"{line} So.")[-1][0] >= len(line)):
                return end
        return None

    def _cite_sources(self, sources: Sequence[_Source]) -> None:
        """Cite sources for the sentence before, with those that it names in words."""
        claim, every = last_sentence(self._claim), dict.fromkeys([*self._named, *sources])
        if len(content_words(since := last_sentence(self._since))) >= _CLAUSE_WORDS:
            claim = since
        self._named, self._since = [], "" if every else self._since
        for numbers in every if claim else ():
            passage = nearest_passage(claim, [self._passages[number - 1] for number in numbers])
            self._cite(Place(passage, *locate_quote(claim, passage)))

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
    """Return the spans of sentences and rows. Markers after a full stop stay with the sentence before them."""
    spans: list[Span] = []
    for line in re.finditer(r"[^\n]+", text):
        parts = [(0, len(line[0]))] if line[0].startswith("|") else sentence_spans(line[0])
        for start, end in ((line.start() + a, line.start() + b) for a, b in parts):
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
