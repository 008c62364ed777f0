"""Reads files that others may change meanwhile: opened as they were listed, and read from a copy."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
_MAX_SECONDS = 253_000_000_000
"""A time in the year 9987, as files may have dates that no calendar has."""
_MAX_NS = 2**63 - 1
"""The largest integer of a database: the year 2262."""
_MAX_NAME = 255
"""Bytes of a file's name, on every file system in use."""
_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
"""Folders are only passed through, which needs no permission to list them."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file at one moment: what was hashed is what is read."""

    state: FileState
    file: Path


@contextmanager
def copy_for_reading(path: str, file: Path, limits: ReadingLimits) -> Iterator[Copy]:
    """Copy a file, whose path is real and without links, under the last name of ``path``; remove the copy afterwards.

    Raises ``OSError`` if it cannot be opened, ``ReadError`` if it is too large or changes each time it is read.
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
    """Return hash, size and times of a file. Raises as ``copy_for_reading`` does."""
    with open_unlinked(file) as content:
        facts = _facts(content)
        return FileState(path, hashlib.file_digest(content, "sha256").hexdigest(), *facts)


@contextmanager
def open_unlinked(file: Path) -> Iterator[BufferedReader]:
    """Open a file without following links, and without waiting as for a pipe. Raises ``ReadError`` or ``OSError``."""
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
        with suppress(OSError):
            if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise ReadError("is no file of the folder any more: a link has taken its place") from None
        raise


def _facts(content: BufferedReader) -> tuple[int, int, str]:
    facts = os.fstat(content.fileno())
    day = date.fromtimestamp(min(max(facts.st_mtime, 0), _MAX_SECONDS)).isoformat()  # in local time
    return facts.st_size, modified_ns(facts), day


def modified_ns(facts: os.stat_result) -> int:
    """Return when its content or its name last changed, whatever date it was given since."""
    return min(max(facts.st_mtime_ns, facts.st_ctime_ns), _MAX_NS)


def _copy(content: BufferedReader, copy: Path, limits: ReadingLimits) -> str:
    """Copy the content and return its SHA-256."""
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
