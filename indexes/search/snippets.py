"""Finds which words of a query stand in a passage, and where."""

import re
from dataclasses import dataclass

from indexes.text.tokenization import content_words, stems
from indexes.types import Passage, Query

_WORD = re.compile(r"\S+")
_LEAD = 40
"""Characters of a snippet before its first word of the query, at most."""
_SLACK = 20
"""Characters given up so that a snippet begins and ends with a whole word."""


@dataclass(frozen=True, slots=True)
class MatchedWords:
    """Words as the query has them that stand in a passage, in the same or another form."""

    text: tuple[str, ...]
    title: tuple[str, ...]
    heading: tuple[str, ...]


def match_words(query: Query, passage: Passage) -> MatchedWords:
    """Return the query's content words that the passage's text, title and headings have."""
    words = list(dict.fromkeys(content_words(query.whole)))
    text, title, heading = (
        tuple(word for word in words if present & set(stems(word)))
        for present in (
            set(stems(place)) for place in (passage.text, passage.title, "\n".join(passage.locator.heading))
        )
    )
    return MatchedWords(text, title, heading)


def snippet(query: Query, text: str, *, length: int = 280) -> str:
    """Return the text in one line, shortened to where most words of the query stand together."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    wanted = set(stems(query.whole))
    matches = [(match.start(), wanted & set(stems(match[0]))) for match in _WORD.finditer(line)]
    matches = [(place, words) for place, words in matches if words]

    def richness(start: int) -> tuple[int, int]:
        """Count the different words of a snippet; of equal ones, prefer the earlier."""
        within = (words for place, words in matches if start <= place < start + length - _LEAD)
        return len(set[str]().union(*within)), -start

    start = max((place for place, _ in matches), key=richness, default=0)
    begin = max(0, min(start - _LEAD, len(line) - length))
    if begin:  # cut at spaces, where there are any near
        begin = line.find(" ", begin, min(begin + _SLACK, start)) + 1 or begin
    end = begin + length
    if end < len(line):
        end = line.rfind(" ", end - _SLACK, end) if " " in line[end - _SLACK : end] else end
    return f"{'…' if begin else ''}{line[begin:end].rstrip()}{'…' if end < len(line) else ''}"
