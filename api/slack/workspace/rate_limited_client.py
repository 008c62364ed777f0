"""A client of Slack's API that asks no more often than Slack says: what was refused waits for its time.

slack_sdk's handler of 429 lets each call wait for itself; here what one call was told holds for all of its method.
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
_TIMEOUT = 15
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Manners:
    """When a method may be called again, for all who call it with one token. Of each method, one call at a time."""

    until: dict[str, float] = field(default_factory=dict)
    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


class PoliteClient(AsyncWebClient):
    """Waits as long as it takes, if it is ``patient``; else it is refused at once."""

    def __init__(
        self, token: str | None, api_url: str, manners: Manners | None = None, *, patient: bool = True
    ) -> None:
        super().__init__(
            token=token, base_url=api_url, timeout=_TIMEOUT, retry_handlers=[AsyncConnectionErrorRetryHandler()]
        )
        self.manners = manners or Manners()
        self._patient = patient

    async def api_call(self, api_method: str, **call: Any) -> AsyncSlackResponse:
        """Raises as slack_sdk's does; ``ratelimited`` where it was refused."""
        key = _key(api_method, call)
        for left in reversed(range(_TRIES if self._patient else 1)):
            async with self.manners.turns[key]:
                await self._wait(key)
                try:
                    return await super().api_call(api_method, **call)
                except SlackApiError as error:
                    if error.response.status_code != 429:
                        raise
                    self.manners.until[key] = time.monotonic() + _seconds(error)
                    if not left:
                        raise
        raise AssertionError("the last try returns or raises")

    async def _wait(self, key: str) -> None:
        seconds = self.manners.until.get(key, 0.0) - time.monotonic()
        if seconds > 0 and not self._patient:
            raise TooSoonError(key)
        await asyncio.sleep(max(0.0, seconds))


class TooSoonError(TimeoutError):
    """Slack asked to wait, and it was not worth it."""


def _key(api_method: str, call: dict[str, Any]) -> str:
    """What Slack counts by: posts by their channel, the others by method."""
    arguments = call.get("json") or call.get("params") or {}
    return f"{api_method} {arguments.get('channel')}" if api_method == "chat.postMessage" else api_method


def _seconds(error: SlackApiError) -> float:
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    told = headers.get("retry-after", "1")
    return float(told) if told.isdigit() else 1.0
