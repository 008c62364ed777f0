"""Globs over paths in the index: ``*`` and ``?`` stay in a folder, ``**`` does not, ``**/`` is any folders or none.

Anyone who may ask can send a glob, so matching takes as many steps as the path has characters, whatever the glob. A
regular expression of many stars takes as long as its author likes.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_TOKENS = re.compile(r"(\*\*/|\*\*|\*|\?)")
_MAX_STEPS = 10_000
"""Steps that one glob remembers; most globs need a few hundred for all paths of an index."""


def matches(glob: str, path: str) -> bool:
    """Whether the glob matches the whole path."""
    return _compile(_compose(glob)).matches(_compose(path))


def may_match_beneath(glob: str, folder: str) -> bool:
    """Whether the glob can match a path in this folder."""
    return _compile(_compose(glob)).may_go_on(f"{_compose(folder)}/")


class _Step(dict[str, "_Step"]):
    """A state of the automaton: the places in the glob after some characters, and the next state by character.

    The next states are computed when they are first needed.
    """

    def __init__(self, glob: "_Glob", places: frozenset[int]) -> None:
        super().__init__()
        self.glob = glob
        self.places = places

    def __missing__(self, character: str) -> "_Step":
        self[character] = step = self.glob.after(self.places, character)
        return step


class _Glob:
    """A glob as an automaton; a place is the number of tokens that matched so far."""

    def __init__(self, glob: str) -> None:
        self._tokens: list[str] = []
        for number, piece in enumerate(_TOKENS.split(glob)):
            # "inside" is within the folders that a **/ passes over; other text is one token per character
            self._tokens += [piece, "inside"] if piece == "**/" else [piece] if number % 2 else piece
        self._reset()

    def matches(self, path: str) -> bool:
        """Whether the glob matches the whole path."""
        return len(self._tokens) in self._places_after(path)

    def may_go_on(self, beginning: str) -> bool:
        """Whether the glob can match a longer path with this beginning."""
        return any(place < len(self._tokens) for place in self._places_after(beginning))

    def _places_after(self, text: str) -> frozenset[int]:
        if self._count > _MAX_STEPS:
            self._reset()
        step = self._start
        for character in text:
            step = step[character]
            if not step.places:
                break
        return step.places

    def after(self, places: frozenset[int], character: str) -> _Step:
        """The state after one more character."""
        self._count += 1
        in_folder, following = character != "/", list[int]()
        for place in places:
            match self._token(place):
                case "**":
                    following.append(place)
                case "inside":
                    following += [place] if in_folder else [place, place + 1]
                case "*" if in_folder:
                    following.append(place)
                case "?" if in_folder:
                    following.append(place + 1)
                case token if token == character:
                    following.append(place + 1)
        return self._step(following)

    def _reset(self) -> None:
        self._steps: dict[frozenset[int], _Step] = {}
        self._count = 0
        self._start = self._step([0])

    def _step(self, places: Iterable[int]) -> _Step:
        """The state of these places and of those that can be reached from them without a character."""
        reached, waiting = set[int](), list(places)
        while waiting:
            place = waiting.pop()
            if place not in reached:
                reached.add(place)
                skips = {"*": [place + 1], "**": [place + 1], "**/": [place + 1, place + 2]}
                waiting += skips.get(self._token(place), [])
        state = frozenset(reached)
        return self._steps.setdefault(state, _Step(self, state))

    def _token(self, place: int) -> str:
        return self._tokens[place] if place < len(self._tokens) else ""


_compile = lru_cache(maxsize=256)(_Glob)


def _compose(path: str) -> str:
    """Compose letters: an é is one character for the author of a glob, and two in the names of some systems."""
    return unicodedata.normalize("NFC", path)
