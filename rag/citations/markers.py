"""Markers: read while the answer streams, dropped where they were invented, renumbered, and tied to exact quotes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from indexes.text.sentences import sentence_spans
from indexes.types import Passage
from rag.citations.quotes import locate
from rag.types import Citation, Span

_CLAIM_CHARS = 600
"""What is kept of the text before a marker, to find the sentence it speaks of."""
# [1]  [1, 2]  [1-3]  [^1]  【1】  【1†source】  [1](link): what models are known to write
_MARKER = re.compile(
    r"[ \n]{0,2}(?:\[\^?\s*(\d{1,4}(?:\s*[,;–-]\s*\^?\d{1,4})*)\s*\](?:\([^()\s]{0,200}\))?"
    r"|【\s*(\d{1,4})[^】\n]{0,40}】)"
)
_PARTIAL = re.compile(r"\s*(?:\[\^?[\d\s,;–^-]{0,40}(?:\](?:\([^()\s]{0,200})?)?|【[^】\n]{0,46})\Z|\s+\Z")
_HELD = 300
"""Characters at the end of what was read in which a marker may have begun."""
_OWN = re.compile(r"\[(\d+)\]")
_FENCE = "```"
_MAX_RANGE = 20
"""[1-3] is three markers; a wider range than this is no citation."""


@dataclass(slots=True)
class _Footnote:
    number: int
    passage: Passage
    quote: Span
    spans: list[Span] = field(default_factory=list)


class MarkerStream:
    """Turns a model's pieces into text with our numbers. A number stands for one quote in one passage.

    ``feed`` and ``finish`` return the text that is settled; joined, it is ``text``. Numbers count from 1 in order of
    first use. A marker that names no source is dropped; in code blocks brackets are left as they are.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._held = ""
        self._parts: list[str] = []
        self._length = 0
        self._claim = ""
        self._fences = 0
        self._ticks = 0
        self._footnotes: dict[tuple[str, int, int], _Footnote] = {}

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def feed(self, piece: str) -> str:
        self._held += piece
        partial = _PARTIAL.search(self._held, max(0, len(self._held) - _HELD))
        settled = len(self._held) if partial is None else partial.start()
        ready, self._held = self._held[:settled], self._held[settled:]
        return self._settle(ready)

    def finish(self) -> str:
        ready, self._held = self._held, ""
        return self._settle(ready.rstrip())

    def citations(self) -> tuple[Citation, ...]:
        """The footnotes by number, each with its place in its document. Their ``support`` is for checking to tell."""
        return tuple(
            Citation(
                number=note.number,
                passage=note.passage,
                quote=note.passage.text[slice(*note.quote)],
                locator=note.passage.locate(*note.quote),
                answer_spans=tuple(note.spans),
                support=0.0,
            )
            for note in self._footnotes.values()
        )

    def _settle(self, text: str) -> str:
        before, cursor = len(self._parts), 0
        for match in _MARKER.finditer(text):
            self._say(text[cursor : match.start()])
            cursor = match.end()
            if self._fences % 2 or self._ticks % 2:
                self._say(match[0])
            else:
                self._mark(_numbers(match[1] or match[2]))
        self._say(text[cursor:])
        return "".join(self._parts[before:])

    def _say(self, text: str) -> None:
        self._claim = (self._claim + text)[-_CLAIM_CHARS:]
        self._fences += text.count(_FENCE)
        line = text.replace(_FENCE, "").rpartition("\n")
        self._ticks = line[2].count("`") + (0 if line[1] else self._ticks)
        self._write(text)

    def _mark(self, numbers: list[int]) -> None:
        claim = last_sentence(self._claim)
        for passage in (self._passages[number - 1] for number in numbers if 1 <= number <= len(self._passages)):
            if claim:
                self._cite(passage, locate(claim, passage))

    def _cite(self, passage: Passage, quote: Span) -> None:
        fresh = _Footnote(len(self._footnotes) + 1, passage, quote)
        note = self._footnotes.setdefault((passage.id, *quote), fresh)
        if note.spans and note.spans[-1][1] == self._length:  # [1][1] says nothing more than [1]
            return
        if self._parts and not self._parts[-1].endswith(("]", " ", "\n")):
            self._write(" ")
        marker = f"[{note.number}]"
        note.spans.append((self._length, self._length + len(marker)))
        self._write(marker)

    def _write(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)


def last_sentence(text: str) -> str:
    """What a marker at the end of the text speaks of. In an answer a new line begins a new thought."""
    line = _OWN.sub("", text).rstrip().rpartition("\n")[2]
    spans = sentence_spans(line)
    return line[slice(*spans[-1])] if spans else ""


def sentence_spans_with_markers(text: str) -> list[Span]:
    """Sentence spans that keep the markers after a full stop with the sentence before them."""
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
    """The text without what would be read as a marker, such as the reference numbers of an article."""
    return _MARKER.sub("", text)


def _numbers(marked: str) -> list[int]:
    numbers: list[int] = []
    for part in re.split(r"[,;]", marked):
        first, _, last = re.sub(r"[\s^]", "", part).replace("–", "-").partition("-")
        if not last:
            numbers.append(int(first))
        elif int(first) <= int(last) <= int(first) + _MAX_RANGE:
            numbers.extend(range(int(first), int(last) + 1))
    return numbers
