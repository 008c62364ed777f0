"""Where sentences begin and end, as spans of the text as it stands."""

import itertools
import re

from sentencex import get_sentence_boundaries

from indexes.types import Kind

# A printed line that begins a thought of its own: a bullet, a number, a table row
_OWN_LINE = re.compile(r"\s*(?:[-*•▪◦‣·–—o]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s|\||#{1,6}\s)")
_NUMBER = re.compile(r"\s*\(?(?:\d{1,3}|[a-z])[.)]\s")
_FULL_LINE = 0.75
"""Of the width of the longest line: a shorter one was not broken because the paper ended."""
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")


def sentence_spans(text: str, kind: Kind = "prose") -> list[tuple[int, int]]:
    """Spans ``(start, end)`` in order, without the space around them. A row of a table, or a line of code, is one."""
    blocks = _lines(text) if kind != "prose" else _blocks(text)
    return [span for start, end in blocks for span in _within(text, start, end, kind)]


def _within(text: str, start: int, end: int, kind: Kind) -> list[tuple[int, int]]:
    if kind != "prose":
        spans = [(start, end)]
    else:
        # the full stop of "2." ends no sentence, and none ends with the printed line; the replacement keeps every offset
        body = number.end() if (number := _NUMBER.match(text, start, end)) else start
        found = get_sentence_boundaries("en", text[body:end].replace("\n", " "))
        spans = list(itertools.pairwise([start, *(body + b["start_index"] for b in found[1:]), end]))
    return [span for a, b in spans if (span := _trim(text, a, b))[0] < span[1]]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Paragraphs, list items, headings and rows: runs of printed lines that belong together."""
    lines = _lines(text)
    width = max((end - start for start, end in lines), default=0)
    starts = [0]
    for line, following in itertools.pairwise(lines):
        if _ends_block(text, line, following[0], width):
            starts.append(following[0])
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _ends_block(text: str, line: tuple[int, int], following: int, width: int) -> bool:
    """A blank line, a bullet or a colon ends a block; so does a line that stops short of the width others fill."""
    start, end = line
    if _OWN_LINE.match(text, following) or _PARAGRAPH.match(text, end) or text[start:end].rstrip().endswith(":"):
        return True
    begins_anew = not text[following : following + 3].lstrip()[:1].islower()
    return begins_anew and end - start < _FULL_LINE * width


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^\n]+", text) if match[0].strip()]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
