"""Text without what readers of one page disagree on: blanks, hyphens, bars between cells, and how letters are composed.

What remains of a document's text and of what a program finds on its printed page are the same letters in a row.
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
    letters: str
    origins: list[int]
    """For each letter, which character it came of."""

    def within(self, start: int, end: int) -> tuple[int, int]:
        """The letters that came of the characters from ``start`` to ``end``."""
        return bisect_left(self.origins, start), bisect_left(self.origins, end)


def to_letters(characters: Iterable[str]) -> Letters:
    """Of a text, or of characters one by one."""
    letters, origins = [], []
    for number, character in enumerate(characters):
        for letter in unicodedata.normalize("NFD", normalise(character)):
            if not letter.isspace() and letter not in _LEFT_OUT:
                letters.append(letter)
                origins.append(number)
    return Letters("".join(letters), origins)


def find_letters(needle: str, text: Letters, near: int = 0) -> tuple[int, int] | None:
    """Where the letters stand, of several places the one that is nearest to a letter's number."""
    best, at = None, text.letters.find(needle) if needle else -1
    for _ in range(_MAX_FINDS):
        if at < 0:
            break
        if best is None or abs(at - near) < abs(best - near):
            best = at
        at = text.letters.find(needle, at + 1)
    return None if best is None else (best, best + len(needle))


def find_quote(quote: str, text: str, near: int = 0) -> tuple[int, int]:
    """The characters of ``text`` that say the quote, nearest to one of them; an empty span where none do."""
    within = to_letters(text)
    found = find_letters(to_letters(quote).letters, within, within.within(near, near)[0])
    return (within.origins[found[0]], within.origins[found[1] - 1] + 1) if found else (0, 0)
