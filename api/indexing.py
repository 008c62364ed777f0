"""Index runs of the server's own: one at a time, in a thread, followed by any who ask how far they are."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

from indexes.errors import DeletionGuardError, FolderError, FootnoteError, IndexLockedError
from indexes.planning import Plan
from indexes.sync import Listener, Report
from indexes.types import Audience

log = logging.getLogger(__name__)
Stage = Literal["waiting", "indexing", "publishing"]
_TRIES, _PAUSE = 300, 2.0
"""For the index to be free, and seconds between two: another process may write it for long."""
_MAX_FOLLOWERS = 200
_GRACE = 20.0
"""Seconds in which a run that is to stop does: it does so with the next document."""


class IndexBusyError(FootnoteError):
    """Another process is writing the index."""

    kind = "index-busy"


class SyncRefusedError(FootnoteError):
    """The index cannot be brought up to date, and is as it was; told without the folders' names."""

    kind = "sync-refused"


class FollowersError(FootnoteError):
    """So many follow the index runs that one more would be too many."""

    kind = "too-many-followers"


class Refresher(Protocol):
    """What brings the index up to date."""

    def check(self) -> None: ...
    def waiting(self) -> bool: ...
    def run(self, listener: Listener, *, whole: bool) -> Report: ...
    def sees(self, audience: Audience) -> Callable[[str], bool]: ...


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


class _Stopped(Exception):  # noqa: N818 - no failure
    """The server is going: what was indexed is kept, and the next run goes on."""


@dataclass(slots=True, eq=False)
class _Run(Listener):
    """An index run as it goes. Written by its thread alone."""

    whole: bool
    told: Callable[[], None]
    stage: Stage = "waiting"
    todo: Sequence[str] = ()
    finished: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    error: Exception | None = None
    ended: datetime | None = None

    def planned(self, plan: Plan) -> None:
        self.todo, self.stage = (*plan.added, *plan.changed), "indexing"
        self.told()

    def done(self, path: str, passages: int) -> None:  # noqa: ARG002 - the listener's
        self.finished.append(path)
        self.told()

    def embedded(self, passages: int, characters: int) -> None:  # noqa: ARG002 - likewise
        self.told()

    def publishing(self, passages: int) -> None:  # noqa: ARG002 - likewise
        self.stage = "publishing"
        self.told()

    def outcome(self, sees: Callable[[str], bool]) -> Outcome:
        report, ended = self.report, self.ended or datetime.now(UTC)
        added, changed, removed = (sum(map(sees, paths)) for paths in (report.added, report.changed, report.removed))
        failed = tuple((path, reason) for path, reason in report.failed.items() if sees(path))
        return Outcome(ended, added, changed, removed, failed, self.error)


class Indexing:
    """Safe to use from many threads; followers are asynchronous."""

    def __init__(self, refresher: Refresher, pause: float = _PAUSE) -> None:
        self._refresher = refresher
        self._pause = pause
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: _Run | None = None
        self._waiting: _Run | None = None
        self._last: _Run | None = None
        self._stopping = threading.Event()
        self._followers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def syncing(self) -> bool:
        return self._running is not None or self._waiting is not None

    def last(self, audience: Audience) -> Outcome | None:
        """How the last run of this server ended; None where there was none yet."""
        return self._last.outcome(self._refresher.sees(audience)) if self._last else None

    def sync(self) -> None:
        """Has everything brought up to date, at once or after the run that goes on.

        Raises ``RootsUnknownError``, and ``IndexBusyError`` where another process writes the index.
        """
        if not self.syncing:
            try:
                self._refresher.check()
            except IndexLockedError as error:
                raise IndexBusyError("Another process is writing the index: ask again when it is done.") from error
        self._begin(whole=True)

    def take_uploads(self) -> None:
        """Has what was uploaded or removed taken in, as soon as the index is free."""
        self._begin(whole=False)

    def take_up(self) -> None:
        """Has done what the server before was killed before it did."""
        if self._refresher.waiting():
            self.take_uploads()

    def stop(self) -> None:
        """Returns when the run that goes on has stopped. Nothing is begun after it."""
        with self._lock:
            self._waiting, thread = None, self._thread
            self._stopping.set()
        if thread:
            thread.join(_GRACE)

    async def follow(self, audience: Audience) -> AsyncIterator[Progress | Outcome]:
        """What goes on and what is to follow, each with its outcome; else how the last run ended. Then it ends.

        Raises ``FollowersError``.
        """
        sees = self._refresher.sees(audience)
        with self._followed() as news:
            run = self._after(None) or self._last
            while run:
                async for progress in _progress(run, sees, news):
                    yield progress
                yield run.outcome(sees)
                run = self._after(run)

    def _after(self, run: _Run | None) -> _Run | None:
        """The run that goes on or is to begin, other than this one."""
        with self._lock:
            return next((other for other in (self._running, self._waiting) if other and other is not run), None)

    def _begin(self, *, whole: bool) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            if self._waiting:
                self._waiting.whole |= whole
            else:
                self._waiting = _Run(whole, self._tell)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="indexing", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while run := self._next():
            try:
                run.report = self._carry_out(run)
            except Exception as error:  # noqa: BLE001 - whatever ends a run, the next one is begun
                run.error = _in_words(error)
            run.ended = datetime.now(UTC)
            self._last = run

    def _next(self) -> _Run | None:
        with self._lock:
            self._running, self._waiting = self._waiting, None
            if self._running is None:
                self._thread = None
        self._wake()
        return self._running

    def _carry_out(self, run: _Run) -> Report:
        for _ in range(_TRIES):
            with suppress(IndexLockedError):
                return self._refresher.run(run, whole=run.whole)
            if self._stopping.wait(self._pause):
                raise _Stopped
        raise IndexBusyError("Another process has been writing the index for long: ask again when it is done.")

    def _tell(self) -> None:
        """Called with each step of a run."""
        if self._stopping.is_set():
            raise _Stopped
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            followers = [*self._followers]
        for loop, news in followers:
            with suppress(RuntimeError):  # its loop is closed
                loop.call_soon_threadsafe(news.set)

    @contextmanager
    def _followed(self) -> Iterator[asyncio.Event]:
        follower = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            if len(self._followers) >= _MAX_FOLLOWERS:
                raise FollowersError(f"{_MAX_FOLLOWERS} follow the index already: ask /v1/index now and then.")
            self._followers.add(follower)
        try:
            yield follower[1]
        finally:
            with self._lock:
                self._followers.discard(follower)


async def _progress(run: _Run, sees: Callable[[str], bool], news: asyncio.Event) -> AsyncIterator[Progress]:
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


def _in_words(error: Exception) -> Exception:
    """What may be told to anyone who follows: no folder's name, no number of hidden documents."""
    if isinstance(error, _Stopped):
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
