"""Processes that are forked with everything imported, heard line by line, and killed."""

import ctypes
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torture.writer import Line, Say, before_line

_PR_SET_CHILD_SUBREAPER = 36
_LONGEST = 120
_DYING = 10
"""Seconds that a reader's process has to end after the writer's."""


@dataclass(frozen=True, slots=True)
class Kill:
    """When: so long after hearing a line of so many that begin alike, or before a line of code is run."""

    after: str = "began"
    times: int = 1
    delay: float = 0.0
    before: tuple[Line, int] | None = None
    alone: bool = False
    """Only the writer, not its whole process group: its reader must end by itself."""

    def __str__(self) -> str:
        if self.before:
            (file, line), times = self.before
            where = f"before {os.path.basename(file)}:{line}, time {times}"  # noqa: PTH119 - a name, no file
        else:
            where = f"{self.delay * 1000:.0f} ms after {self.after!r}, time {self.times}"
        return f"{where}{', alone' if self.alone else ''}"


@dataclass(slots=True)
class Heard:
    """What a process said, each line with the seconds since it began, and how it ended."""

    lines: list[tuple[str, float]] = field(default_factory=list)
    status: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    def said(self, word: str) -> list[str]:
        """What followed a word, for each line that began with it."""
        return [line.removeprefix(word).strip() for line, _ in self.lines if line.split(" ")[0] == word]


def adopt_orphans() -> None:
    """So that a killed writer's reader can be waited for."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("prctl refused")


def run(work: Callable[[Say], None], kill: Kill | None = None) -> Heard:
    """Runs it in a process group of its own until it ends or is killed."""

    def armed(write: int) -> None:
        if kill and kill.before:
            before_line(*kill.before, lambda: _kill(os.getpid(), alone=kill.alone))
        work(lambda line: _say(write, line))

    child, pipe = _fork(armed)
    heard = Heard()
    began = time.monotonic()
    due, left = began + _LONGEST, kill.times if kill else 0
    rest = b""
    while True:
        if not select.select([pipe], [], [], max(0.0, due - time.monotonic()))[0]:
            if due >= began + _LONGEST:
                heard.faults.append(f"did not end in {_LONGEST} s")
            _kill(child, alone=bool(kill and kill.alone))
            due = time.monotonic() + _LONGEST
        if not (data := os.read(pipe, 1 << 16)):
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in map(bytes.decode, lines):
            heard.lines.append((line, time.monotonic() - began))
            if kill and not kill.before and line.split(" ")[0] == kill.after:
                left -= 1
                due = time.monotonic() + kill.delay if left == 0 else due
    os.close(pipe)
    heard.status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    heard.seconds = time.monotonic() - began
    heard.faults += _group_outlives(child)
    return heard


def ask(work: Callable[[], Any]) -> Any:
    """What it returns, worked out in a process of its own; None where that process died."""
    child, pipe = _fork(lambda write: _write(write, pickle.dumps(work())))
    with open(pipe, "rb") as answer:  # noqa: PTH123 - a descriptor, no path
        data = answer.read()
    return pickle.loads(data) if os.waitpid(child, 0)[1] == 0 else None  # our own process wrote it


def _fork(work: Callable[[int], None]) -> tuple[int, int]:
    read, write = os.pipe()
    if child := os.fork():
        os.close(write)
        return child, read
    status = 1
    try:
        os.close(read)
        os.setsid()
        work(write)
        status = 0
    except BaseException:  # noqa: BLE001 - a forked process must not run its parent's code
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _say(write: int, line: str) -> None:
    _write(write, f"{line}\n".encode())


def _write(write: int, data: bytes) -> None:
    while data:
        data = data[os.write(write, data) :]


def _kill(leader: int, *, alone: bool) -> None:
    (os.kill if alone else os.killpg)(leader, signal.SIGKILL)


def _group_outlives(group: int) -> list[str]:
    """Waits for those that are left of it."""
    deadline = time.monotonic() + _DYING
    while time.monotonic() < deadline:
        try:
            os.waitpid(-group, os.WNOHANG)
        except ChildProcessError:
            return []
        time.sleep(0.005)
    os.killpg(group, signal.SIGKILL)
    return [f"its reader still ran {_DYING} s after it"]
