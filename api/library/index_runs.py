"""An index run in progress, and the part of it that each follower may see."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from indexes.errors import DeletionGuardError, FolderError, FootnoteError, UnmatchedRuleError, WiderAccessError
from indexes.ingest.changes import SyncPlan
from indexes.ingest.sync import SyncListener, SyncReport

log = logging.getLogger(__name__)
Stage = Literal["waiting", "indexing", "publishing"]


class SyncRefusedError(FootnoteError):
    """The index cannot be brought up to date, and is unchanged. The message names no folder."""

    kind = "sync-refused"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is, by the files that the follower may see."""

    stage: Stage
    done: int
    total: int
    path: str | None
    """The last file that was indexed."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended, by the files that the follower may see."""

    ended: datetime
    added: int = 0
    changed: int = 0
    removed: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    """Pairs of path and reason."""
    error: Exception | None = None


class Stopped(Exception):  # noqa: N818 - no failure
    """The server is stopping: what was indexed is kept, and the next run continues."""


@dataclass(slots=True, eq=False)
class Run(SyncListener):
    """An index run in progress. Only its own thread writes it."""

    whole: bool
    notify: Callable[[], None]
    stage: Stage = "waiting"
    todo: Sequence[str] = ()
    finished: list[str] = field(default_factory=list)
    report: SyncReport = field(default_factory=SyncReport)
    error: Exception | None = None
    ended: datetime | None = None

    def planned(self, plan: SyncPlan) -> None:
        self.todo, self.stage = (*plan.added, *plan.changed), "indexing"
        self.notify()

    def done(self, path: str, passages: int) -> None:  # noqa: ARG002 - the listener's
        self.finished.append(path)
        self.notify()

    def embedded(self, passages: int) -> None:  # noqa: ARG002 - likewise
        self.notify()

    def publishing(self, passages: int) -> None:  # noqa: ARG002 - likewise
        self.stage = "publishing"
        self.notify()

    def outcome(self, visible: Callable[[str], bool]) -> RunOutcome:
        """Return the outcome, counting only files whose paths are visible."""
        report, ended = self.report, self.ended or datetime.now(UTC)
        added, changed, removed = (sum(map(visible, paths)) for paths in (report.added, report.changed, report.removed))
        failed = tuple((path, reason) for path, reason in report.failed.items() if visible(path))
        return RunOutcome(ended, added, changed, removed, failed, self.error)


async def follow_run(run: Run, visible: Callable[[str], bool], news: asyncio.Event) -> AsyncIterator[RunProgress]:
    """Yield the progress until the run has ended. Steps that come in quick succession are merged."""
    done, path, counted, total, last = 0, None, 0, None, None
    while True:
        news.clear()  # before the run is read, so that no step is missed
        if run.ended is not None:
            return
        stage = run.stage
        if total is None and stage != "waiting":
            total = sum(map(visible, run.todo))
        for finished in run.finished[counted : (counted := len(run.finished))]:
            if visible(finished):
                done, path = done + 1, finished
        if (progress := RunProgress(stage, done, total or 0, path)) != last:
            last = progress
            yield progress
        await news.wait()


def public_error(error: Exception) -> Exception:
    """Return an error that names no folder and no number of hidden documents, and log the original."""
    if isinstance(error, Stopped):
        return SyncRefusedError("The server is stopping. What was indexed is kept, and the next run continues.")
    log.warning("An index run ended: %s", error, exc_info=None if isinstance(error, FootnoteError) else error)
    if isinstance(error, DeletionGuardError):
        return SyncRefusedError(
            "So many files are gone that it looks like a mistake. Nothing was changed. To remove them from the index, "
            "run `footnote index DOCS --allow-delete`."
        )
    if isinstance(error, UnmatchedRuleError):
        return SyncRefusedError(
            f"Access rule {error.number} of the settings matches no document, so it protects nothing. Nothing was "
            "changed. The server's log names its glob: correct it, and start the server again; or, if you mean it, run "
            "`footnote index DOCS --allow-unmatched-rules`."
        )
    if isinstance(error, WiderAccessError):
        return SyncRefusedError(
            "More people could read some documents than before. Nothing was changed. The server's log says which. If "
            "that is meant, run `footnote index DOCS --allow-wider-access`."
        )
    if isinstance(error, FolderError):
        return SyncRefusedError("A folder of the index is gone or empty. The server's log says which.")
    return error
