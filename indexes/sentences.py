"""Where sentences begin and end, as spans of the text as it stands."""

import itertools
import re

from sentencex import get_sentence_boundaries

from indexes.types import Kind

# A printed line that begins a thought of its own: a bullet, a number, a table row
_OWN_LINE = re.compile(r"\s*(?:[-*•▪◦‣·–—o]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s|\||#{1,6}\s)")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")


def sentence_spans(text: str, kind: Kind = "prose") -> list[tuple[int, int]]:
    """Spans ``(start, end)`` in order, without the space around them. A row of a table, or a line of code, is one."""
    blocks = _lines(text) if kind != "prose" else _blocks(text)
    return [span for start, end in blocks for span in _within(text, start, end, kind)]


def _within(text: str, start: int, end: int, kind: Kind) -> list[tuple[int, int]]:
    if kind != "prose":
        spans = [(start, end)]
    else:
        # a sentence runs on over the printed line's end; the replacement keeps every offset
        block = text[start:end].replace("\n", " ")
        spans = [(start + b["start_index"], start + b["end_index"]) for b in get_sentence_boundaries("en", block)]
    return [span for a, b in spans if (span := _trim(text, a, b))[0] < span[1]]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Paragraphs, list items and headings: runs of lines that belong together."""
    starts = [0]
    lines = _lines(text)
    for (start, end), (begin, _) in itertools.pairwise(lines):
        line = text[start:end]
        if _OWN_LINE.match(text, begin) or _PARAGRAPH.match(text, end) or _stands_alone(line, text, begin):
            starts.append(begin)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _stands_alone(line: str, text: str, following: int) -> bool:
    """Whether a line is a heading or ends a thought: short, no full stop, and a capital begins the next."""
    line = line.strip()
    if line.endswith(":"):
        return True
    nxt = text[following : following + 2].lstrip()[:1]
    return 0 < len(line) < 60 and line[-1].isalnum() and line[:1].isupper() and nxt.isupper() and _title_like(line)


def _title_like(line: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_]+", line) if len(word) > 3]
    return bool(words) and sum(word[0].isupper() for word in words) >= 0.7 * len(words)


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^\n]+", text) if match[0].strip()]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
