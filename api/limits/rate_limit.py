"""How often anybody may ask, in a minute that moves along: who is over it is told when to come again."""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Literal

from api.core.retry_errors import TooManyRequestsError

_WINDOW_S = 60
_OTHERS = 10
"""Requests that ask nothing, for each that may: a page with its sources is made of several."""


class RateLimiter:
    """Counts by who asks, in this process's memory, from one thread: a restart forgets.

    Not by ``limits``: its memory starts a thread for nearly every hit, which the event loop waits for (decision 0014).
    """

    def __init__(self, questions_a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = {"questions": questions_a_minute, "requests": questions_a_minute * _OTHERS}
        self._clock = clock
        self._times: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def count_request(self, who: str) -> None:
        """Raises ``TooManyRequestsError``."""
        self._count("requests", who)

    def count_question(self, who: str) -> None:
        """A question or a search. Raises ``TooManyRequestsError``."""
        self._count("questions", who)

    def _count(self, what: Literal["questions", "requests"], who: str) -> None:
        times, now, most = self._times[what, who], self._clock(), self._most[what]
        while times and times[0] <= now - _WINDOW_S:
            times.popleft()
        if len(times) >= most:
            raise TooManyRequestsError(
                f"That is more than {most} {what} in a minute (server.requests_per_minute).", times[0] + _WINDOW_S - now
            )
        times.append(now)
