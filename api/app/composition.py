"""The services of the HTTP API, put together by the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import FastAPI

from api.app.fastapi_app import create_app
from api.auth.policy import allowed_hosts, allowed_origins, make_authenticator
from api.context.question_service import QuestionService
from api.context.services import Services
from api.history.audit_log import Journal
from api.history.conversation_store import Conversations
from api.history.conversation_turns import ConversationTurns
from api.history.feedback_store import FeedbackStores
from api.history.retention import daily
from api.library.library import Library
from api.library.sync_jobs import Indexing
from api.limits.fair_queue import FairQueue
from api.limits.rate_limit import RateLimiter
from api.observability.logs import configure
from api.observability.metrics import Metrics
from api.observability.readiness import Readiness
from api.observability.tracing import QuestionTracer, exporting
from rag.engine.engine import Engine, limits_of
from rag.engine.refresh import Refreshing
from rag.settings import ServerSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def make_app(services: Services, server: ServerSettings) -> FastAPI:
    """Return the application that offers these services."""
    return create_app(
        services,
        allowed_hosts=allowed_hosts(server),
        origins=allowed_origins(server),
        body_timeout_s=server.body_timeout_s,
    )


@contextmanager
def running_services(engine: Engine) -> Iterator[Services]:
    """Open the services of a server process, with its log, its traces and its daily chores; close them at the end."""
    server = engine.settings.server
    configure(server.log, details=server.log_details)
    with exporting(server.otlp_endpoint) as traces:
        services = make_services(engine, traces)
        with daily(services.chores):
            yield services


def make_services(engine: Engine, traces: "TracerProvider | None" = None) -> Services:
    """Return all services of an engine."""
    settings = engine.settings
    server = settings.server
    conversations = Conversations.open(
        server.dir, lambda ids, audience: engine.catalog.readable(ids, audience), server.conversation_days
    )
    journal = Journal.open(server.dir, settings.journal.days) if settings.journal.on else None
    stores = (conversations, journal) if journal else (conversations,)
    metrics, rates = Metrics(), RateLimiter(server.requests_per_minute)
    queue = FairQueue(server.concurrent_answers, server.queued_answers)
    metrics.watch("questions_waiting", "Questions that wait for their turn", lambda: queue.waiting)
    return Services(
        questions=QuestionService(
            answerer=engine.assistant,
            rates=rates,
            queue=queue,
            deadline_s=server.deadline_s,
            observers=(metrics, QuestionTracer(traces)) if traces else (metrics,),
            conversations=ConversationTurns(conversations),
            recorders=(journal,) if journal else (),
        ),
        max_question_chars=settings.answer.max_question_chars,
        health=lambda: health(engine),
        advice=engine.advice,
        authenticator=make_authenticator(server),
        retriever=engine,
        count_documents=lambda scope: engine.catalog.documents_within(scope),
        library=Library(lambda: engine.catalog, settings.index.dir, limits_of(settings), server.max_upload_mb),
        indexing=Indexing(Refreshing(engine)),
        rates=rates,
        public_url=server.public_url,
        conversations=conversations,
        feedback=FeedbackStores(*stores),
        metrics=metrics,
        ready=Readiness(engine),
        chores=tuple(store.forget for store in stores),
        traces=traces,
    )


def with_slack(engine: Engine, services: Services) -> Services:
    """Return the services with the routes for Slack, if a signing secret is set."""
    settings = engine.settings
    if settings.slack.signing_secret is None:
        return services
    from api.slack.factory import make_bot, make_oauth
    from api.slack.http_mode import slack_routes

    bot = make_bot(settings, services)
    routes = slack_routes(bot, settings.slack.signing_secret.get_secret_value(), make_oauth(settings))
    return replace(services, slack=routes)


def health(engine: Engine) -> dict[str, object]:
    """Return the facts of ``/healthz``. May block."""
    documents, passages = engine.catalog.counts()
    return {"status": "ok", "documents": documents, "passages": passages, "model": engine.model_name}
