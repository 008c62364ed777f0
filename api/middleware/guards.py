"""What stands before every route: names, ids, sizes and headers, as plain ASGI so that streams pass untouched."""

from asyncio import get_running_loop, timeout_at
from collections.abc import Collection, Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core import request_ids
from api.core.hosts import knows
from api.core.problems import MEDIA_TYPE, Problem, problem

MAX_BODY_BYTES = 1024 * 1024
_SLOWEST = 10_000
"""Bytes a second: a body that comes slower than a modem's is nobody's in earnest."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Without it a browser may keep last week's script for days after an upgrade.
    "Cache-Control": "no-cache",
}


def render(problem: Problem, extra: Mapping[str, str] | None = None) -> Response:
    """The problem as a response that carries the security headers also where no guard is passed on the way out."""
    headers = {**SECURITY_HEADERS, **(extra or {})}
    if request_id := request_ids.current.get():
        headers[request_ids.HEADER] = request_id
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    return Response(problem.to_json(), problem.status, headers, MEDIA_TYPE)


class RequestIds:
    """Gives each request its id, and names it in the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_ids.admitted(Headers(scope=scope).get(request_ids.HEADER))
        request_ids.current.set(request_id)  # and never reset: what fails without a word is told further out

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[request_ids.HEADER] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


class SecurityHeaders:
    """Adds the security headers where a response does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class KnownHosts:
    """Refuses requests that call this server by a name it does not go by."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or knows(self._hosts, Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
        else:
            refusal = problem("unknown-host", f"Ask for it by one of: {', '.join(sorted(self._hosts))}.")
            await render(refusal)(scope, receive, send)


class OwnSite:
    """Refuses what a page of another site sends, for reading it would need no answer to do harm: 403.

    Browsers say where a request comes from; programs need not. ``origins`` are those of proxies before this server.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE or self._is_own(Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            refusal = problem("cross-site", "Another site's page sent this; only the server's own may.")
            await render(refusal)(scope, receive, send)

    def _is_own(self, headers: Headers) -> bool:
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        own = (f"{scheme}://{headers.get('host', '')}" for scheme in ("http", "https"))
        return origin is None or origin in self._origins or origin in own


class BodyTimeout:
    """Stops waiting for a body that does not come: 408. It has ``seconds``, and more as it comes at ``_SLOWEST``."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, whole, until = 0, False, 0.0

        async def receive_in_time() -> Message:
            nonlocal read, whole, until
            if whole:
                return await receive()
            until = until or get_running_loop().time() + self._seconds
            try:
                async with timeout_at(until + read / _SLOWEST):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers={"Connection": "close"}) from None
            read, whole = read + len(message.get("body", b"")), not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)


class BodyLimit:
    """Stops reading a body that grows beyond the limit, whatever length it announced: 413.

    ``larger`` are the limits of what is posted to addresses that take more.
    """

    def __init__(self, app: ASGIApp, larger: Mapping[str, int] = MappingProxyType({})) -> None:
        self._app = app
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, most = 0, MAX_BODY_BYTES
        if scope.get("method") == "POST":
            most = self._larger.get(scope["path"], most)

        async def receive_within_limit() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, f"The body may have {most:,} bytes.")
            return message

        await self._app(scope, receive_within_limit, send)
