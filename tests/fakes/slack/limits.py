"""Slack's rate limits: so many calls of a method a minute by tier, and storms of 429 where a test wants them.

https://docs.slack.dev/apis/web-api/rate-limits: tiers 1 to 4 take 1, 20, 50 and 100 calls a minute for each method and
workspace; chat.postMessage about one a second for each channel, with short bursts.
"""

import math
import time
from collections import deque
from dataclasses import dataclass, field

TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
BURST = 5
"""How many posts a channel takes at once before it takes one a second."""


@dataclass
class Storm:
    """The next ``count`` calls of ``methods`` (none: of every method) answer 429."""

    count: int
    retry_after: int
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A 429 that was answered; ``at`` and ``until`` are ``time.monotonic()``."""

    key: str
    at: float
    until: float


@dataclass
class Limits:
    """``enforced`` may be switched off; ``scale`` makes every tier take that many times its calls."""

    enforced: bool = True
    scale: float = 1.0
    window: float = 60.0
    storms: list[Storm] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    impatient: list[Refusal] = field(default_factory=list)
    """Refusals after which the same was called before its Retry-After was over: what must stay empty."""
    _calls: dict[str, deque[float]] = field(default_factory=dict)
    _until: dict[str, Refusal] = field(default_factory=dict)

    def storm(self, count: int, *methods: str, retry_after: int = 1) -> None:
        """Refuse the next ``count`` calls of the methods, or of any."""
        self.storms.append(Storm(count, retry_after, frozenset(methods)))

    def refused(self, method: str, tier: int | str, where: str) -> int | None:
        """How many seconds to wait, where the call is one too many; ``where`` is the workspace, or channel."""
        key = f"{method} {where}"
        now = time.monotonic()
        last = self._until.get(key)
        if last and now < last.until:
            self.impatient.append(last)
        storms = (s for s in self.storms if s.count > 0 and (not s.methods or method in s.methods))
        if storm := next(storms, None):
            storm.count -= 1
            wait: int | None = storm.retry_after
        else:
            wait = self._too_many(key, tier, now) if self.enforced else None
        if wait is not None:
            refusal = Refusal(key, now, now + wait)
            self.refusals.append(refusal)
            self._until[key] = refusal
        return wait

    def _too_many(self, key: str, tier: int | str, now: float) -> int | None:
        if tier == "special":
            return None
        most, window = (BURST, float(BURST)) if tier == "post" else (TIERS[int(tier)], self.window)
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - window:
            calls.popleft()
        if len(calls) < most * self.scale:
            calls.append(now)
            return None
        return max(1, math.ceil(calls[0] + window - now))
