"""Puts the desk together, as the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import FastAPI

from api.app.fastapi_app import create_app
from api.auth.policy import door_of, names_of, origins_of
from api.context.services import Desk
from api.core.answerer import Asking, Direct
from api.history.audit_log import Journal, JournalAsking
from api.history.conversation_answering import KeptAsking
from api.history.conversation_store import Conversations
from api.history.feedback_store import FeedbackBox
from api.history.retention import daily
from api.library.library import Library
from api.library.sync_jobs import Indexing
from api.limits.concurrency import QueuedAsking
from api.limits.fair_queue import FairQueue
from api.limits.rate_limit import RatedAsking, Rates
from api.observability.logs import configure
from api.observability.metrics import MeteredAsking, Metrics
from api.observability.readiness import Readiness
from api.observability.tracing import TracedAsking, exporting
from rag.engine.engine import Engine, limits_of
from rag.engine.refresh import Refreshing
from rag.settings import ServerSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def app_of(desk: Desk, server: ServerSettings) -> FastAPI:
    """The application at that desk."""
    return create_app(
        desk, allowed_hosts=names_of(server), origins=origins_of(server), body_timeout_s=server.body_timeout_s
    )


@contextmanager
def serving_desk(engine: Engine) -> Iterator[Desk]:
    """The desk of a process that serves: what it does is logged and traced, and daily chores are done, till the end."""
    server = engine.settings.server
    configure(server.log, details=server.log_details)
    with exporting(server.otlp_endpoint) as traces:
        desk = desk_of(engine, traces)
        with daily(desk.chores):
            yield desk


def desk_of(engine: Engine, traces: "TracerProvider | None" = None) -> Desk:
    """All parts."""
    chosen = engine.settings
    server = chosen.server
    conversations = Conversations.opened(
        server.dir, lambda ids, audience: engine.catalog.readable(ids, audience), server.conversation_days
    )
    journal = Journal.opened(server.dir, chosen.journal.days) if chosen.journal.on else None
    keepers = (conversations, journal) if journal else (conversations,)
    metrics, rates = Metrics(), Rates(server.requests_per_minute)
    answering: Asking = Direct(engine.assistant)
    if journal:
        answering = JournalAsking(answering, journal)
    return Desk(
        asking=_limited(KeptAsking(answering, conversations), server, metrics, rates, traces),
        max_question_chars=chosen.answer.max_question_chars,
        health=lambda: health(engine),
        advice=engine.advice,
        door=door_of(server),
        retriever=engine,
        library=Library(lambda: engine.catalog, chosen.index.dir, limits_of(chosen), server.max_upload_mb),
        indexing=Indexing(Refreshing(engine)),
        rates=rates,
        public_url=server.public_url,
        conversations=conversations,
        feedback=FeedbackBox(*keepers),
        metrics=metrics,
        ready=Readiness(engine),
        chores=tuple(keeper.forget for keeper in keepers),
        traces=traces,
    )


def with_slack(engine: Engine, desk: Desk) -> Desk:
    """With what takes Slack's requests, where they come by HTTP."""
    settings = engine.settings
    if settings.slack.signing_secret is None:
        return desk
    from api.slack.factory import make_bot, make_oauth
    from api.slack.http_mode import slack_routes

    bot = make_bot(settings, desk, lambda scope: engine.catalog.documents_within(scope))
    routes = slack_routes(bot, settings.slack.signing_secret.get_secret_value(), make_oauth(settings))
    return replace(desk, slack=routes)


def _limited(
    asking: Asking, server: ServerSettings, metrics: Metrics, rates: Rates, traces: "TracerProvider | None"
) -> Asking:
    """Limits stand outermost: what they refuse must be told before a stream begins."""
    queue = FairQueue(server.concurrent_answers, server.queued_answers)
    metrics.watch("questions_waiting", "Questions that wait for their turn", lambda: queue.waiting)
    counted: Asking = MeteredAsking(QueuedAsking(asking, queue, server.deadline_s), metrics)
    return RatedAsking(TracedAsking(counted, traces) if traces else counted, rates)


def health(engine: Engine) -> dict[str, object]:
    documents, passages = engine.catalog.counts()
    return {"status": "ok", "documents": documents, "passages": passages, "model": engine.model_name}
