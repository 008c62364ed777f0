"""So many answers at once; who comes when all are taken waits for a turn, and no longer than the deadline."""

import asyncio
from asyncio import Queue
from collections.abc import AsyncGenerator
from contextlib import aclosing

from api.core.answerer import Ask, Asking
from api.core.retry_errors import DeadlineError
from api.limits.fair_queue import FairQueue
from rag.types import Event

_AHEAD = 10_000
"""Events that an answer may be written ahead of who reads it: all of any answer but a very long one."""


class QueuedAsking(Asking):
    """Answers as turns and the deadline allow. A turn lasts as long as the answer is written, not until it is read."""

    def __init__(self, asking: Asking, queue: FairQueue, deadline_s: float) -> None:
        self._asking = asking
        self._queue = queue
        self._deadline_s = deadline_s

    def stream(self, ask: Ask, /) -> AsyncGenerator[Event]:
        """Raises ``TooBusyError`` at once, before a stream has begun; later ``DeadlineError``, and what asking does."""
        self._queue.check_capacity()
        return self._answered(ask)

    async def _answered(self, ask: Ask) -> AsyncGenerator[Event]:
        told: Queue[Event | Exception | None] = Queue(_AHEAD)
        answering = asyncio.create_task(self._answer(ask, told))
        try:
            while (event := await told.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _answer(self, ask: Ask, told: "Queue[Event | Exception | None]") -> None:
        """Tells the events, and what failed, and at last None: by a task of its own, which no slow reader holds up."""
        failure: Exception | None = None
        try:
            await self._in_time(ask, told)
        except Exception as error:  # noqa: BLE001 - raised again where it is read
            failure = error
        await told.put(failure)

    async def _in_time(self, ask: Ask, told: "Queue[Event | Exception | None]") -> None:
        try:
            async with (
                asyncio.timeout(self._deadline_s) as deadline,
                self._queue.turn(ask.principal.id),
                aclosing(self._asking.stream(ask)) as events,
            ):
                async for event in events:
                    await told.put(event)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise DeadlineError(f"No answer was there within {self._deadline_s:g} s: ask again later.") from error
