"""The path of every inquiry: limits, queue, conversation, journal, answerer."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, ExitStack, aclosing
from dataclasses import dataclass, field
from typing import Protocol

from api.core.inquiry import Inquiry, Recording, Saver
from api.core.retry_errors import DeadlineError
from api.limits.fair_queue import FairQueue
from api.limits.rate_limit import RateLimiter
from rag.protocols import Answerer
from rag.types import Answer, Completed, Event

_MAX_UNREAD = 10_000
"""Events that may wait for a slow reader: more than nearly every answer has."""


class Observer(Protocol):
    """Measures inquiries: metrics, traces. It must be quick and must not fail."""

    def observe(self, inquiry: Inquiry, /) -> AbstractContextManager[Callable[[Answer], None]]:
        """Wrap the whole inquiry, waiting included; call what it yields with the answer."""


class Recorder(Protocol):
    """Keeps inquiries on disk: conversations, the journal."""

    def record(self, inquiry: Inquiry, /) -> AbstractAsyncContextManager[Recording]:
        """Wrap the writing of the answer. Raises errors of its own."""


@dataclass(frozen=True, kw_only=True)
class QuestionService:
    """Answers inquiries within the limits, and records them."""

    answerer: Answerer
    rates: RateLimiter | None = None
    queue: FairQueue = field(default_factory=lambda: FairQueue(at_once=100))
    deadline_s: float | None = None
    """Seconds from the request to the whole answer, waiting included."""
    observers: tuple[Observer, ...] = ()
    conversations: Recorder | None = None
    """Outermost; only for an inquiry of a stored conversation."""
    recorders: tuple[Recorder, ...] = ()
    """Outermost first: each receives the inquiry of the one before, and saves after those behind it."""

    async def answer(self, inquiry: Inquiry) -> Answer:
        """Return the ``Completed`` answer of ``stream``."""
        async with aclosing(self.stream(inquiry)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    return event.answer
        raise AssertionError("stream() always completes")

    def stream(self, inquiry: Inquiry) -> AsyncGenerator[Event]:
        """Yield ``Retrieved``, ``Delta``…, and exactly one ``Completed``.

        Raises ``TooManyRequestsError`` and ``TooBusyError`` at once, before the stream begins. The first event may
        raise ``DeadlineError`` and the errors of recorders and of the answerer. Closing the stream stops the answerer.
        """
        if self.rates:
            self.rates.count_question(inquiry.principal.id)
        self.queue.check_capacity()
        return self._events(inquiry)

    async def _events(self, inquiry: Inquiry) -> AsyncGenerator[Event]:
        """Yield the events that ``_write`` produces in a task of its own, so that a slow reader holds up nobody."""
        written: asyncio.Queue[Event | Exception | None] = asyncio.Queue(_MAX_UNREAD)
        with ExitStack() as stack:
            observers = [stack.enter_context(observer.observe(inquiry)) for observer in self.observers]
            writing = asyncio.create_task(self._write(inquiry, written))
            try:
                while (event := await written.get()) is not None:
                    if isinstance(event, Exception):
                        raise event
                    if isinstance(event, Completed):
                        for observe_answer in observers:
                            observe_answer(event.answer)
                    yield event
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)

    async def _write(self, inquiry: Inquiry, written: "asyncio.Queue[Event | Exception | None]") -> None:
        """Put the events into ``written``, and last the failure, or None. An answer is saved before it is shown."""
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self.deadline_s) as deadline, AsyncExitStack() as stack:
                await stack.enter_async_context(self.queue.turn(inquiry.principal.id))
                savers: list[Saver | None] = []
                turns = (self.conversations,) if self.conversations and inquiry.conversation is not None else ()
                for recorder in (*turns, *self.recorders):
                    recording = await stack.enter_async_context(recorder.record(inquiry))
                    inquiry, savers = recording.inquiry, [recording.save, *savers]
                events = await stack.enter_async_context(aclosing(self.answerer.stream(inquiry.question)))
                async for event in events:
                    if isinstance(event, Completed):
                        for save in filter(None, savers):
                            await save(event.answer)
                    await written.put(event)
        except TimeoutError as error:
            failure = error
            if deadline.expired():
                failure = DeadlineError(f"The answer was not complete within {self.deadline_s:g} s. Try again later.")
                failure.__cause__ = error
        except Exception as error:  # noqa: BLE001 - the reader raises it
            failure = error
        await written.put(failure)
