"""What there is to tell of a request once it was handled, without anything that it said."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Handled:
    """All values but ``seconds`` and ``principal`` are of few."""

    method: str
    """``other`` where it is none of HTTP's usual."""
    route: str
    """As the API's description has it, ``/v1/conversations/{conversation}``; ``none`` where nothing is there."""
    status: int
    """499, nginx's number, where the client left before there was one."""
    seconds: float
    principal: str
    """The id of who asked; empty where nobody was let in, or nobody was asked who they are."""


class WatchedRequests:
    """Tells the watchers of each request when it is over. They must not fail, nor take long."""

    def __init__(self, app: ASGIApp, watchers: tuple[Callable[[Handled], None], ...]) -> None:
        self._app = app
        self._watchers = watchers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 499

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            status = 500  # answered so further out
            raise
        finally:
            handled = Handled(
                scope["method"] if scope["method"] in _METHODS else "other",
                route_of(scope),
                status,
                time.perf_counter() - began,
                scope.get("state", {}).get("principal", ""),
            )
            for watcher in self._watchers:
                watcher(handled)


def route_of(scope: Scope) -> str:
    """Known once it was routed; of what is mounted, where it is."""
    return getattr(scope.get("route"), "path", None) or scope.get("root_path") or "none"
