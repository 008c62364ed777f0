"""Answers that stop when nobody listens: server-sent events, and work that lasts as long as its client.

FastAPI's own event stream leaves its generator to the garbage collector when a client that reads slowly leaves
(seen with 0.165: the model writes on meanwhile), so this one closes what it tells from, in the task that ran it.
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


class Told(Protocol):
    """A server-sent event."""

    def encode(self) -> bytes: ...


class EventStream(Response):
    """Server-sent events as the frames come, and a comment every ``ping_seconds`` that keeps proxies from hanging up.

    The frames are closed when it is over, whichever way: told to the end, cancelled, or the client gone.
    """

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[Told], ping_seconds: float = PING_SECONDS) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})  # nginx would wait for a full buffer
        del self.headers["content-length"]
        self._frames = frames
        self._ping_seconds = ping_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        with suppress(ClientDisconnect):
            await while_connected(receive, self._tell(send))

    async def _tell(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        pings = asyncio.create_task(self._ping(send))
        try:
            async with closing(self._frames) as frames:
                async for frame in frames:
                    await _send_piece(send, frame.encode())
        finally:
            await cancelled(pings)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _ping(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds)
            await _send_piece(send, PING)


@asynccontextmanager
async def closing(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Closes the stream at once where it can be closed, rather than when it is collected."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The work's result. When the client leaves first, the work is cancelled: raises ``ClientDisconnect``.

    The request's body must have been read.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_disconnection(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        await cancelled(working, leaving)


async def _disconnection(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Returns when the tasks have ended; what they end with is of no more interest."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _send_piece(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})
    await asyncio.sleep(0)  # a server's send need not wait for anything, and then a cancellation would never arrive
