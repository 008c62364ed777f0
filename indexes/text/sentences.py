"""Sentences of a text, as spans of its characters."""

import itertools
import re

from sentencex import get_sentence_boundaries

from indexes.types import Kind

# a printed line that begins a block: a bullet, a number, a table row, a heading
_OWN_LINE = re.compile(r"\s*(?:[-*•▪◦‣·–—o]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s|\||#{1,6}\s)")
_NUMBER = re.compile(r"\s*\(?(?:\d{1,3}|[a-z])[.)]\s")
_NARROW = 50
"""Characters. Prose is printed wider: a narrower line ends a block if no small letter follows."""
_FULL_LINE = 0.75
"""Of the width of the longest line. A shorter line was not broken by the edge of the page."""


def sentence_spans(text: str, kind: Kind = "prose") -> list[tuple[int, int]]:
    """The spans ``(start, end)`` of the sentences in order, without white space around them.

    A row of a table and a line of code are sentences.
    """
    spans = [] if kind == "prose" else _lines(text)
    for start, end in _blocks(text) if kind == "prose" else ():
        # neither the stop of "2." nor the printed line's end ends a sentence; the replacement keeps every offset
        body = number.end() if (number := _NUMBER.match(text, start, end)) else start
        boundaries = get_sentence_boundaries("en", text[body:end].replace("\n", " "))
        spans += itertools.pairwise([start, *(body + boundary["start_index"] for boundary in boundaries[1:]), end])
    trimmed = []
    for start, end in spans:
        sentence = text[start:end]
        if stripped := sentence.strip():
            lead = len(sentence) - len(sentence.lstrip())
            trimmed.append((start + lead, start + lead + len(stripped)))
    return trimmed


def is_table_row(line: str) -> bool:
    """Whether a line is a row of a table, as readers of this index or Markdown write it."""
    return " | " in line or line.lstrip().startswith("|")


def _blocks(text: str) -> list[tuple[int, int]]:
    """Paragraphs, list items, headings and rows: runs of printed lines that belong together.

    A blank line, a row, a bullet or a colon ends a block, and so does a line that is shorter than the others.
    """
    lines = _lines(text)
    width = max((end - start for start, end in lines), default=0)
    starts = [0]
    for (start, end), (next_start, next_end) in itertools.pairwise(lines):
        line, following = text[start:end], text[next_start:next_end]
        own = is_table_row(line) or is_table_row(following) or _OWN_LINE.match(following)
        ended = text.count("\n", end, next_start) > 1 or line.rstrip().endswith(":")
        short = len(line) < max(_FULL_LINE * width, _NARROW) and not following.lstrip()[:1].islower()
        if own or ended or short:
            starts.append(next_start)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^\n]+", text) if match[0].strip()]
