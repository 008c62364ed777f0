"""Runs the HTTP API: binds first, so that a port in use is said in words, then serves until told to stop."""

import errno
import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from api.asking import Asking, Direct
from api.connections import Watch, WatchedServer
from api.conversations import Conversations
from api.desk import Desk
from api.doors import door_of, names_of, origins_of
from api.feedback import FeedbackBox
from api.housekeeping import daily
from api.http import create_app
from api.journal import Journal, JournalAsking
from api.kept_asking import KeptAsking
from api.logs import configure
from api.metrics import MeteredAsking, Metrics
from api.queueing import QueuedAsking, Turns, WithRoom
from api.rates import RatedAsking, Rates
from api.readiness import Readiness
from api.tracing import TracedAsking, exporting
from indexes.errors import FootnoteError
from indexes.types import Query
from rag.bootstrap import Engine

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)

_GRACE = 30
"""Seconds that answers in flight have to finish at a stop."""


class AddressError(FootnoteError):
    """The server cannot listen where it was told to."""

    kind = "address-unusable"


def run(engine: Engine, *, announce: Callable[[str], None]) -> None:
    """Blocks until the process is interrupted or terminated. Raises ``AddressError``; ``check_door`` comes before."""
    server = engine.settings.server
    listener = listen(server.host, server.port)
    configure(server.log, details=server.log_details)
    with exporting(server.otlp_endpoint) as traces:
        desk = with_slack(engine, desk_of(engine, traces))
        engine.search(Query("warm"), limit=1)  # the first question must not wait for models to load
        shown = f"[{server.host}]" if ":" in server.host else server.host
        told = announce if server.log == "text" else log.info  # who reads JSON lines is given nothing else
        told(f"Footnote answers at http://{shown}:{listener.getsockname()[1]}/ (Ctrl-C stops it)")
        with daily(desk.chores):
            serve(app_of(engine, desk), listener, server.body_timeout_s)


def app_of(engine: Engine, desk: Desk | None = None) -> FastAPI:
    """The application as the settings say, around this desk or one of its own."""
    server = engine.settings.server
    return create_app(
        desk or with_slack(engine, desk_of(engine)),
        allowed_hosts=names_of(server),
        origins=origins_of(server),
        body_timeout_s=server.body_timeout_s,
    )


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


def desk_of(engine: Engine, traces: "TracerProvider | None" = None) -> Desk:
    """All parts, as the settings say."""
    server = engine.settings.server
    rates, turns = Rates(server.requests_per_minute), Turns(server.concurrent_answers, server.queued_answers)
    conversations = Conversations.opened(
        server.dir, lambda ids, audience: engine.catalog.readable(ids, audience), server.conversation_days
    )
    keepers: list[Conversations | Journal] = [conversations]
    metrics = Metrics()
    metrics.watch("queue_length", "Questions that wait for their turn", lambda: turns.waiting)
    asking: Asking = QueuedAsking(Direct(engine.assistant), turns, server.deadline_s)
    if engine.settings.journal.on:
        journal = Journal.opened(server.dir, engine.settings.journal.days)
        asking = JournalAsking(asking, journal)
        keepers.append(journal)
    asking = MeteredAsking(KeptAsking(asking, conversations), metrics)
    asking = TracedAsking(asking, traces) if traces else asking
    return Desk(
        # limits stand outermost: what they refuse must be told before a stream begins
        asking=RatedAsking(WithRoom(asking, turns), rates),
        max_question_chars=engine.settings.answer.max_question_chars,
        health=lambda: health(engine),
        advice=engine.advice,
        door=door_of(server),
        retriever=engine,
        conversations=conversations,
        feedback=FeedbackBox(*keepers),
        features=frozenset({"conversations", "feedback"}),
        metrics=metrics,
        ready=Readiness(engine),
        chores=tuple(keeper.forget for keeper in keepers),
        traces=traces,
        rates=rates,
        public_url=server.public_url,
    )


def with_slack(engine: Engine, desk: Desk) -> Desk:
    """With what takes Slack's requests, where they come by HTTP."""
    settings = engine.settings
    if settings.slack.signing_secret is None:
        return desk
    from api.slack.http import slack_routes
    from api.slack.making import make_bot, make_oauth

    bot = make_bot(settings, desk, lambda scope: engine.catalog.documents_within(scope))
    routes = slack_routes(bot, settings.slack.signing_secret.get_secret_value(), make_oauth(settings))
    return replace(desk, slack=routes)


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
