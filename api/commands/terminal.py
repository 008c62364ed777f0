"""Output of the commands: tables, labels, and progress as a bar on a terminal or as plain lines elsewhere."""

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

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
_PLAIN_INTERVAL = 5.0
"""Seconds between two lines of progress where there is no terminal."""
_QUICK_PASSAGES = 1000
"""Passages that Chroma stores within a second: too few for a progress bar."""
_MARKS = {True: "[green]ok[/green]   ", False: "[red]wrong[/red]", None: "[yellow]not verified[/yellow]"}
_CHANGES_SHOWN = 20
"""How many of the documents are named whose readers changed."""
_SKIPPED_SHOWN = 5
"""How many of the files that were skipped for one reason are named."""


def say(text: str) -> None:
    """Print text to standard error, whatever markup it holds."""
    _err.print(escape(text))


def print_error(text: str) -> None:
    """Print an error message, without control characters, to standard error."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    _err.print(f"[red]Error:[/red] {escape(shown)}")


@contextmanager
def interruptible(advice: str) -> "Iterator[None]":
    """Print the advice where Ctrl-C interrupts the work, and raise ``KeyboardInterrupt`` again."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"Stopped. {advice}")
        raise


def write(text: str) -> None:
    """Write part of an answer at once, without characters that would control the terminal."""
    sys.stdout.write("".join(c for c in text if c in "\n\t" or c.isprintable()))
    sys.stdout.flush()


class SyncProgress(SyncListener):
    """Shows the files done, the passages per second and, on a terminal, the time left."""

    def __init__(self, plain_interval: float = _PLAIN_INTERVAL) -> None:
        self._plain_interval = plain_interval
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
        self._total, self._began, self._printed = 0, 0.0, time.monotonic()

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
        self._print_plain(f"{self._done} of {self._total} files, {self._embedded} passages embedded, {speed}")

    def publishing(self, passages: int) -> None:
        self._done, self._total = 0, passages
        self._bar.reset(self._task, description="Storing in Chroma", total=passages, speed="")

    def published(self, passages: int) -> None:
        self._done += passages
        self._bar.update(self._task, completed=self._done)
        self._print_plain(f"{self._done} of {self._total} vectors in Chroma")

    def _print_plain(self, line: str) -> None:
        if self._bar.disable and time.monotonic() - self._printed > self._plain_interval:
            self._printed = time.monotonic()
            say(line)


class OpeningProgress(SyncProgress):
    """Shows how Chroma is rebuilt while an index opens, where that takes longer than a second."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def publishing(self, passages: int) -> None:
        super().publishing(passages)
        if passages > _QUICK_PASSAGES:
            self._bar.start()

    def healed(self, sentence: str) -> None:
        self.__exit__()
        say(printable(sentence))


def print_report(report: SyncReport) -> None:
    """Print what an index run did: a table of counts, then the files that failed, have notes or were skipped."""
    table = Table("", "files", box=None, pad_edge=False)
    for name in ("added", "changed", "unchanged", "removed", "renamed", "failed", "skipped"):
        table.add_row(name, str(len(getattr(report, name))))
    _out.print(table)
    _out.print(f"{report.passages} passages in {report.seconds:.1f} s")
    if report.healed:
        _out.print(escape(printable(report.healed)))
    print_lines(printable(str(rule)) for rule in report.rules)
    print_lines(
        f"warning: the last document that the access rule {printable(glob)!r} matched was removed"
        for glob in report.emptied
    )
    for name in ("wider", "narrower"):
        paths = getattr(report, name)
        print_lines(f"access is {name} for {printable(path)}" for path in paths[:_CHANGES_SHOWN])
        if len(paths) > _CHANGES_SHOWN:
            print_lines([f"access is {name} for {len(paths) - _CHANGES_SHOWN} more"])
    for name, reasons in (("failed", report.failed), ("note", report.notes)):
        for path, reason in reasons.items():
            _out.print(f"[red]{name}[/red] {escape(printable(path))}: {escape(reason)}")
    for reason in sorted(set(report.skipped.values())):
        paths = [printable(path) for path, other in report.skipped.items() if other == reason]
        more = f" and {len(paths) - _SKIPPED_SHOWN} more" if len(paths) > _SKIPPED_SHOWN else ""
        _out.print(escape(f"skipped, {reason}: {', '.join(paths[:_SKIPPED_SHOWN])}{more}"))


def print_plan(plan: SyncPlan) -> None:
    """Print a line for each file that an index run would touch."""
    for name in ("added", "changed", "removed"):
        print_lines(f"{name:8} {printable(path)}" for path in getattr(plan, name))
    for name, reasons in (("closed", plan.closed), ("skipped", plan.skipped)):
        print_lines(f"{name:8} {printable(path)}: {reason}" for path, reason in reasons.items())
    print_lines(f"renamed  {printable(old)} -> {printable(new)}" for new, old in plan.renamed.items())
    print_lines([f"{len(plan.unchanged)} unchanged; nothing was done"])


def print_lines(lines: "Iterable[str]") -> None:
    """Print lines to standard output, whatever markup they hold."""
    for line in lines:
        _out.print(escape(line))


def print_labelled(style: str, label: str, text: str) -> None:
    """Print ``label: text``, with the label in a style of rich."""
    _out.print(f"[{style}]{label}:[/{style}] {escape(text)}")


def print_advice(text: str) -> None:
    """Print a paragraph of dim text to standard error."""
    _err.print(f"\n[dim]{escape(text)}[/dim]")


@contextmanager
def spinner(text: str) -> "Iterator[Status]":
    """Show a spinner on standard error, if that is a terminal."""
    status = _err.status(text)
    if _err.is_terminal:
        status.start()
    try:
        yield status
    finally:
        status.stop()


def print_facts(facts: "Mapping[str, object]") -> None:
    """Print names and values as a table."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name, escape(str(value)))
    _out.print(table)


def print_findings(findings: "Iterable[Finding]") -> None:
    """Print a line for each check, with its outcome first."""
    for finding in findings:
        _out.print(f"{_MARKS[finding.ok]} {finding.check}: {escape(finding.detail)}")
