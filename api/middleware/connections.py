"""Idle and stuck connections are closed, and endless heads refused. uvicorn has no settings for that.

``timeout_keep_alive`` starts only after a first response, ``limit_concurrency`` refuses everyone once strangers hold
the places, and only the slower parser h11 bounds a head. So a watch looks at uvicorn's connections once a second, and
a small subclass of the fast parser counts the bytes of a head.
"""

import time
from collections.abc import Iterable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_SILENT = 500
"""Connections that may wait for a request at once. A process may have 1,024 files open."""
_MAX_HEAD = 64 * 1024
"""Bytes of a request before its body: far more than any browser sends."""
_TICKS_PER_SECOND = 10
"""uvicorn's."""


class ConnectionWatch:
    """Remembers how long each connection has not moved. A connection is one of uvicorn's protocol objects."""

    def __init__(self, patience_s: float, max_silent: int = _MAX_SILENT) -> None:
        self._patience_s = patience_s
        self._max_silent = max_silent
        self._since: dict[Any, tuple[object, float]] = {}

    def stuck(self, connections: Iterable[Any], now: float) -> list[Any]:
        """Return the connections to close.

        They sent no whole head, or took none of the bytes sent to them, for ``patience_s``. Beyond ``max_silent``, the
        longest silent are closed too: nobody else would get a connection.
        """
        before, self._since = self._since, {}
        for connection in connections:
            if _is_silent(connection):
                state: object = "silent", connection.cycle
            elif connection.flow.write_paused:
                state = "unread", connection.transport.get_write_buffer_size()
            else:  # it is the server's turn
                continue
            known = before.get(connection)
            self._since[connection] = known if known and known[0] == state else (state, now)
        stuck = [connection for connection, (_, since) in self._since.items() if now - since > self._patience_s]
        silent = [connection for connection in self._since if _is_silent(connection) and connection not in stuck]
        silent.sort(key=lambda connection: self._since[connection][1])
        return stuck + silent[: max(0, len(silent) - self._max_silent)]


def _is_silent(connection: Any) -> bool:
    """Tell whether the client should send a request, or the rest of its head."""
    return connection.cycle is None or bool(connection.cycle.response_complete)


class BoundedHead(HttpToolsProtocol):
    """uvicorn's fast parser with a limit on a request's head."""

    _head = 0

    def data_received(self, data: bytes) -> None:
        """Parse the bytes, and abort a connection whose head grows beyond the limit."""
        before = self.cycle
        in_body = before is not None and before.more_body
        super().data_received(data)
        self._head = 0 if in_body or self.cycle is not before else self._head + len(data)
        if self._head > _MAX_HEAD:
            self.transport.abort()


class WatchedServer(uvicorn.Server):
    """Closes stuck connections once a second."""

    def __init__(self, config: uvicorn.Config, watch: ConnectionWatch) -> None:
        config.http = BoundedHead
        super().__init__(config)
        self._watch = watch

    async def on_tick(self, counter: int) -> bool:
        """Look at the connections, ten times a second as uvicorn ticks, then let uvicorn decide whether to stop."""
        if counter % _TICKS_PER_SECOND == 0:
            for connection in self._watch.stuck(self.server_state.connections, time.monotonic()):
                connection.transport.abort()  # close() would wait for the client to read
        return await super().on_tick(counter)
