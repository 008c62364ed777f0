"""Runs the HTTP API: binds first, so that a port in use is said in words, then serves until told to stop."""

import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from api.asking import Direct
from api.desk import Desk
from api.guards import hosts_for
from api.http import create_app
from api.indexing import Indexing
from api.library import Library
from indexes.errors import FootnoteError
from indexes.types import Query
from rag.bootstrap import Engine, limits_of
from rag.refreshing import Refreshing

_GRACE = 30
"""Seconds that answers in flight have to finish at a stop."""


class AddressError(FootnoteError):
    """The server cannot listen where it was told to."""

    kind = "address-unusable"


def run(engine: Engine, host: str, port: int, *, announce: Callable[[str], None]) -> None:
    """Blocks until the process is interrupted or terminated. Raises ``AddressError``."""
    listener = listen(host, port)
    signal.signal(signal.SIGTERM, _end)
    desk = desk_of(engine)
    app = create_app(desk, allowed_hosts=hosts_for(host))
    engine.search(Query("warm"), limit=1)  # the first question must not wait for models to load
    shown = f"[{host}]" if ":" in host else host
    announce(f"Footnote answers at http://{shown}:{listener.getsockname()[1]}/ (Ctrl-C stops it)")
    config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=_GRACE)
    try:
        if desk.indexing:
            desk.indexing.take_up()
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        if desk.indexing:
            desk.indexing.stop()


def desk_of(engine: Engine) -> Desk:
    """All parts, as the settings say."""
    chosen = engine.settings
    return Desk(
        asking=Direct(engine.assistant),
        max_question_chars=chosen.answer.max_question_chars,
        health=lambda: health(engine),
        advice=engine.advice,
        retriever=engine,
        library=Library(lambda: engine.catalog, chosen.index.dir, limits_of(chosen), chosen.server.max_upload_mb),
        indexing=Indexing(Refreshing(engine)),
    )


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


def health(engine: Engine) -> dict[str, object]:
    documents, passages = engine.catalog.counts()
    return {"status": "ok", "documents": documents, "passages": passages, "model": engine.model.name}


def _unusable(host: str, port: int, error: OSError) -> AddressError:
    reason = error.strerror or str(error)
    if error.errno == errno.EADDRINUSE:
        reason = "another program has it; choose another with --port, or --port 0 for a free one"
    return AddressError(f"Cannot listen at {host}, port {port}: {reason}.")
