"""Files come from anyone: they are read in a worker process with limits, and a worker that dies costs one file."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from indexes.errors import ReadError
from indexes.readers.extraction import serialization
from indexes.readers.extraction.scratch import ScratchFolder, sweep
from indexes.types import Extraction

T = TypeVar("T")
# A file that takes over its reader must find no keys there
_SECRET = re.compile("FOOTNOTE_|OPENAI_|KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)

_CHUNK = 2**20
_MAX_PAGES = 1000
"""Pages recognised in one file that may each take their time: a worker that was taken over must come to an end."""
_ANSWER_SHARE = 8
"""Bytes that may be told of a file for each character of text it may hold: four at most, and its sections."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What one file may cost."""

    file_mb: int = 200
    text_mb: int = 50
    memory_mb: int = 2048
    seconds: float = 120
    """And as much again for each page whose text is recognised (OCR)."""

    def check_size(self, size: int) -> None:
        """Raises ``ReadError`` where a file has more bytes than are read."""
        if size > self.file_mb * 2**20:
            raise ReadError(f"has {size // 2**20} MB, more than the {self.file_mb} MB allowed")


class Sandbox:
    """Reads files one at a time. The worker starts with the first file and again after each that killed it."""

    def __init__(self, limits: ReadingLimits, worker: str = "indexes.readers.worker") -> None:
        """``worker`` is a module that runs ``worker.serve``."""
        self._limits = limits
        self._module = worker
        self._worker: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._folder: ScratchFolder | None = None

    def __enter__(self) -> Self:
        sweep()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop()

    def read(self, path: Path) -> Extraction:
        """Raises ``ReadError`` with the reason in words."""
        self._limits.check_size(path.stat().st_size)
        return self.ask(bytes(path), serialization.load)

    def ask(self, request: bytes, load: Callable[[bytes], T]) -> T:
        """What the worker answers. ``load`` makes sense of it, as far as a worker that was taken over can be trusted.

        Raises ``ReadError`` where ``load`` does, and where there is no answer, or none that makes sense.
        """
        pipe = self._pipe or self._start()
        try:
            pipe.send_bytes(request)
            return load(self._answer(pipe))
        except TimeoutError as error:
            self._stop()
            raise ReadError(f"took longer to read than the {self._limits.seconds:g} s allowed") from error
        except (EOFError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            self._stop()
            raise ReadError(f"broke its reader, or needs more than {self._limits.memory_mb} MB of memory") from error

    def _answer(self, pipe: Connection) -> bytes:
        """One line. However slowly a worker writes it, or how much, it has its time and its size."""
        answer, end, pages = bytearray(), time.monotonic() + self._limits.seconds, 0
        while not answer.endswith(serialization.END):
            if pages > _MAX_PAGES or not pipe.poll(max(0, end - time.monotonic())):
                raise TimeoutError
            if not (chunk := os.read(pipe.fileno(), _CHUNK)):
                raise EOFError
            answer += chunk
            while answer.startswith(serialization.ALIVE):
                del answer[: len(serialization.ALIVE)]
                end, pages = time.monotonic() + self._limits.seconds, pages + 1
            if len(answer) > _ANSWER_SHARE * self._limits.text_mb * 2**20:
                raise ValueError
        return bytes(answer)

    def _start(self) -> Connection:
        self._pipe, theirs = Pipe()
        # -P: what lies in the working folder, which may be the documents' own, is never run
        command = [sys.executable, "-P", "-m", self._module, str(theirs.fileno())]
        command += map(str, astuple(self._limits))
        # A worker that is killed leaves behind what it has unpacked
        self._folder = ScratchFolder()
        kept = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
        with theirs:
            self._worker = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a group of its own, so that what it started goes with it
                env=kept | {"TMPDIR": self._folder.name},
            )
        return self._pipe

    def _stop(self) -> None:
        if self._pipe:
            self._pipe.close()
        if self._worker:
            with suppress(ProcessLookupError):
                os.killpg(self._worker.pid, signal.SIGKILL)
            self._worker.wait()
        if self._folder:
            self._folder.cleanup()
        self._worker = self._pipe = self._folder = None
