"""A client of Slack's API that keeps to Slack's rate limits.

slack_sdk's handler of 429 lets each call wait for itself; here a refusal holds for every call of the method.
"""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

_TRIES = 6
_TIMEOUT_S = 15


class TooSoonError(TimeoutError):
    """Slack asked to wait, and the call was not worth waiting for."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """When each method may be called again with one token. One call of a method runs at a time."""

    until: dict[str, float] = field(default_factory=dict)
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


class RateLimitedClient(AsyncWebClient):
    """A ``patient`` client waits as long as Slack asks it to; another one gives up at once."""

    def __init__(
        self, token: str | None, api_url: str, limits: RateLimits | None = None, *, patient: bool = True
    ) -> None:
        super().__init__(
            token=token, base_url=api_url, timeout=_TIMEOUT_S, retry_handlers=[AsyncConnectionErrorRetryHandler()]
        )
        self.limits = limits or RateLimits()
        self._patient = patient

    async def api_call(self, api_method: str, **call: Any) -> AsyncSlackResponse:
        """Call the method. Raise as slack_sdk does, and ``TooSoonError`` if an impatient client would have to wait."""
        key = api_method
        if api_method == "chat.postMessage":  # Slack counts these by channel, the others by method
            key = f"{api_method} {(call.get('json') or call.get('params') or {}).get('channel')}"
        for tries_left in reversed(range(_TRIES if self._patient else 1)):
            async with self.limits.locks[key]:
                seconds = self.limits.until.get(key, 0.0) - time.monotonic()
                if seconds > 0 and not self._patient:
                    raise TooSoonError(key)
                await asyncio.sleep(max(0.0, seconds))
                try:
                    return await super().api_call(api_method, **call)
                except SlackApiError as error:
                    if error.response.status_code != 429:
                        raise
                    headers = {name.lower(): value for name, value in error.response.headers.items()}
                    retry_after = headers.get("retry-after", "")
                    self.limits.until[key] = time.monotonic() + (float(retry_after) if retry_after.isdigit() else 1.0)
                    if not tries_left:
                        raise
        raise AssertionError("the last try returns or raises")
