"""Runs the HTTP API: binds first, so that a port in use is said in words, then serves until told to stop."""

import errno
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from api.app.composition import make_app, running_services, with_slack
from api.middleware.connections import Watch, WatchedServer
from indexes.errors import FootnoteError
from indexes.types import Query
from rag.engine.engine import Engine

log = logging.getLogger(__name__)

_GRACE = 30
"""Seconds that answers in flight have to finish at a stop."""


class AddressError(FootnoteError):
    """The server cannot listen where it was told to."""

    kind = "address-unusable"


def run(engine: Engine, *, announce: Callable[[str], None]) -> None:
    """Blocks until the process is interrupted or terminated. Raises ``AddressError``; ``check_keys`` comes before."""
    server = engine.settings.server
    listener = listen(server.host, server.port)
    with running_services(engine) as bare:
        services = with_slack(engine, bare)
        engine.search(Query("warm"), limit=1)  # the first question must not wait for models to load
        shown = f"[{server.host}]" if ":" in server.host else server.host
        told = announce if server.log == "text" else log.info  # who reads JSON lines is given nothing else
        told(f"Footnote answers at http://{shown}:{listener.getsockname()[1]}/ (Ctrl-C stops it)")
        try:
            if services.indexing:
                services.indexing.take_up()
            serve(make_app(services, server), listener, server.body_timeout_s)
        finally:
            if services.indexing:
                services.indexing.stop()


def serve(app: ASGIApp, listener: socket.socket, patience_s: float) -> None:
    """Blocks until the process is interrupted or terminated, and answers in flight are finished.

    A client is given ``patience_s`` for the head of a request, and to take something of what it is sent.
    """
    signal.signal(signal.SIGTERM, _end)
    config = uvicorn.Config(
        app,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    WatchedServer(config, Watch(patience_s)).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unusable(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()  # from here on another server is told that the port is taken
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from error
    return listener


def _end(*_: int | FrameType | None) -> None:
    """Exit status 0. uvicorn finishes what is in flight, and then raises again the signal that stopped it."""
    raise SystemExit(0)


def _unusable(host: str, port: int, error: OSError) -> AddressError:
    reason = error.strerror or str(error)
    if error.errno == errno.EADDRINUSE:
        reason = "another program has it; choose another with --port, or --port 0 for a free one"
    return AddressError(f"Cannot listen at {host}, port {port}: {reason}.")
