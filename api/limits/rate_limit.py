"""The rate limit of each caller, over a sliding minute."""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Literal

from api.core.retry_errors import TooManyRequestsError

_WINDOW_S = 60
_REQUESTS_PER_QUESTION = 10
"""A page with its sources takes several requests for one question."""


class RateLimiter:
    """Counts requests and questions by caller, in memory and from one thread.

    The package ``limits`` starts a thread for nearly every hit, and the event loop waits for it (decision 0014).
    """

    def __init__(self, questions_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = {"questions": questions_per_minute, "requests": questions_per_minute * _REQUESTS_PER_QUESTION}
        self._clock = clock
        self._times: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def count_request(self, caller: str) -> None:
        """Count any request. Raises ``TooManyRequestsError``."""
        self._count("requests", caller)

    def count_question(self, caller: str) -> None:
        """Count a question or a search. Raises ``TooManyRequestsError``."""
        self._count("questions", caller)

    def _count(self, counted: Literal["questions", "requests"], caller: str) -> None:
        times, now, limit = self._times[counted, caller], self._clock(), self._limits[counted]
        while times and times[0] <= now - _WINDOW_S:
            times.popleft()
        if len(times) >= limit:
            raise TooManyRequestsError(
                f"The limit is {limit} {counted} per minute (server.requests_per_minute).", times[0] + _WINDOW_S - now
            )
        times.append(now)
