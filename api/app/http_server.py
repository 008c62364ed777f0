"""The server process: it binds first, so that a port in use is reported in words, then serves until it is stopped."""

import errno
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from api.app.composition import make_app, running_services, with_slack
from api.middleware.connections import ConnectionWatch, WatchedServer
from indexes.errors import FootnoteError
from indexes.types import Query
from rag.engine.engine import Engine

log = logging.getLogger(__name__)

_GRACE_S = 30
"""The time that unfinished answers have after a stop."""


class AddressError(FootnoteError):
    """The server cannot listen at its address."""

    kind = "address-unusable"


def run(engine: Engine, *, announce: Callable[[str], None]) -> None:
    """Serve until the process is interrupted or terminated. Raises ``AddressError``. Call ``check_keys`` before."""
    server = engine.settings.server
    listener = listen(server.host, server.port)
    with running_services(engine) as services:
        services = with_slack(engine, services)
        engine.search(Query("warm"), limit=1)  # the first question must not wait for models to load
        host = f"[{server.host}]" if ":" in server.host else server.host
        report = announce if server.log == "text" else log.info  # a JSON log holds nothing but JSON
        report(f"Footnote answers at http://{host}:{listener.getsockname()[1]}/ (Ctrl-C stops it)")
        try:
            if services.indexing:
                services.indexing.take_up()
            serve(make_app(services, server), listener, server.body_timeout_s)
        finally:
            if services.indexing:
                services.indexing.stop()


def serve(app: ASGIApp, listener: socket.socket, patience_s: float) -> None:
    """Serve until the process is interrupted or terminated, and finish the answers in flight.

    A client has ``patience_s`` for the head of a request, and for taking the next bytes of a response.
    """

    def exit_normally(*_: int | FrameType | None) -> None:
        """Exit with status 0: uvicorn finishes what is in flight, and then raises the signal again."""
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, exit_normally)
    config = uvicorn.Config(
        app,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    WatchedServer(config, ConnectionWatch(patience_s)).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises ``AddressError``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unusable(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()  # from here on another server finds the port in use
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from error
    return listener


def _unusable(host: str, port: int, error: OSError) -> AddressError:
    reason = error.strerror or str(error)
    if error.errno == errno.EADDRINUSE:
        reason = "another program uses it; choose another with --port, or --port 0 for a free one"
    return AddressError(f"Cannot listen at {host}, port {port}: {reason}.")
