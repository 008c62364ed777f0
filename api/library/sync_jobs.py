"""Index runs of the server's own: one at a time, in a thread, followed by any who ask how far they are."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Protocol

from api.library.index_runs import Outcome, Progress, Run, Stopped, in_words, progress_of
from indexes.errors import FootnoteError, IndexLockedError
from indexes.ingest.sync import SyncListener, SyncReport
from indexes.types import Audience

_TRIES, _PAUSE = 300, 2.0
"""For the index to be free, and seconds between two: another process may write it for long."""
_MAX_FOLLOWERS = 200
_GRACE = 20.0
"""Seconds in which a run that is to stop does: it does so with the next document."""


class IndexBusyError(FootnoteError):
    """Another process is writing the index."""

    kind = "index-busy"


class FollowersError(FootnoteError):
    """So many follow the index runs that one more would be too many."""

    kind = "too-many-followers"


class Refresher(Protocol):
    """What brings the index up to date."""

    def check(self) -> None: ...
    def waiting(self) -> bool: ...
    def run(self, listener: SyncListener, *, whole: bool) -> SyncReport: ...
    def sees(self, audience: Audience) -> Callable[[str], bool]: ...


class Indexing:
    """Safe to use from many threads; followers are asynchronous."""

    def __init__(self, refresher: Refresher, pause: float = _PAUSE) -> None:
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
                async for progress in progress_of(run, sees, news):
                    yield progress
                yield run.outcome(sees)
                run = self._after(run)

    def _after(self, run: Run | None) -> Run | None:
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
                self._waiting = Run(whole, self._tell)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="indexing", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while run := self._next():
            try:
                run.report = self._carry_out(run)
            except Exception as error:  # noqa: BLE001 - whatever ends a run, the next one is begun
                run.error = in_words(error)
            run.ended = datetime.now(UTC)
            self._last = run

    def _next(self) -> Run | None:
        with self._lock:
            self._running, self._waiting = self._waiting, None
            if self._running is None:
                self._thread = None
        self._wake()
        return self._running

    def _carry_out(self, run: Run) -> SyncReport:
        for _ in range(_TRIES):
            with suppress(IndexLockedError):
                return self._refresher.run(run, whole=run.whole)
            if self._stopping.wait(self._pause):
                raise Stopped
        raise IndexBusyError("Another process has been writing the index for long: ask again when it is done.")

    def _tell(self) -> None:
        """Called with each step of a run."""
        if self._stopping.is_set():
            raise Stopped
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
