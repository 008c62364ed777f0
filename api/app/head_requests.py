"""HEAD wherever GET is: FastAPI's own routes refuse it."""

import asyncio
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.context.event_streams import while_connected


class HeadRequests:
    """Answers HEAD as GET, without the body. The work ends with the head: a stream would go on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        as_get, sent = {**scope, "method": "GET"}, asyncio.Event()

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body"})
                sent.set()

        async def answer_as_get() -> None:
            await self._app(as_get, receive, send_head)

        async def wait_for_head() -> Message:
            await sent.wait()
            return {"type": "http.disconnect"}

        try:
            with suppress(ClientDisconnect):
                await while_connected(wait_for_head, answer_as_get())
        finally:
            scope.update({**as_get, "method": "HEAD"})  # the route, for the log
