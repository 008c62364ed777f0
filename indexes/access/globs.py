"""Globs over paths in the index: ``*`` and ``?`` stay in a folder, ``**`` does not, ``**/`` is any folders or none.

They come from anyone who may ask, so each costs as many steps as the path has characters, whatever it is: a regular
expression of many stars takes as long as its author likes.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_TOKENS = re.compile(r"(\*\*/|\*\*|\*|\?)")
_MAX_STEPS = 10_000
"""That one glob remembers: most need a few hundred over all paths there are."""


def matches(glob: str, path: str) -> bool:
    return _compiled(glob).matches(_composed(path))


@lru_cache(maxsize=256)
def _compiled(glob: str) -> "_Glob":
    return _Glob(_composed(glob))


class _Step(dict[str, "_Step"]):
    """Where in the glob one may be after some characters, and where the next leads: worked out when it first comes."""

    def __init__(self, glob: "_Glob", places: frozenset[int]) -> None:
        super().__init__()
        self.glob = glob
        self.places = places

    def __missing__(self, character: str) -> "_Step":
        self[character] = step = self.glob.after(self.places, character)
        return step


class _Glob:
    def __init__(self, glob: str) -> None:
        self._tokens: list[str] = []
        for number, piece in enumerate(_TOKENS.split(glob)):
            # "inside" the folders that a **/ passes over; what stands for itself is one character
            self._tokens += [piece, "inside"] if piece == "**/" else [piece] if number % 2 else piece
        self._forget()

    def matches(self, path: str) -> bool:
        if self._count > _MAX_STEPS:
            self._forget()
        step = self._start
        for character in path:
            step = step[character]
            if not step.places:
                return False
        return len(self._tokens) in step.places

    def after(self, places: frozenset[int], character: str) -> _Step:
        self._count += 1
        return self._step(place for before in places for place in self._from(before, character))

    def _forget(self) -> None:
        self._steps: dict[frozenset[int], _Step] = {}
        self._count = 0
        self._start = self._step([0])

    def _step(self, places: Iterable[int]) -> _Step:
        """At these places, and at those that are reached from them without a character."""
        reached, waiting = set[int](), list(places)
        while waiting:
            place = waiting.pop()
            if place not in reached:
                reached.add(place)
                skips = {"*": [place + 1], "**": [place + 1], "**/": [place + 1, place + 2]}
                waiting += skips.get(self._token(place), [])
        known = frozenset(reached)
        return self._steps.setdefault(known, _Step(self, known))

    def _from(self, place: int, character: str) -> tuple[int, ...]:
        within = character != "/"
        match self._token(place):
            case "**":
                return (place,)
            case "inside":
                return (place,) if within else (place, place + 1)
            case "*":
                return (place,) if within else ()
            case "?":
                return (place + 1,) if within else ()
            case token:
                return (place + 1,) if token == character else ()

    def _token(self, place: int) -> str:
        return self._tokens[place] if place < len(self._tokens) else ""


def _composed(path: str) -> str:
    """An é is one character to who writes a glob, and two in the names that some systems give."""
    return unicodedata.normalize("NFC", path)
