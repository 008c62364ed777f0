"""How things look on a terminal: progress bars where someone watches, plain lines where no one does."""

import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from api.rendering.printable import printable
from indexes.ingest.changes import SyncPlan
from indexes.ingest.sync import SyncListener, SyncReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.status import Status

    from api.core.findings import Finding

_out = Console(highlight=False, soft_wrap=True, emoji=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
_PLAIN_EVERY = 5.0
"""Seconds between two lines of progress where there is no terminal."""
_A_SECOND = 1000
"""Vectors that Chroma takes in one."""
_MARKS = {True: "[green]ok[/green]   ", False: "[red]wrong[/red]", None: "[yellow]not verified[/yellow]"}
_SHOWN = 5
"""How many files are named that were skipped for one reason."""


def say(text: str) -> None:
    _err.print(escape(text))


def complain(text: str) -> None:
    shown = "\n".join(printable(line) for line in text.split("\n"))
    _err.print(f"[red]Error:[/red] {escape(shown)}")


@contextmanager
def stopped(advice: str) -> "Iterator[None]":
    """Says what an interruption means for the work."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"Stopped. {advice}")
        raise


def write(text: str) -> None:
    """A model's words: what would steer the terminal is left out."""
    sys.stdout.write("".join(c for c in text if c in "\n\t" or c.isprintable()))
    sys.stdout.flush()


class SyncProgress(SyncListener):
    """Shows the files done, the passages per second and, on a terminal, the time left."""

    def __init__(self, plain_every: float = _PLAIN_EVERY) -> None:
        self._plain_every = plain_every
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=_err,
            disable=not _err.is_terminal,
        )
        self._task = self._bar.add_task("Looking", total=None, speed="")
        self._embedded, self._done = 0, 0
        self._total, self._began, self._told = 0, 0.0, time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, plan: SyncPlan) -> None:
        self._total, self._began = len(plan.added) + len(plan.changed), time.monotonic()
        self._bar.update(self._task, description="Indexing", total=self._total)

    def done(self, path: str, passages: int) -> None:  # noqa: ARG002
        self._done += 1
        self._bar.update(self._task, completed=self._done)

    def embedded(self, passages: int) -> None:
        self._embedded += passages
        rate = self._embedded / max(0.001, time.monotonic() - self._began)
        speed = f"{rate:.0f} passages/s"
        self._bar.update(self._task, speed=speed)
        self._tell(f"{self._done} of {self._total} files, {self._embedded} passages embedded, {speed}")

    def publishing(self, passages: int) -> None:
        self._done, self._total = 0, passages
        self._bar.reset(self._task, description="Storing in Chroma", total=passages, speed="")

    def published(self, passages: int) -> None:
        self._done += passages
        self._bar.update(self._task, completed=self._done)
        self._tell(f"{self._done} of {self._total} vectors in Chroma")

    def _tell(self, line: str) -> None:
        if self._bar.disable and time.monotonic() - self._told > self._plain_every:
            self._told = time.monotonic()
            say(line)


class OpeningProgress(SyncProgress):
    """Of an index whose Chroma is made anew as it is opened: seen only where that takes longer than a moment."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def publishing(self, passages: int) -> None:
        super().publishing(passages)
        if passages > _A_SECOND:
            self._bar.start()

    def healed(self, sentence: str) -> None:
        self.__exit__()
        say(printable(sentence))


def print_report(report: SyncReport) -> None:
    table = Table("", "files", box=None, pad_edge=False)
    for name in ("added", "changed", "unchanged", "removed", "renamed", "failed", "skipped"):
        table.add_row(name, str(len(getattr(report, name))))
    _out.print(table)
    _out.print(f"{report.passages} passages in {report.seconds:.1f} s")
    if report.healed:
        _out.print(escape(printable(report.healed)))
    for name, reasons in (("failed", report.failed), ("note", report.notes)):
        for path, reason in reasons.items():
            _out.print(f"[red]{name}[/red] {escape(printable(path))}: {escape(reason)}")
    _print_skipped(report.skipped)


def _print_skipped(skipped: "Mapping[str, str]") -> None:
    """A line for each reason, with the first few files."""
    for reason in sorted(set(skipped.values())):
        paths = [path for path, its in skipped.items() if its == reason]
        shown = ", ".join(printable(path) for path in paths[:_SHOWN])
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        _out.print(escape(f"skipped, {reason}: {shown}{more}"))


def report_to_wire(report: SyncReport) -> dict[str, Any]:
    return asdict(report)


def plan_to_wire(plan: SyncPlan) -> dict[str, Any]:
    return {key: value for key, value in asdict(plan).items() if key != "files"}


def print_plan(plan: SyncPlan) -> None:
    """A line for each file that would be touched."""
    for name in ("added", "changed", "removed"):
        print_lines(f"{name:8} {printable(path)}" for path in getattr(plan, name))
    for name, reasons in (("closed", plan.closed), ("skipped", plan.skipped)):
        print_lines(f"{name:8} {printable(path)}: {reason}" for path, reason in reasons.items())
    print_lines(f"renamed  {printable(old)} -> {printable(new)}" for new, old in plan.renamed.items())
    print_lines([f"{len(plan.unchanged)} unchanged; nothing was done"])


def print_lines(lines: "Iterable[str]") -> None:
    for line in lines:
        _out.print(escape(line))


def print_marked(style: str, label: str, text: str) -> None:
    """``label``: text, the label in a style."""
    _out.print(f"[{style}]{label}:[/{style}] {escape(text)}")


def advise(text: str) -> None:
    _err.print(f"\n[dim]{escape(text)}[/dim]")


@contextmanager
def waiting(text: str) -> "Iterator[Status]":
    """A spinner while nothing else is to be seen; nothing where no one watches."""
    status = _err.status(text)
    if _err.is_terminal:
        status.start()
    try:
        yield status
    finally:
        status.stop()


def print_facts(facts: "Mapping[str, object]") -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name, escape(str(value)))
    _out.print(table)


def print_findings(findings: "Iterable[Finding]") -> None:
    for finding in findings:
        _out.print(f"{_MARKS[finding.ok]} {finding.check}: {escape(finding.detail)}")
