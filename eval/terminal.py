"""How an evaluation looks on a terminal: a bar with the time left, or a line now and then where no one watches."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

_PLAIN_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


@contextmanager
def progress(name: str, total: int) -> Iterator[Callable[[], None]]:
    """What it yields is called for each thing done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    plain = _LineProgress(name, total)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=total)
        yield lambda: bar.advance(task) if console.is_terminal else plain.advance()


class _LineProgress:
    def __init__(self, name: str, total: int) -> None:
        self._name, self._total = name, total
        self._done, self._began, self._told = 0, time.monotonic(), time.monotonic()

    def advance(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._told >= _PLAIN_EVERY:
            self._told = now
            left = (now - self._began) / self._done * (self._total - self._done)
            say(f"{self._name} {self._done}/{self._total}, about {left:.0f} s left")


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Cells under one another, two blanks apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
