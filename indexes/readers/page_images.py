"""Pictures of documents' pages, each drawn in a new process with limits, and cached."""

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
"""For which the sandbox takes an answer of 32 MB: the largest picture of 8 million pixels."""
_MEMORY_MB, _SECONDS = 1024, 20.0


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page, and the part of its text to be marked: ``text[start:end]``, which may be empty."""

    page: int
    """Counted from 1."""
    width: int
    """Pixels of the picture. A very long page is made narrower."""
    text: str = ""
    """The page's text as it was indexed."""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as PNG."""

    png: bytes
    marks: int
    """The number of boxes drawn, one for each line of the marked text."""
    top: float | None = None
    """Where the first box begins, as a share of the page's height; None if nothing is marked."""


class NoPageError(ReadError):
    """The document has no such page."""


class PagesBusyError(FootnoteError):
    """Too many pages are being drawn already."""

    kind = "pages-busy"


class PagePictures:
    """Draws pages and caches their pictures. Safe to use from many threads."""

    def __init__(self, file_mb: int, cache_bytes: int = 32 * 2**20) -> None:
        self._limits = ReadingLimits(file_mb, _TEXT_MB, _MEMORY_MB, _SECONDS)
        self._max_bytes = cache_bytes
        self._cache: OrderedDict[tuple[str, PageRequest], PagePicture] = OrderedDict()
        self._lock = threading.Lock()
        self._drawing = threading.Semaphore(_AT_ONCE)
        self._places = threading.Semaphore(_AT_ONCE + _WAITING)

    def of(
        self, sha256: str, request: PageRequest, original: Callable[[], AbstractContextManager[Path]]
    ) -> PagePicture:
        """Return a page of the PDF of this hash, which ``original`` opens if it must be drawn.

        Raises ``ReadError`` or ``NoPageError`` with a reason that names no file, ``PagesBusyError``, and what
        ``original`` raises.
        """
        with self._lock:
            if picture := self._cache.get((sha256, request)):
                self._cache.move_to_end((sha256, request))
                return picture
        if not self._places.acquire(blocking=False):
            raise PagesBusyError("Too many pages are being drawn at once: ask for this one again in a moment.")
        try:
            # each by a process that sees no other document, whose picture a hostile one could change
            sandbox = Sandbox(self._limits, "indexes.readers.page_renderer")
            with self._drawing, original() as file, sandbox:
                picture = sandbox.ask(dump(file, request), load)
        finally:
            self._places.release()
        with self._lock:
            self._cache[sha256, request] = picture
            while sum(len(p.png) + 4 * len(r.text) for (_, r), p in self._cache.items()) > self._max_bytes:
                self._cache.popitem(last=False)
        return picture


def dump(path: Path, request: PageRequest) -> bytes:
    """Write a request to the renderer."""
    return json.dumps({"path": str(path), **asdict(request)}).encode()


def load(answer: bytes) -> PagePicture:
    """Read the renderer's answer. Raises the ``ReadError`` that was sent, or Python's errors for nonsense."""
    data = json.loads(answer)
    if "error" in data:
        raise (NoPageError if data["missing"] is True else ReadError)(str(data["error"]))
    top = None if data["top"] is None else float(data["top"])
    return PagePicture(base64.b64decode(data["png"], validate=True), int(data["marks"]), top)
