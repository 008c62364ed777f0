"""How long a sync will still take: by what its files hold, not by how many they are."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_PASSAGE = 100
"""What a passage costs to embed beside its characters, in characters."""
_TEXT = {".pdf": 0.1, ".docx": 0.2, ".odt": 0.2, ".pptx": 0.02, ".epub": 0.5, ".rtf": 0.5, ".html": 0.5}
"""Characters in a byte of a format, as long as none of it has been read; 1 for those not named."""
_DOUBT = 2**16
"""Bytes that must be read before what was found counts more than what was supposed."""
_HALF_LIFE_S = 120
"""The machine may become busier, or less so: what was seen so long ago counts half."""


@dataclass(slots=True)
class _Format:
    """Files of one suffix: what is unread of them, and what was found in the others."""

    text: float
    unread: int = 0
    files: int = 0
    read: int = _DOUBT
    seconds: float = 0.0

    @property
    def work(self) -> float:
        return self.files * _PASSAGE + self.unread * self.text / self.read

    @property
    def reading(self) -> float:
        return self.unread * self.seconds / self.read


class TimeLeft:
    """Hears what a sync does, and says at any time how many seconds its reading and embedding still take.

    ``sizes`` are the bytes of the files to be read, by path; 0 where their vectors are known to be there. Reading is
    measured in seconds for a byte of each format, embedding in seconds for a character. How much text there is in
    files whose format has not come yet, no one knows: what is usual is supposed.
    """

    def __init__(self, sizes: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self._sizes = dict(sizes)
        self._clock, self._last = clock, clock()
        self._formats: dict[str, _Format] = {}
        for path, size in sizes.items():
            suffix = _suffix(path)
            kind = self._formats.setdefault(suffix, _Format(_DOUBT * _TEXT.get(suffix, 1.0)))
            kind.unread += size
            kind.files += 1
        self._waiting: dict[str, int] = {}
        self._embedded = 0
        self._new, self._all = _DOUBT, _DOUBT
        self._speed_work, self._speed_seconds = 0.0, 0.0
        self._loaded = False

    def read(self, path: str, passages: int, characters: int) -> None:
        """A file was read and split. The first one's time does not count: the model is loaded in it."""
        seconds, kind, size = self._lap(), self._formats[_suffix(path)], self._sizes.pop(path)
        work = _work(passages, characters)
        kind.unread -= size
        kind.files -= 1
        if size:
            kind.read += size
            kind.text += max(0, work - _PASSAGE)
            kind.seconds += seconds if self._loaded else 0
        self._loaded = True
        self._waiting[path] = work if size else 0

    def embedded(self, passages: int, characters: int) -> None:
        """So much of what was read has its vectors now."""
        seconds, work = self._lap(), _work(passages, characters)
        fading = 0.5 ** (seconds / _HALF_LIFE_S)
        self._speed_work = self._speed_work * fading + work
        self._speed_seconds = self._speed_seconds * fading + seconds
        self._embedded += work
        self._new += work

    def done(self, path: str) -> None:
        """A file is committed; or failed, or turned out to be as it was, and was not told as read."""
        if path in self._sizes:
            self.read(path, 0, 0)
        self._all += self._waiting.pop(path)
        if not self._waiting:  # all that is read is committed together
            self._embedded = 0

    def seconds(self) -> float | None:
        """None as long as nothing was embedded."""
        if not self._speed_work:
            return None
        fresh = min(1.0, self._new / self._all)  # the rest has its vectors from before
        waiting = max(0.0, fresh * sum(self._waiting.values()) - self._embedded)
        unread = fresh * sum(kind.work for kind in self._formats.values())
        embedding = (waiting + unread) * self._speed_seconds / self._speed_work
        reading = sum(kind.reading for kind in self._formats.values())
        return max(0.0, embedding + reading - (self._clock() - self._last))

    def _lap(self) -> float:
        last, self._last = self._last, self._clock()
        return self._last - last


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _work(passages: int, characters: int) -> int:
    return passages * _PASSAGE + characters
