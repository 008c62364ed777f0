"""The writer's lock: one process at a time writes an index."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import filelock

from indexes.errors import IndexLockedError, IndexUnreadableError

_held = set[Path]()
"""The folders whose lock this process has."""


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Hold the writer's lock of an index folder. Raises ``IndexLockedError`` if another process holds it."""
    holder = folder / "writer.json"
    lock = filelock.FileLock(folder / "writer.lock", timeout=0.5)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": time.ctime()}))
    except filelock.Timeout as error:
        raise IndexLockedError(f"Another process is writing the index in {folder}: {_holder_of(holder)}.") from error
    except OSError as error:
        lock.release()
        raise IndexUnreadableError(f"No index can be written in {folder}: {error.strerror}.") from error
    _held.add(folder.resolve())
    try:
        yield
    finally:
        _held.discard(folder.resolve())
        holder.unlink(missing_ok=True)
        lock.release()


def index_folder(generation: Path) -> Path:
    """The index folder that a generation's folder belongs to; an index's first generation is the index folder."""
    return generation.parent.parent if generation.parent.name == "generations" else generation


def migration_lock(folder: Path) -> AbstractContextManager[None]:
    """The writer's lock, or nothing if this process holds it: SQLite serialises the threads of one program."""
    return nullcontext() if folder.resolve() in _held else writer_lock(folder)


def _holder_of(file: Path) -> str:
    try:
        holder = json.loads(file.read_text())
        return f"process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it has only just begun"
