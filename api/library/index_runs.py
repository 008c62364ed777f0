"""An index run as it goes, and what of it is told to whom."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from indexes.errors import DeletionGuardError, FolderError, FootnoteError
from indexes.ingest.changes import SyncPlan
from indexes.ingest.sync import SyncListener, SyncReport

log = logging.getLogger(__name__)
Stage = Literal["waiting", "indexing", "publishing"]


class SyncRefusedError(FootnoteError):
    """The index cannot be brought up to date, and is as it was; told without the folders' names."""

    kind = "sync-refused"


@dataclass(frozen=True, slots=True)
class Progress:
    """Of the files that the follower may see."""

    stage: Stage
    done: int
    total: int
    path: str | None
    """The file that was done last."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, as far as one may see."""

    ended: datetime
    added: int = 0
    changed: int = 0
    removed: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    """Path and reason."""
    error: Exception | None = None


class Stopped(Exception):  # noqa: N818 - no failure
    """The server is going: what was indexed is kept, and the next run goes on."""


@dataclass(slots=True, eq=False)
class Run(SyncListener):
    """An index run as it goes. Written by its thread alone."""

    whole: bool
    told: Callable[[], None]
    stage: Stage = "waiting"
    todo: Sequence[str] = ()
    finished: list[str] = field(default_factory=list)
    report: SyncReport = field(default_factory=SyncReport)
    error: Exception | None = None
    ended: datetime | None = None

    def planned(self, plan: SyncPlan) -> None:
        self.todo, self.stage = (*plan.added, *plan.changed), "indexing"
        self.told()

    def done(self, path: str, passages: int) -> None:  # noqa: ARG002 - the listener's
        self.finished.append(path)
        self.told()

    def embedded(self, passages: int) -> None:  # noqa: ARG002 - likewise
        self.told()

    def publishing(self, passages: int) -> None:  # noqa: ARG002 - likewise
        self.stage = "publishing"
        self.told()

    def outcome(self, sees: Callable[[str], bool]) -> Outcome:
        report, ended = self.report, self.ended or datetime.now(UTC)
        added, changed, removed = (sum(map(sees, paths)) for paths in (report.added, report.changed, report.removed))
        failed = tuple((path, reason) for path, reason in report.failed.items() if sees(path))
        return Outcome(ended, added, changed, removed, failed, self.error)


async def progress_of(run: Run, sees: Callable[[str], bool], news: asyncio.Event) -> AsyncIterator[Progress]:
    """Until the run has ended. Steps that come faster than they are told are told as one."""
    done, path, known, total, before = 0, None, 0, None, None
    while True:
        news.clear()  # before it is looked, so that no news comes between
        if run.ended is not None:
            return
        stage = run.stage
        if total is None and stage != "waiting":
            total = sum(map(sees, run.todo))
        for one in run.finished[known : (known := len(run.finished))]:
            if sees(one):
                done, path = done + 1, one
        if (now := Progress(stage, done, total or 0, path)) != before:
            before = now
            yield now
        await news.wait()


def in_words(error: Exception) -> Exception:
    """What may be told to anyone who follows: no folder's name, no number of hidden documents."""
    if isinstance(error, Stopped):
        return SyncRefusedError("The server is stopping: what was indexed is kept, and the next run goes on.")
    log.warning("An index run ended: %s", error, exc_info=None if isinstance(error, FootnoteError) else error)
    if isinstance(error, DeletionGuardError):
        return SyncRefusedError(
            "So many files are gone that it looks like a mistake, and nothing was changed. If it is meant, run "
            "`footnote index DOCS --allow-delete`."
        )
    if isinstance(error, FolderError):
        return SyncRefusedError("A folder of the index is gone, or holds nothing: the server's log says which.")
    return error
