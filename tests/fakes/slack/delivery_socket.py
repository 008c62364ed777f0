"""Socket Mode: https://docs.slack.dev/apis/events-api/using-socket-mode."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from fakes.slack.delivery import Ack, Retry, What
from fakes.slack.model import Json
from fakes.slack.world import World


@dataclass(eq=False)
class Connection:
    """An app's connection, with the envelopes on it that are not yet acknowledged."""

    socket: web.WebSocketResponse
    waiting: "dict[str, asyncio.Future[Ack]]" = field(default_factory=dict)
    leaving: bool = False
    """It was told to go, and gets nothing more."""

    def give_up(self) -> None:
        """Fail the envelopes that were not acknowledged."""
        for future in self.waiting.values():
            if not future.done():
                future.set_result(Ack("connection_failed"))


class OverSockets:
    """The app's connections. Each thing goes to one of them, in turn."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.connections: list[Connection] = []
        self.opened = 0
        """How many connections there ever were."""
        self._turn = 0

    @property
    def ready(self) -> list[Connection]:
        """The connections that take envelopes."""
        return [c for c in self.connections if not c.leaving and not c.socket.closed]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """``/link/?ticket=…``: a ticket opens one connection."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._world.tickets:
            return web.Response(status=404, text="unknown ticket")
        self._world.tickets.discard(ticket)
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        if len(self.ready) >= self._world.settings.max_connections:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        await self._serve(Connection(socket))
        return socket

    async def _serve(self, connection: Connection) -> None:
        self.connections.append(connection)
        self.opened += 1
        try:
            debug = {"host": "applink-fake", "build_number": 1, "approximate_connection_time": 18060}
            info = {"app_id": self._world.app_id}
            hello = {"num_connections": len(self.ready), "debug_info": debug, "connection_info": info}
            await connection.socket.send_json({"type": "hello", **hello})
            async for message in connection.socket:
                if message.type == WSMsgType.TEXT:
                    response = json.loads(message.data)
                    future = connection.waiting.get(response.get("envelope_id"))
                    if future is not None and not future.done():
                        future.set_result(Ack("", response.get("payload") or None))
        finally:
            self.connections.remove(connection)
            connection.give_up()

    async def send(self, what: What, payload: Json, retry: Retry | None) -> Ack:
        """Send an envelope by the next connection, and wait for its acknowledgement."""
        ready = self.ready
        if not ready:
            return Ack("connection_failed")
        self._turn += 1
        connection = ready[self._turn % len(ready)]
        envelope: Json = {"envelope_id": str(uuid.uuid4()), "type": what, "payload": payload}
        envelope["accepts_response_payload"] = what != "events_api"
        if what == "events_api":
            envelope |= {"retry_attempt": retry.number if retry else 0, "retry_reason": retry.reason if retry else ""}
        return await self._acknowledged(connection, envelope)

    async def _acknowledged(self, connection: Connection, envelope: Json) -> Ack:
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope["envelope_id"]] = future
        try:
            await connection.socket.send_json(envelope)
            return await asyncio.wait_for(future, self._world.settings.ack_seconds)
        except TimeoutError:
            return Ack("timeout")
        except ConnectionError:
            return Ack("connection_failed")
        finally:
            connection.waiting.pop(envelope["envelope_id"], None)

    async def disconnect(self, reason: str = "refresh_requested", *, after: float = 0.0) -> None:
        """Tells every connection to go, and closes it ``after`` so many seconds."""
        leaving = self.ready
        for connection in leaving:
            connection.leaving = True
            await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "fake"}})
        await asyncio.sleep(after)
        await asyncio.gather(*(c.socket.close() for c in leaving))

    async def cut(self) -> None:
        """Breaks every connection without a word."""
        for connection in list(self.connections):
            if connection.socket._req is not None and connection.socket._req.transport is not None:
                connection.socket._req.transport.abort()
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(c.socket.close() for c in list(self.connections)))
