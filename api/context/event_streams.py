"""Server-sent events, and work that stops when its client leaves.

FastAPI's own event stream leaves its generator to the garbage collector when a client that reads slowly leaves
(seen with 0.165: the model writes on meanwhile). This one closes its generator in the task that ran it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
PING = b": ping\n\n"
PING_SECONDS = 15.0


class ServerSentEvent(Protocol):
    """One event of a stream."""

    def encode(self) -> bytes:
        """Return the event as it is sent, with the empty line that ends it."""


class EventStream(Response):
    """Server-sent events, and a comment every ``ping_seconds`` so that proxies keep the connection.

    The events are closed at the end, at a cancellation, and when the client leaves.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[ServerSentEvent], ping_seconds: float = PING_SECONDS) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})  # nginx would wait for a full buffer
        del self.headers["content-length"]
        self._events = events
        self._ping_seconds = ping_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        with suppress(ClientDisconnect):
            await while_connected(receive, self._send_events(send))

    async def _send_events(self, send: Send) -> None:
        async def send_piece(piece: bytes) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # a server's send may never wait, and then no cancellation would arrive

        async def ping() -> None:
            while True:
                await asyncio.sleep(self._ping_seconds)
                await send_piece(PING)

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        pings = asyncio.create_task(ping())
        try:
            async with closing(self._events) as events:
                async for event in events:
                    await send_piece(event.encode())
        finally:
            await cancel(pings)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def closing(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close the stream at the end, if it can be closed, and do not wait for the garbage collector."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return the work's result. If the client leaves first, cancel the work and raise ``ClientDisconnect``.

    Call it after the request's body was read.
    """

    async def wait_for_disconnect() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.create_task(work), asyncio.create_task(wait_for_disconnect())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        await cancel(working, leaving)


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks and wait for their end. Their results and errors are ignored."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
