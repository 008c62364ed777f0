"""So many answers at once; who comes when all are taken waits for a turn, and no longer than the deadline."""

import asyncio
from asyncio import Future, Queue
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from api.core.answerer import Ask, Asking
from api.core.retry_errors import DeadlineError, TooBusyError
from rag.types import Event

_AGAIN_S = 5
"""When to try again where the queue is full: by then some answers have ended."""
_AHEAD = 10_000
"""Events that an answer may be written ahead of who reads it: all of any answer but a very long one."""


class Turns:
    """Lets ``at_once`` in, and up to ``waiting`` more in turn: first come first served, one of each who asks."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = at_once
        self._room = waiting
        self._queues: OrderedDict[str, deque[Future[None]]] = OrderedDict()
        self.taken = 0

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    def check(self) -> None:
        """Raises ``TooBusyError`` where not even waiting is possible."""
        if not self._free and self.waiting >= self._room:
            raise TooBusyError(f"All are busy answering, and {self._room} questions wait already.", _AGAIN_S)

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Waits for it; gives it on at the end, also where who had it, or waited for it, left."""
        self.check()
        if self._free:
            self._free -= 1
        else:
            await self._called(who)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
            self._give_on()

    async def _called(self, who: str) -> None:
        call: Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(who, deque()).append(call)
        try:
            await call
        except asyncio.CancelledError:
            if call.cancelled():
                self._leave(who, call)
            else:  # called in the moment of leaving
                self._give_on()
            raise

    def _leave(self, who: str, call: "Future[None]") -> None:
        queue = self._queues.get(who, deque())
        if call in queue:
            queue.remove(call)
        if not queue:
            self._queues.pop(who, None)

    def _give_on(self) -> None:
        while self._queues:
            who, queue = self._queues.popitem(last=False)
            call = queue.popleft()
            if queue:
                self._queues[who] = queue  # last now: the others come first
            if not call.done():  # who is leaving has not gone yet
                call.set_result(None)
                return
        self._free += 1


class QueuedAsking(Asking):
    """Answers as turns and the deadline allow. A turn lasts as long as the answer is written, not until it is read."""

    def __init__(self, asking: Asking, turns: Turns, deadline_s: float) -> None:
        self._asking = asking
        self._turns = turns
        self._deadline_s = deadline_s

    def stream(self, ask: Ask, /) -> AsyncGenerator[Event]:
        """Raises ``TooBusyError`` at once, before a stream has begun; later ``DeadlineError``, and what asking does."""
        self._turns.check()
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
                self._turns.turn(ask.principal.id),
                aclosing(self._asking.stream(ask)) as events,
            ):
                async for event in events:
                    await told.put(event)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise DeadlineError(f"No answer was there within {self._deadline_s:g} s: ask again later.") from error
