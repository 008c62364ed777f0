"""The server's own index runs: one at a time, in a thread, with progress for any number of followers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from api.library.index_runs import Run, RunOutcome, RunProgress, Stopped, follow_run, public_error
from indexes.errors import FootnoteError, IndexLockedError
from indexes.ingest.sync import SyncListener, SyncReport
from indexes.types import Audience

_LOCK_ATTEMPTS, _LOCK_PAUSE = 300, 2.0
"""Attempts to lock the index, and seconds between two: another process may write it for long."""
_MAX_FOLLOWERS = 200
_STOP_TIMEOUT = 20.0
"""Seconds to wait for a run that was told to stop: it stops at its next document."""


class IndexBusyError(FootnoteError):
    """Another process is writing the index."""

    kind = "index-busy"


class FollowersError(FootnoteError):
    """Too many clients follow the index runs."""

    kind = "too-many-followers"


class Refresher(Protocol):
    """Brings the index up to date."""

    def check(self) -> None:
        """Raise ``IndexLockedError`` or ``RootsUnknownError`` if no run can begin now."""

    def waiting(self) -> bool:
        """Return whether uploads differ from the index."""
        ...

    def run(self, listener: SyncListener, *, whole: bool) -> SyncReport:
        """Index all folders if ``whole``, else the uploads alone."""
        ...

    def path_filter(self, audience: Audience) -> Callable[[str], bool]:
        """Return a function that tells whether the audience may see a file's path."""
        ...


class Indexing:
    """Starts index runs and reports their progress. Safe to use from many threads; followers are asynchronous."""

    def __init__(self, refresher: Refresher, pause: float = _LOCK_PAUSE) -> None:
        self._refresher = refresher
        self._pause = pause
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: Run | None = None
        self._waiting: Run | None = None
        self._last: Run | None = None
        self._stopping = threading.Event()
        self._followers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def syncing(self) -> bool:
        """Return whether a run goes on or waits."""
        return self._running is not None or self._waiting is not None

    def last(self, audience: Audience) -> RunOutcome | None:
        """Return how this server's last run ended, or None before the first."""
        return self._last.outcome(self._refresher.path_filter(audience)) if self._last else None

    def sync(self) -> None:
        """Start a run over all folders, now or after the current run.

        Raises ``RootsUnknownError``, or ``IndexBusyError`` if another process writes the index.
        """
        if not self.syncing:
            try:
                self._refresher.check()
            except IndexLockedError as error:
                raise IndexBusyError("Another process is writing the index. Try again when it is done.") from error
        self._begin(whole=True)

    def take_uploads(self) -> None:
        """Start a run over the uploads, as soon as the index is free."""
        self._begin(whole=False)

    def take_up(self) -> None:
        """Start a run over the uploads that the previous server process left unindexed."""
        if self._refresher.waiting():
            self.take_uploads()

    def stop(self) -> None:
        """Stop the current run, and wait until it has stopped. No run begins afterwards."""
        with self._lock:
            self._waiting, thread = None, self._thread
            self._stopping.set()
        if thread:
            thread.join(_STOP_TIMEOUT)

    async def follow(self, audience: Audience) -> AsyncIterator[RunProgress | RunOutcome]:
        """Yield the progress and the outcome of the current and the waiting run, or the outcome of the last one.

        Raises ``FollowersError``.
        """
        visible, news = self._refresher.path_filter(audience), asyncio.Event()
        follower = asyncio.get_running_loop(), news
        with self._lock:
            if len(self._followers) >= _MAX_FOLLOWERS:
                raise FollowersError(f"{_MAX_FOLLOWERS} clients follow the index already. Poll /v1/index instead.")
            self._followers.add(follower)
        try:
            run = self._next_run(None) or self._last
            while run:
                async for progress in follow_run(run, visible, news):
                    yield progress
                yield run.outcome(visible)
                run = self._next_run(run)
        finally:
            with self._lock:
                self._followers.discard(follower)

    def _next_run(self, run: Run | None) -> Run | None:
        """Return the current or the waiting run, other than this one."""
        with self._lock:
            return next((other for other in (self._running, self._waiting) if other and other is not run), None)

    def _begin(self, *, whole: bool) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            if self._waiting:
                self._waiting.whole |= whole
            else:
                self._waiting = Run(whole, self._on_step)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="indexing", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        """Carry out the waiting runs one by one, in a thread that ends when none waits."""
        while True:
            with self._lock:
                run, self._waiting = self._waiting, None
                self._running = run
                if run is None:
                    self._thread = None
            self._wake()
            if run is None:
                return
            try:
                run.report = self._carry_out(run)
            except Exception as error:  # noqa: BLE001 - whatever ends a run, the next one begins
                run.error = public_error(error)
            run.ended = datetime.now(UTC)
            self._last = run

    def _carry_out(self, run: Run) -> SyncReport:
        for _ in range(_LOCK_ATTEMPTS):
            with suppress(IndexLockedError):
                return self._refresher.run(run, whole=run.whole)
            if self._stopping.wait(self._pause):
                raise Stopped
        raise IndexBusyError("Another process has been writing the index for a long time. Try again when it is done.")

    def _on_step(self) -> None:
        """Wake the followers after each step of a run, or raise ``Stopped``."""
        if self._stopping.is_set():
            raise Stopped
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            followers = [*self._followers]
        for loop, news in followers:
            with suppress(RuntimeError):  # the follower's loop is closed
                loop.call_soon_threadsafe(news.set)
