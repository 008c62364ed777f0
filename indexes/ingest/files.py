"""Files of a folder that others may change meanwhile: opened as they were listed, and read from a copy of our own."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BufferedReader
from pathlib import Path, PurePosixPath

from indexes.errors import ReadError
from indexes.readers.extraction.scratch import ScratchFolder
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import FileState

_CHUNK = 2**20
_TRIES = 3
_LATEST = 253_000_000_000
"""Seconds: in the year 9987."""
_MAX_NS = 2**63 - 1
"""What a database holds: until the year 2262."""
_MAX_NAME = 255
"""Bytes of a file's name: the same on every file system in use."""
_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
"""Folders are only passed through, which needs no leave to list them."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One moment of a file: what was hashed is what is read."""

    state: FileState
    file: Path


@contextmanager
def copy_for_reading(path: str, file: Path, limits: ReadingLimits) -> Iterator[Copy]:
    """A copy named as ``path`` ends, which goes afterwards; ``file`` is real, without links.

    Raises ``OSError`` where it cannot be opened, ``ReadError`` where it is too large, or changes each time it is read.
    """
    with open_unlinked(file) as content, ScratchFolder() as folder:
        name = PurePosixPath(path).name
        copy = Path(folder, name if len(os.fsencode(name)) <= _MAX_NAME else name[-60:])
        for _ in range(_TRIES):
            before = _facts(content)
            limits.check_size(before[0])
            digest = _copy(content, copy, limits)
            if _facts(content) == before:
                yield Copy(FileState(path, digest, *before), copy)
                return
    raise ReadError("changes while it is read: run it again when the file is at rest")


def file_state(path: str, file: Path) -> FileState:
    """What tells this version of a file from another; raises as ``copied`` does."""
    with open_unlinked(file) as content:
        facts = _facts(content)
        return FileState(path, hashlib.file_digest(content, "sha256").hexdigest(), *facts)


@contextmanager
def open_unlinked(file: Path) -> Iterator[BufferedReader]:
    """Never waits, as opening a pipe would, nor follows a link that has taken the place of a folder or of the file."""
    folder = os.open(file.anchor, _FOLDER)
    try:
        for part in file.parts[1:-1]:
            inner = _open(part, _FOLDER, folder)
            os.close(folder)
            folder = inner
        descriptor = _open(file.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, folder)
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "rb") as content:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ReadError("is no file any more")
        yield content


def _open(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError:
        if _is_link(name, folder):
            raise ReadError("is no file of the folder any more: a link has taken its place") from None
        raise


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _facts(content: BufferedReader) -> tuple[int, int, str]:
    facts = os.fstat(content.fileno())
    return facts.st_size, modified_ns(facts), _day(facts.st_mtime)


def _day(seconds: float) -> str:
    """Of the clock on the wall; a file may have any date, also one that no calendar has."""
    return date.fromtimestamp(min(max(seconds, 0), _LATEST)).isoformat()


def modified_ns(facts: os.stat_result) -> int:
    """When its content or its name last changed, whatever date it was given since."""
    return min(max(facts.st_mtime_ns, facts.st_ctime_ns), _MAX_NS)


def _copy(content: BufferedReader, copy: Path, limits: ReadingLimits) -> str:
    """The content's SHA-256."""
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    try:
        with copy.open("wb") as target:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
                limits.check_size(size := size + len(chunk))
    except OSError as error:
        raise ReadError(f"cannot be copied to {copy.parent.parent} to be read: {error.strerror}") from error
    return digest.hexdigest()
