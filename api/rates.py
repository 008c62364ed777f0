"""How often anybody may ask, in a window that moves along: who is over it is told when to come again."""

import time
from collections.abc import AsyncGenerator

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.asking import Ask, Asking
from api.refusals import TooManyRequestsError
from rag.types import Event

_OTHERS = 10
"""Requests that ask nothing, for each that may: a page with its sources is made of several."""


class Rates:
    """Counts by who asks, in this process's memory: a restart forgets."""

    def __init__(self, questions_a_minute: int) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._questions = RateLimitItemPerMinute(questions_a_minute, namespace="questions")
        self._requests = RateLimitItemPerMinute(questions_a_minute * _OTHERS, namespace="requests")

    def count_request(self, who: str) -> None:
        """Raises ``TooManyRequestsError``."""
        self._count(self._requests, who)

    def count_question(self, who: str) -> None:
        """A question or a search. Raises ``TooManyRequestsError``."""
        self._count(self._questions, who)

    def _count(self, limit: RateLimitItem, who: str) -> None:
        if not self._window.hit(limit, who):
            wait = max(1.0, self._window.get_window_stats(limit, who).reset_time - time.time())
            kind = limit.namespace
            raise TooManyRequestsError(f"That is more than {limit.amount} {kind} in a minute.", wait)


class RatedAsking(Asking):
    """Refuses who asks too often, before a stream begins."""

    def __init__(self, asking: Asking, rates: Rates) -> None:
        self._asking = asking
        self._rates = rates

    def stream(self, ask: Ask, /) -> AsyncGenerator[Event]:
        """Raises ``TooManyRequestsError`` at once, and not when the first event is waited for."""
        self._rates.count_question(ask.principal.id)
        return self._asking.stream(ask)
