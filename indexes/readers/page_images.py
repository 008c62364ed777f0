"""Pictures of documents' pages: drawn in a process with limits, a new one for each, and kept while there is room."""

import base64
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from indexes.errors import FootnoteError, ReadError
from indexes.readers.sandbox import ReadingLimits, Sandbox

_AT_ONCE, _WAITING = 2, 8
_TEXT_MB = 4
"""Of which the sandbox takes an answer of 32: a picture of 8 million pixels in bad luck."""
_MEMORY_MB, _SECONDS = 1024, 20.0


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page, and which part of its text is to be marked: ``text[start:end]``, where that is anything."""

    page: int
    """Counted from 1."""
    width: int
    """Of the picture, in pixels; a very long page is made narrower."""
    text: str = ""
    """Of the page, as it was indexed."""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class PagePicture:
    png: bytes
    marks: int
    """How many boxes were drawn: one for each line of what is marked."""
    top: float | None = None
    """Where the first begins, as a share of the page's height; None where nothing is marked."""


class NoPageError(ReadError):
    """The document has no such page."""


class PagesBusyError(FootnoteError):
    """So many pages are being drawn that one more would have to wait long."""

    kind = "pages-busy"


class PagePictures:
    """Safe to use from many threads."""

    def __init__(self, file_mb: int, cache_bytes: int = 32 * 2**20) -> None:
        self._limits = ReadingLimits(file_mb, _TEXT_MB, _MEMORY_MB, _SECONDS)
        self._cache_bytes = cache_bytes
        self._kept: OrderedDict[tuple[str, PageRequest], PagePicture] = OrderedDict()
        self._lock = threading.Lock()
        self._drawing = threading.Semaphore(_AT_ONCE)
        self._places = threading.Semaphore(_AT_ONCE + _WAITING)

    def of(
        self, sha256: str, request: PageRequest, original: Callable[[], AbstractContextManager[Path]]
    ) -> PagePicture:
        """Of the PDF of this hash, which ``original`` opens where it must be drawn.

        Raises ``ReadError`` and ``NoPageError`` with a reason that names no file, ``PagesBusyError``, and as
        ``original`` does.
        """
        with self._lock:
            if picture := self._kept.get((sha256, request)):
                self._kept.move_to_end((sha256, request))
                return picture
        if not self._places.acquire(blocking=False):
            raise PagesBusyError("Too many pages are being drawn at once: ask for this one again in a moment.")
        try:
            with self._drawing, original() as file:
                picture = self._draw(file, request)
        finally:
            self._places.release()
        self._keep((sha256, request), picture)
        return picture

    def _draw(self, file: Path, request: PageRequest) -> PagePicture:
        """By a process that sees no other document: what took it over could change what is shown of those."""
        with Sandbox(self._limits, "indexes.readers.page_renderer") as sandbox:
            return sandbox.ask(dump(file, request), load)

    def _keep(self, key: tuple[str, PageRequest], picture: PagePicture) -> None:
        with self._lock:
            self._kept[key] = picture
            while sum(map(_bytes, self._kept.items())) > self._cache_bytes:
                self._kept.popitem(last=False)


def _bytes(kept: tuple[tuple[str, PageRequest], PagePicture]) -> int:
    (_, request), picture = kept
    return len(picture.png) + 4 * len(request.text)


def dump(path: Path, request: PageRequest) -> bytes:
    return json.dumps({"path": str(path), **asdict(request)}).encode()


def load(answer: bytes) -> PagePicture:
    """Raises the ``ReadError`` that was sent instead, and where it is neither, what Python raises."""
    data = json.loads(answer)
    if "error" in data:
        raise (NoPageError if data["missing"] is True else ReadError)(str(data["error"]))
    top = None if data["top"] is None else float(data["top"])
    return PagePicture(base64.b64decode(data["png"], validate=True), int(data["marks"]), top)
