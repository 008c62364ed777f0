"""Output of an evaluation: a progress bar on a terminal, a line every few seconds elsewhere, aligned columns."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

_LINE_SECONDS = 10.0
"""Seconds between two lines of progress where there is no terminal."""


def say(text: str) -> None:
    """Print a line to stderr."""
    sys.stderr.write(f"{text}\n")


@contextmanager
def progress(name: str, total: int) -> Iterator[Callable[[], None]]:
    """Show how many of ``total`` items are done; call the yielded function once per item."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    lines = _LineProgress(name, total)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=total)
        yield lambda: bar.advance(task) if console.is_terminal else lines.advance()


class _LineProgress:
    def __init__(self, name: str, total: int) -> None:
        self._name, self._total = name, total
        self._done, self._start, self._last_line = 0, time.monotonic(), time.monotonic()

    def advance(self) -> None:
        """Count an item as done, and print a line if the last one is old enough."""
        self._done += 1
        now = time.monotonic()
        if now - self._last_line >= _LINE_SECONDS:
            self._last_line = now
            left = (now - self._start) / self._done * (self._total - self._done)
            say(f"{self._name} {self._done}/{self._total}, about {left:.0f} s left")


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as text, in columns two blanks apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
