"""The checks before every route, as plain ASGI so that streams pass untouched: names, ids, sizes and headers."""

import re
import secrets
from asyncio import get_running_loop, timeout_at
from collections.abc import Collection, Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core import request_ids
from api.core.problems import MEDIA_TYPE, Problem, problem

MAX_BODY_BYTES = 1024 * 1024
_MIN_BYTES_PER_SECOND = 10_000
"""A body that arrives more slowly than over a modem is no honest one."""
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:/@\s]+)(:\d+)?", re.IGNORECASE)
_VALID_ID = re.compile(r"[!-~]{1,128}")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

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
    """Return the problem as a response, with the security headers: it may leave outside of the guard."""
    headers = {**SECURITY_HEADERS, **(extra or {})}
    if request_id := request_ids.current.get():
        headers[request_ids.HEADER] = request_id
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    return Response(problem.to_json(), problem.status, headers, MEDIA_TYPE)


def is_known_host(hosts: Collection[str], host: str) -> bool:
    """Tell whether a host, with or without a port, is one of ``hosts`` (lower case, no ports)."""
    match = _HOST.fullmatch(host)
    return "*" in hosts or (match is not None and match["name"].lower() in hosts)


class RequestGuard:
    """Gives each request an id, refuses foreign hosts and sites, limits the body, and sets the security headers.

    ``hosts`` are the names of this server. ``origins`` are those of proxies before it. ``body_limits`` maps the
    addresses that take larger bodies to their limits in bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        origins: Collection[str] = (),
        body_limits: Mapping[str, int] = MappingProxyType({}),
        body_timeout_s: float,
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origins)
        self._body_limits = body_limits
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get(request_ids.HEADER, "")
        if not _VALID_ID.fullmatch(request_id):  # it could forge a line of the log
            request_id = secrets.token_urlsafe(16)
        request_ids.current.set(request_id)  # never reset: errors are reported further out

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    sent.setdefault(name, value)
                sent[request_ids.HEADER] = request_id
            await send(message)

        if not is_known_host(self._hosts, headers.get("host", "")):
            refusal = problem("unknown-host", f"Use one of this server's names: {', '.join(sorted(self._hosts))}.")
            await render(refusal)(scope, receive, send_with_headers)
        elif scope["method"] not in _SAFE_METHODS and not self._is_same_site(headers):
            refusal = problem("cross-site", "A page of another site sent this; only this server's own page may.")
            await render(refusal)(scope, receive, send_with_headers)
        else:
            limit = self._body_limits.get(scope["path"]) if scope["method"] == "POST" else None
            receive_body = _limit_body(receive, limit or MAX_BODY_BYTES, self._body_timeout_s)
            await self._app(scope, receive_body, send_with_headers)

    def _is_same_site(self, headers: Headers) -> bool:
        """Tell whether this server's own page, or a program, sent the request: browsers say which, programs need not.

        A page of another site could do harm without reading the response.
        """
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        own = (f"{scheme}://{headers.get('host', '')}" for scheme in ("http", "https"))
        return origin is None or origin in self._origins or origin in own


def _limit_body(receive: Receive, max_bytes: int, seconds: float) -> Receive:
    """Return a ``receive`` that raises 413 beyond ``max_bytes``, whatever the announced length, and 408 if slow.

    The body has ``seconds``, and more as it arrives. After the body, ``receive`` waits without limits.
    """
    size, complete, deadline = 0, False, 0.0

    async def receive_body() -> Message:
        nonlocal size, complete, deadline
        if complete:
            return await receive()
        deadline = deadline or get_running_loop().time() + seconds
        try:
            async with timeout_at(deadline + size / _MIN_BYTES_PER_SECOND):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        size, complete = size + len(message.get("body", b"")), not message.get("more_body", False)
        if size > max_bytes:
            raise HTTPException(413, f"The body may have at most {max_bytes:,} bytes.")
        return message

    return receive_body
