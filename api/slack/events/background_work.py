"""Work after an event is acknowledged. Channels take turns, and a thread has one answer at a time."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from api.limits.fair_queue import FairQueue
from api.slack.workspace.slack_access import FAILURES, failure_reason
from api.slack.workspace.slack_request import SlackPlace

log = logging.getLogger(__name__)
Work = Coroutine[Any, Any, None]


class BackgroundWork:
    """The tasks of a running bot. Of those that are queued, ``at_once`` run at a time. Failures are logged."""

    def __init__(self, at_once: int) -> None:
        self._queue = FairQueue(at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Work) -> None:
        """Run it now."""

        def finish(task: "asyncio.Task[None]") -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if isinstance(error, FAILURES):
                log.warning("Slack refused: %s", failure_reason(error))
            elif error is not None:
                log.error("A task of the Slack bot failed", exc_info=error)

        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(finish)

    def enqueue(self, place: SlackPlace, work: Callable[[], Work]) -> None:
        """Run it when the channel's turn comes and no other work of the thread is running."""

        async def run_in_turn() -> None:
            async with self._queue.turn((place.team, place.channel), lane=place if place.thread else None):
                await work()

        self.start(run_in_turn())

    async def idle(self) -> None:
        """Wait until nothing is running or queued."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Cancel what is running, and drop what is queued."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
