"""Which words of a query stand in a passage, and where."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from indexes.text.tokenization import content_words, stems
from indexes.types import Passage, Query

_TOKEN = re.compile(r"\S+")
_BEFORE = 40
"""Characters of a snippet before its first word of the query, at most."""
_NEAR = 20
"""Characters that are given up so that a snippet begins and ends with a whole word."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Words of the query, as it has them, that stand in a passage in this or another form."""

    text: tuple[str, ...]
    title: tuple[str, ...]
    heading: tuple[str, ...]


def matched(query: Query, passage: Passage) -> Matched:
    asked = list(dict.fromkeys(content_words(query.whole)))
    return Matched(
        text=_within(asked, passage.text),
        title=_within(asked, passage.title),
        heading=_within(asked, "\n".join(passage.locator.heading)),
    )


def snippet(query: Query, text: str, *, length: int = 280) -> str:
    """One line of the text, shortened to where most words of the query stand together."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    wanted = set(stems(query.whole))
    hits = [(found.start(), wanted & set(stems(found[0]))) for found in _TOKEN.finditer(line)]
    hits = [(at, words) for at, words in hits if words]
    start = max((at for at, _ in hits), key=lambda at: (_distinct(hits, at, at + length - _BEFORE), -at), default=0)
    return _cut(line, start, length)


def _within(asked: Iterable[str], text: str) -> tuple[str, ...]:
    said = set(stems(text))
    return tuple(word for word in asked if said & set(stems(word)))


def _distinct(hits: list[tuple[int, set[str]]], start: int, end: int) -> int:
    return len(set[str]().union(*(words for at, words in hits if start <= at < end)))


def _cut(line: str, start: int, length: int) -> str:
    """At spaces, where there are any near."""
    begin = max(0, min(start - _BEFORE, len(line) - length))
    if begin:
        begin = line.find(" ", begin, min(begin + _NEAR, start)) + 1 or begin
    end = begin + length
    if end < len(line):
        end = line.rfind(" ", end - _NEAR, end) if " " in line[end - _NEAR : end] else end
    return f"{'…' if begin else ''}{line[begin:end].rstrip()}{'…' if end < len(line) else ''}"
