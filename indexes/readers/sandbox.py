"""Reads files, which come from anyone, in a worker process with limits. A worker that dies costs one file."""

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
# a file that takes over its reader must find no keys
_SECRET = re.compile("FOOTNOTE_|OPENAI_|KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)

_CHUNK = 2**20
_MAX_PAGES = 1000
"""Pages of one file that may each take their time, so that a worker that was taken over comes to an end."""
_ANSWER_SHARE = 8
"""Bytes of an answer for each byte of text allowed: each character takes up to four, and sections take some."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """The limits for one file."""

    file_mb: int = 200
    text_mb: int = 50
    memory_mb: int = 2048
    seconds: float = 120
    """And as much again for each page that is recognised (OCR)."""

    def check_size(self, size: int) -> None:
        """Raise ``ReadError`` if a file has more bytes than are read."""
        if size > self.file_mb * 2**20:
            raise ReadError(f"has {size // 2**20} MB, more than the {self.file_mb} MB allowed")


class Sandbox:
    """Reads files one at a time. The worker starts with the first file and again after each that killed it."""

    def __init__(self, limits: ReadingLimits, worker: str = "indexes.readers.worker") -> None:
        """Take a worker module, which runs ``worker.serve``."""
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
        """Read a file. Raises ``ReadError`` with the reason."""
        self._limits.check_size(path.stat().st_size)
        return self.ask(bytes(path), serialization.load)

    def ask(self, request: bytes, load: Callable[[bytes], T]) -> T:
        """Return the worker's answer as ``load`` reads it, which must not trust a worker that was taken over.

        Raises ``ReadError`` if ``load`` does, or if there is no answer or a senseless one.
        """
        pipe = self._pipe or self._start()
        try:
            pipe.send_bytes(request)
            return load(self._receive(pipe))
        except TimeoutError as error:
            self._stop()
            raise ReadError(f"took longer to read than the {self._limits.seconds:g} s allowed") from error
        except (EOFError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            self._stop()
            raise ReadError(f"broke its reader, or needs more than {self._limits.memory_mb} MB of memory") from error

    def _receive(self, pipe: Connection) -> bytes:
        """Return one line, within its limits of time and size however slowly it comes."""
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
        # removed with the worker, which leaves what it unpacked when it is killed
        self._folder = ScratchFolder()
        environment = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
        with theirs:
            self._worker = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a group of its own, so that what it started goes with it
                env=environment | {"TMPDIR": self._folder.name},
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
