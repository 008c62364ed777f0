"""Whose turn it is: channels in turn, and in a thread one answer after the other."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from api.slack.workspace.places import Place

log = logging.getLogger(__name__)
Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Job:
    thread: tuple[str, str, str | None]
    work: Work


class FairQueue:
    """Does work in the background, ``at_once`` at a time. A busy channel keeps no other one waiting."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._waiting: dict[tuple[str, str], deque[_Job]] = {}
        """By channel, the one whose turn it is first."""
        self._busy: set[tuple[str, str, str | None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, place: Place, work: Work) -> None:
        """Returns at once. What the work raises is logged."""
        job = _Job((place.team, place.channel, place.thread), work)
        self._waiting.setdefault((place.team, place.channel), deque()).append(job)
        self._start()

    async def idle(self) -> None:
        """When nothing waits and nothing is being done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """What waits is dropped, what is being done is cancelled."""
        self._waiting.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self) -> None:
        while len(self._tasks) < self._at_once and (job := self._next()):
            if job.thread[2] is not None:
                self._busy.add(job.thread)
            task = asyncio.create_task(self._do(job))
            self._tasks.add(task)

    def _next(self) -> _Job | None:
        """The first of the first channel whose thread is free; that channel comes last then."""
        for channel, jobs in self._waiting.items():
            behind = set(self._busy)
            for job in jobs:
                if job.thread not in behind:
                    jobs.remove(job)
                    del self._waiting[channel]
                    if jobs:
                        self._waiting[channel] = jobs
                    return job
                behind.add(job.thread)
        return None

    async def _do(self, job: _Job) -> None:
        try:
            await job.work()
        except Exception:
            log.exception("An answer in Slack failed")
        finally:
            self._busy.discard(job.thread)
            task = asyncio.current_task()
            if task is not None:
                self._tasks.discard(task)
            self._start()
