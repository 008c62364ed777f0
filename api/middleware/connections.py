"""Connections that hold a place and do nothing are closed: uvicorn itself waits for ever for a request's head."""

import time
from collections.abc import Iterable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_SILENT = 500
"""Connections that may wait for a request at once; where there are more, the longest silent go. Files are 1,024."""
_MAX_HEAD = 64 * 1024
"""Bytes of a request before its body, addresses and headers: far more than any browser sends."""
_TICKS = 10
"""uvicorn ticks ten times a second."""


class Watch:
    """Remembers since when each connection is as it is. A connection is one of uvicorn's protocol objects."""

    def __init__(self, patience_s: float, silent: int = _SILENT) -> None:
        self._patience_s = patience_s
        self._silent = silent
        self._since: dict[Any, tuple[object, float]] = {}

    def stuck(self, connections: Iterable[Any], now: float) -> list[Any]:
        """Those that sent no whole head, or took nothing of what was sent to them, for ``patience_s``.

        And the longest silent, where more than ``silent`` are: nobody else would get a connection.
        """
        self._look(connections, now)
        stuck = [connection for connection, (_, since) in self._since.items() if now - since > self._patience_s]
        silent = [connection for connection in self._since if _is_silent(connection) and connection not in stuck]
        silent.sort(key=lambda connection: self._since[connection][1])
        return stuck + silent[: max(0, len(silent) - self._silent)]

    def _look(self, connections: Iterable[Any], now: float) -> None:
        before, self._since = self._since, {}
        for connection in connections:
            if (state := _state(connection)) is not None:
                known = before.get(connection)
                self._since[connection] = known if known and known[0] == state else (state, now)


def _is_silent(connection: Any) -> bool:
    """Whether it is the client's turn to send a request, or the rest of one's head."""
    return connection.cycle is None or bool(connection.cycle.response_complete)


def _state(connection: Any) -> object | None:
    """What would be another if the client did something; None where it is the server's turn."""
    if _is_silent(connection):
        return "silent", connection.cycle
    return ("unread", connection.transport.get_write_buffer_size()) if connection.flow.write_paused else None


class BoundedHead(HttpToolsProtocol):
    """The fast parser, which by itself keeps a head that never ends."""

    _head = 0

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        in_body = before is not None and before.more_body
        super().data_received(data)
        self._head = 0 if in_body or self.cycle is not before else self._head + len(data)
        if self._head > _MAX_HEAD:
            self.transport.abort()


class WatchedServer(uvicorn.Server):
    """Closes what is stuck, once a second."""

    def __init__(self, config: uvicorn.Config, watch: Watch) -> None:
        config.http = BoundedHead
        super().__init__(config)
        self._watch = watch

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            for connection in self._watch.stuck(self.server_state.connections, time.monotonic()):
                connection.transport.abort()  # to close it would be to wait until it takes what it does not take
        return await super().on_tick(counter)
