"""The HTTP API and the chat page, put together."""

from collections.abc import Collection

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.routing import Route

from api.context.services import Desk
from api.core.hosts import LOOPBACK_HOSTS
from api.mcp.mcp_server import PATH, McpOverHttp
from api.middleware.failures import tell_failures
from api.middleware.guards import BodyLimit, BodyTimeout, KnownHosts, OwnSite, RequestIds, SecurityHeaders
from api.middleware.request_log import WatchedRequests
from api.observability.logs import log_request
from api.observability.tracing import TracedRequests
from api.openapi.description import describe
from api.routes import ask, conversations, documents, feedback, health, indexing, openai, page, search, sessions


def create_app(
    desk: Desk,
    *,
    allowed_hosts: Collection[str] = LOOPBACK_HOSTS,
    origins: Collection[str] = (),
    body_timeout_s: float = 30,
) -> FastAPI:
    """The application. Routes of a part that is not at the desk are not there.

    ``allowed_hosts`` are the names it goes by, without ports (``hosts_for`` an address); ``*`` is any.
    ``origins`` are where its page may come from besides, as ``https://docs.example``.
    """
    mcp = McpOverHttp(desk, allowed_hosts)
    # the pages that FastAPI has for it load scripts from another site
    app = FastAPI(docs_url=None, redoc_url=None, lifespan=mcp.running, generate_unique_id_function=_named)
    describe(app)
    app.state.desk = desk
    app.include_router(sessions.router)
    app.include_router(ask.router)
    app.include_router(openai.router)
    if desk.retriever:
        app.include_router(search.router)
    if desk.conversations:
        app.include_router(conversations.router)
    if desk.feedback:
        app.include_router(feedback.router)
    larger = {}
    if desk.library and desk.indexing:
        app.include_router(documents.router)
        app.include_router(indexing.router)
        larger[documents.UPLOAD] = desk.library.max_upload_mb * 2**20 + documents.FORM_BYTES
    if desk.slack:
        app.include_router(desk.slack)
    app.include_router(health.router)
    if desk.metrics:
        app.include_router(health.metering)
    app.include_router(page.router)
    app.router.routes.append(Route(PATH, mcp))
    app.mount("/static", StaticFiles(directory=page.STATIC))
    tell_failures(app)
    app.add_middleware(BodyLimit, larger=larger)
    app.add_middleware(BodyTimeout, seconds=body_timeout_s)
    app.add_middleware(OwnSite, origins=origins)
    app.add_middleware(KnownHosts, hosts=allowed_hosts)
    app.add_middleware(SecurityHeaders)
    watchers = (log_request, *([desk.metrics.handled] if desk.metrics else []))
    app.add_middleware(WatchedRequests, watchers=watchers)
    if desk.traces:
        app.add_middleware(TracedRequests, provider=desk.traces)
    app.add_middleware(RequestIds)
    return app


def _named(route: APIRoute) -> str:
    """A generated client's methods are named so."""
    return route.name
