"""A record of every handled request: what it was, never what it said."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A handled request. All fields but ``seconds`` and ``principal`` have few values."""

    method: str
    """``other`` if it is none of the usual ones."""
    route: str
    """As in the OpenAPI description, ``/v1/conversations/{conversation}``; ``none`` for an unknown address."""
    status: int
    """499, nginx's number, if the client left before there was one."""
    seconds: float
    principal: str
    """The caller's id; empty if nobody was authenticated."""


class RequestLog:
    """Logs a record of each finished request, and passes it to the listeners. They must be quick and must not fail."""

    def __init__(self, app: ASGIApp, listeners: tuple[Callable[[RequestRecord], None], ...] = ()) -> None:
        self._app = app
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 499

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_and_note_status)
        except Exception:
            status = 500  # the response is made further out
            raise
        finally:
            record = RequestRecord(
                scope["method"] if scope["method"] in _METHODS else "other",
                route_of(scope),
                status,
                time.perf_counter() - start,
                scope.get("state", {}).get("principal", ""),
            )
            fields = {
                "method": record.method,
                "route": record.route,
                "status": record.status,
                "ms": round(record.seconds * 1000, 1),
                "principal": record.principal,
            }
            _log.info("request", extra={"facts": fields})
            for listener in self._listeners:
                listener(record)


def route_of(scope: Scope) -> str:
    """Return the route's path after routing; for a mounted application, the path of its mount."""
    return getattr(scope.get("route"), "path", None) or scope.get("root_path") or "none"
