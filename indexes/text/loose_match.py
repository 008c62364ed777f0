"""Text search that ignores blanks, hyphens, bars between cells, and how letters are composed.

Two programs that read one page disagree on those, and agree on the letters that remain.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from indexes.text.normalization import normalise

_LEFT_OUT = frozenset("-‐‑‒|")
_MAX_FINDS = 10_000


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters that remain of a text."""

    letters: str
    origins: list[int]
    """For each letter, the index of its character in the text."""

    def span_of(self, start: int, end: int) -> tuple[int, int]:
        """The span of letters that came from the characters ``start`` to ``end`` of the text."""
        return bisect_left(self.origins, start), bisect_left(self.origins, end)


def to_letters(characters: Iterable[str]) -> Letters:
    """The letters of a text, or of a sequence of characters."""
    letters, origins = [], []
    for number, character in enumerate(characters):
        for letter in unicodedata.normalize("NFD", normalise(character)):
            if not letter.isspace() and letter not in _LEFT_OUT:
                letters.append(letter)
                origins.append(number)
    return Letters("".join(letters), origins)


def find_letters(needle: str, text: Letters, near: int = 0) -> tuple[int, int] | None:
    """The span of ``needle`` in the letters; of several, the one whose start is nearest to ``near``."""
    best, at = None, text.letters.find(needle) if needle else -1
    for _ in range(_MAX_FINDS):
        if at < 0:
            break
        if best is None or abs(at - near) < abs(best - near):
            best = at
        at = text.letters.find(needle, at + 1)
    return None if best is None else (best, best + len(needle))


def find_quote(quote: str, text: str, near: int = 0) -> tuple[int, int]:
    """The span of characters of ``text`` that match the quote, nearest to the character ``near``; else (0, 0)."""
    letters = to_letters(text)
    span = find_letters(to_letters(quote).letters, letters, letters.span_of(near, near)[0])
    return (letters.origins[span[0]], letters.origins[span[1] - 1] + 1) if span else (0, 0)
