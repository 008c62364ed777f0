"""The queue of answers, over HTTP and in Slack: so many at once, and those who wait take turns."""

import asyncio
import math
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.core.retry_errors import TooBusyError

_RETRY_S = 5
"""When to try again if the queue is full: some answers have ended by then."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    lane: Hashable | None
    admitted: "asyncio.Future[None]"


class FairQueue:
    """Admit ``at_once`` holders at a time, and let up to ``max_waiting`` others wait.

    Keys take turns, so a busy one holds up no other. Within a key, first come is first served. Of one lane, only one
    holder is admitted at a time. Use it from one event loop.
    """

    def __init__(self, at_once: int, max_waiting: float = math.inf) -> None:
        self._at_once, self._max_waiting = at_once, max_waiting
        self._tickets: dict[Hashable, list[_Ticket]] = {}
        """The waiting tickets by key, in the order in which the keys are served."""
        self._busy_lanes: set[Hashable] = set()
        self.running = 0

    @property
    def waiting(self) -> int:
        """The number of tickets that are not admitted yet."""
        return sum(map(len, self._tickets.values()))

    def check_capacity(self) -> None:
        """Raise ``TooBusyError`` if a newcomer can neither run nor wait."""
        if self.running >= self._at_once and self.waiting >= self._max_waiting:
            raise TooBusyError(
                f"{self._at_once} answers are being written, and {self._max_waiting} questions wait already.", _RETRY_S
            )

    @asynccontextmanager
    async def turn(self, key: Hashable, lane: Hashable | None = None) -> AsyncIterator[None]:
        """Wait for a turn and hold it; a holder who leaves early passes it on. Raise ``TooBusyError``."""
        self.check_capacity()
        ticket = _Ticket(lane, asyncio.get_running_loop().create_future())
        self._tickets.setdefault(key, []).append(ticket)
        self._admit()
        try:
            await ticket.admitted
            yield
        finally:
            tickets = self._tickets.get(key, [])
            if ticket in tickets:  # left while waiting
                tickets.remove(ticket)
                if not tickets:
                    del self._tickets[key]
            else:
                self.running -= 1
                self._busy_lanes.discard(lane)
                self._admit()

    def _admit(self) -> None:
        while self.running < self._at_once:
            ready = (
                (key, ticket)
                for key, tickets in self._tickets.items()
                for ticket in tickets
                if ticket.lane not in self._busy_lanes and not ticket.admitted.cancelled()
            )
            if (first := next(ready, None)) is None:
                return
            key, ticket = first
            tickets = self._tickets.pop(key)
            tickets.remove(ticket)
            if tickets:
                self._tickets[key] = tickets  # the key goes to the back
            if ticket.lane is not None:
                self._busy_lanes.add(ticket.lane)
            self.running += 1
            ticket.admitted.set_result(None)
