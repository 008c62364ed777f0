"""Runs the HTTP API: binds first, so that a port in use is said in words, then serves until told to stop."""

import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType
from urllib.parse import urlsplit

import uvicorn
from fastapi import APIRouter

from api.asking import Asking, Direct
from api.desk import Desk
from api.guards import hosts_for
from api.http import create_app
from indexes.errors import FootnoteError
from indexes.types import Query
from rag.bootstrap import Engine

_GRACE = 30
"""Seconds that answers in flight have to finish at a stop."""


class AddressError(FootnoteError):
    """The server cannot listen where it was told to."""

    kind = "address-unusable"


def run(engine: Engine, host: str, port: int, *, announce: Callable[[str], None]) -> None:
    """Blocks until the process is interrupted or terminated. Raises ``AddressError``."""
    listener = listen(host, port)
    signal.signal(signal.SIGTERM, _end)
    app = create_app(desk_of(engine), allowed_hosts=names_of(host, engine.settings.server.public_url))
    engine.search(Query("warm"), limit=1)  # the first question must not wait for models to load
    shown = f"[{host}]" if ":" in host else host
    announce(f"Footnote answers at http://{shown}:{listener.getsockname()[1]}/ (Ctrl-C stops it)")
    config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=_GRACE)
    uvicorn.Server(config).run(sockets=[listener])


def desk_of(engine: Engine) -> Desk:
    """All parts, as the settings say."""
    asking = Direct(engine.assistant)
    return Desk(
        asking=asking,
        max_question_chars=engine.settings.answer.max_question_chars,
        health=lambda: health(engine),
        advice=engine.advice,
        retriever=engine,
        slack=_slack(engine, asking),
    )


def names_of(host: str, public_url: str | None) -> frozenset[str]:
    """The names that a server goes by which listens at ``host``, and is reached at ``public_url``."""
    public = urlsplit(public_url or "").hostname
    return hosts_for(host) | ({public} if public else frozenset())


def _slack(engine: Engine, asking: Asking) -> APIRouter | None:
    """None where Slack sends nothing by HTTP."""
    settings = engine.settings
    if settings.slack.signing_secret is None:
        return None
    from api.slack.http import slack_routes
    from api.slack.making import make_bot, make_oauth

    bot = make_bot(settings, asking, lambda scope: engine.catalog.documents_within(scope))
    return slack_routes(bot, settings.slack.signing_secret.get_secret_value(), make_oauth(settings))


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
