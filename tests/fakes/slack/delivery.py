"""Deliveries: what goes to the app, when it was acknowledged, and how often it comes again."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fakes.slack.model import Json
from fakes.slack.settings import Settings

What = Literal["events_api", "slash_commands", "interactive"]


@dataclass(frozen=True, slots=True)
class Retry:
    """That a delivery comes again: for the how manieth time, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ack:
    """How the app took it: ``reason`` is empty where it acknowledged; ``payload`` is what it acknowledged with."""

    reason: str = ""
    payload: Json | None = None
    again: bool = True
    """False where the app asked not to be told again (X-Slack-No-Retry)."""


class Transport(Protocol):
    """Takes one delivery to the app and waits for its acknowledgement."""

    async def send(self, what: What, payload: Json, retry: Retry | None) -> Ack: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: when, for how many seconds, what came of it (``""``: acknowledged)."""

    at: float
    seconds: float
    reason: str


@dataclass
class Delivery:
    """Something for the app; ``ack`` is how it was taken in the end."""

    what: What
    payload: Json
    attempts: list[Attempt] = field(default_factory=list)
    ack: Ack | None = None
    task: "asyncio.Task[None] | None" = None

    @property
    def acknowledged(self) -> bool:
        """Whether the app took it in the end."""
        return self.ack is not None and not self.ack.reason

    @property
    def kind(self) -> str:
        """The type of the event, or of the interaction, or the command."""
        event = self.payload.get("event") or {}
        return str(event.get("type") or self.payload.get("command") or self.payload.get("type"))


class Deliveries:
    """Sends each thing by the transport there is now, and again as Slack would."""

    def __init__(self, settings: Settings, transport: Callable[[], Transport]) -> None:
        self._settings = settings
        self._transport = transport
        self.all: list[Delivery] = []
        self._held: list[Delivery] | None = None

    @property
    def pending(self) -> list[Delivery]:
        """The deliveries that are under way."""
        return [d for d in self.all if d.task is not None and not d.task.done()]

    @property
    def latencies(self) -> list[float]:
        """Seconds to each acknowledgement."""
        return [a.seconds for d in self.all for a in d.attempts if not a.reason]

    def event(self, payload: Json) -> Delivery:
        """An event; it goes off at once, or once released."""
        delivery = Delivery("events_api", payload)
        self.all.append(delivery)
        if self._held is None:
            self._start(delivery)
        else:
            self._held.append(delivery)
        return delivery

    async def once(self, what: What, payload: Json) -> Delivery:
        """A command or an interaction: told once, and the person sees it where the app does not acknowledge."""
        delivery = Delivery(what, payload)
        self.all.append(delivery)
        await self._attempt(delivery, None)
        return delivery

    def hold(self) -> None:
        """Keep events back until ``release``."""
        self._held = self._held or []

    def release(self, order: Callable[[list[Delivery]], Iterable[Delivery]] = list) -> None:
        """Sends what was held, in the order of ``order`` (``reversed``, for one)."""
        held, self._held = self._held or [], None
        for delivery in order(held):
            self._start(delivery)

    async def close(self) -> None:
        """Cancel what is under way."""
        for delivery in self.pending:
            assert delivery.task is not None
            delivery.task.cancel()
        await asyncio.gather(*(d.task for d in self.all if d.task is not None), return_exceptions=True)

    def _start(self, delivery: Delivery) -> None:
        delivery.task = asyncio.create_task(self._deliver(delivery))

    async def _deliver(self, delivery: Delivery) -> None:
        copies = range(1, self._settings.copies)
        if self._settings.parallel:
            again = (self._attempt(delivery, Retry(n, "http_timeout")) for n in copies)
            await asyncio.gather(self._until_taken(delivery), *again)
            return
        await self._until_taken(delivery)
        for number in copies:
            await self._attempt(delivery, Retry(number, "http_timeout"))

    async def _until_taken(self, delivery: Delivery) -> None:
        retry: Retry | None = None
        for number, wait in enumerate((*self._settings.retry_seconds, None), 1):
            ack = await self._attempt(delivery, retry, lost=number <= self._settings.lose)
            if not ack.reason or not ack.again or wait is None:
                return
            await asyncio.sleep(wait)
            retry = Retry(number, ack.reason)

    async def _attempt(self, delivery: Delivery, retry: Retry | None, *, lost: bool = False) -> Ack:
        at = time.monotonic()
        if lost:
            ack = Ack("connection_failed")
        else:
            ack = await self._transport().send(delivery.what, delivery.payload, retry)
        delivery.attempts.append(Attempt(at, time.monotonic() - at, ack.reason))
        delivery.ack = ack
        return ack
