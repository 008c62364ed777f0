"""Files come from anyone: they are read in a worker process with limits, and a worker that dies costs one file."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from indexes.errors import ReadError
from indexes.reading import wire
from indexes.types import Extraction

# A file that takes over its reader must find no keys there
_SECRET = re.compile("FOOTNOTE_|OPENAI_|KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What one file may cost."""

    file_mb: int = 200
    text_mb: int = 50
    memory_mb: int = 2048
    seconds: float = 120
    """And as much again for each page whose text is recognised (OCR)."""


class Sandbox:
    """Reads files one at a time. The worker starts with the first file and again after each that killed it."""

    def __init__(self, limits: ReadingLimits) -> None:
        self._limits = limits
        self._worker: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop()

    def read(self, path: Path) -> Extraction:
        """Raises ``ReadError`` with the reason in words."""
        if (size := path.stat().st_size) > self._limits.file_mb * 2**20:
            raise ReadError(f"has {size // 2**20} MB, more than the {self._limits.file_mb} MB allowed")
        pipe = self._pipe or self._start()
        try:
            pipe.send_bytes(bytes(path))
            while (message := self._message(pipe)) == wire.ALIVE:
                pass
            return wire.load(message)
        except (EOFError, OSError, ValueError, KeyError, TypeError) as error:
            self._stop()
            raise ReadError(f"broke its reader, or needs more than {self._limits.memory_mb} MB of memory") from error

    def _message(self, pipe: Connection) -> bytes:
        if not pipe.poll(self._limits.seconds):
            self._stop()
            raise ReadError(f"took longer to read than the {self._limits.seconds:g} s allowed")
        return pipe.recv_bytes()

    def _start(self) -> Connection:
        self._pipe, theirs = Pipe()
        limits = (self._limits.memory_mb, self._limits.text_mb)
        # -P: what lies in the working folder, which may be the documents' own, is never run
        command = [sys.executable, "-P", "-m", "indexes.reading.worker", str(theirs.fileno()), *map(str, limits)]
        # A worker that is killed leaves behind what it has unpacked
        self._folder = TemporaryDirectory(prefix="footnote-", ignore_cleanup_errors=True)
        kept = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
        with theirs:
            self._worker = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=kept | {"TMPDIR": self._folder.name},
            )
        return self._pipe

    def _stop(self) -> None:
        if self._pipe:
            self._pipe.close()
        if self._worker:
            self._worker.kill()
            self._worker.wait()
        if self._folder:
            self._folder.cleanup()
        self._worker = self._pipe = self._folder = None
