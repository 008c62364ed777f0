"""Where sentences begin and end, as spans of the text as it stands."""

import itertools
import re

from sentencex import get_sentence_boundaries

from indexes.types import Kind

# A printed line that begins a thought of its own: a bullet, a number, a table row
_OWN_LINE = re.compile(r"\s*(?:[-*•▪◦‣·–—o]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s|\||#{1,6}\s)")
_NUMBER = re.compile(r"\s*\(?(?:\d{1,3}|[a-z])[.)]\s")
_NARROW = 50
"""Characters: prose is printed wider, so a line that is not ends a block where a capital or figure follows."""
_FULL_LINE = 0.75
"""Of the width of the longest line: a shorter one was not broken because the paper ended."""


def sentence_spans(text: str, kind: Kind = "prose") -> list[tuple[int, int]]:
    """Spans ``(start, end)`` in order, without the space around them. A row of a table, or a line of code, is one."""
    blocks = _lines(text) if kind != "prose" else _blocks(text)
    return [span for start, end in blocks for span in _within(text, start, end, kind)]


def is_table_row(line: str) -> bool:
    """Whether a line is a row of a table, as readers write them and Markdown does."""
    return " | " in line or line.lstrip().startswith("|")


def _within(text: str, start: int, end: int, kind: Kind) -> list[tuple[int, int]]:
    if kind != "prose":
        spans = [(start, end)]
    else:
        # neither the stop of "2." nor the printed line's end ends a sentence; the replacement keeps every offset
        body = number.end() if (number := _NUMBER.match(text, start, end)) else start
        found = get_sentence_boundaries("en", text[body:end].replace("\n", " "))
        spans = list(itertools.pairwise([start, *(body + b["start_index"] for b in found[1:]), end]))
    return [span for a, b in spans if (span := _trim(text, a, b))[0] < span[1]]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Paragraphs, list items, headings and rows: runs of printed lines that belong together."""
    lines = _lines(text)
    width = max((end - start for start, end in lines), default=0)
    starts = [0]
    for (start, end), (after, last) in itertools.pairwise(lines):
        if _ends_block(text[start:end], text[after:last], text[end:after], width):
            starts.append(after)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _ends_block(line: str, following: str, between: str, width: int) -> bool:
    """A blank line, a row, a bullet or a colon ends a block; so does a line that stops short of the others' width."""
    if is_table_row(line) or is_table_row(following) or _OWN_LINE.match(following):
        return True
    if between.count("\n") > 1 or line.rstrip().endswith(":"):
        return True
    return len(line) < max(_FULL_LINE * width, _NARROW) and not following.lstrip()[:1].islower()


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^\n]+", text) if match[0].strip()]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
