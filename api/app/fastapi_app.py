"""The ASGI application: routes, middleware, the chat page."""

from collections.abc import Collection

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.routing import Route

from api.app.head_requests import HeadRequests
from api.context.services import Services
from api.core.hosts import LOOPBACK_HOSTS
from api.mcp.mcp_server import PATH, McpOverHttp
from api.middleware.failures import handle_failures
from api.middleware.guards import RequestGuard
from api.middleware.request_log import RequestLog
from api.observability.tracing import TracedRequests
from api.openapi.description import describe
from api.routes import ask, conversations, documents, feedback, health, indexing, openai, page, search, sessions


def create_app(
    services: Services,
    *,
    allowed_hosts: Collection[str] = LOOPBACK_HOSTS,
    origins: Collection[str] = (),
    body_timeout_s: float = 30,
) -> FastAPI:
    """Return the application. A service that is None has no routes.

    ``allowed_hosts`` are its host names, without ports (``hosts_for`` an address); ``*`` is any.
    ``origins`` are further origins of its page, such as ``https://docs.example``.
    """
    mcp = McpOverHttp(services, allowed_hosts)
    app = FastAPI(
        docs_url=None,  # FastAPI's pages load scripts from another site
        redoc_url=None,
        lifespan=mcp.running,
        generate_unique_id_function=lambda route: route.name,  # names the methods of generated clients
    )
    describe(app)
    app.state.services = services
    app.include_router(sessions.router)
    app.include_router(ask.router)
    app.include_router(openai.router)
    if services.retriever:
        app.include_router(search.router)
    if services.conversations:
        app.include_router(conversations.router)
    if services.feedback:
        app.include_router(feedback.router)
    body_limits = {}
    if services.library and services.indexing:
        app.include_router(documents.router)
        app.include_router(indexing.router)
        body_limits[documents.UPLOAD] = services.library.max_upload_mb * 2**20 + documents.FORM_BYTES
    if services.slack:
        app.include_router(services.slack)
    app.include_router(health.router)
    if services.metrics:
        app.include_router(health.metering)
    app.include_router(page.router)
    app.router.routes.append(Route(PATH, mcp))
    app.mount("/static", StaticFiles(directory=page.STATIC))
    handle_failures(app)
    app.add_middleware(HeadRequests)
    app.add_middleware(
        RequestGuard, hosts=allowed_hosts, origins=origins, body_limits=body_limits, body_timeout_s=body_timeout_s
    )
    if services.traces:
        app.add_middleware(TracedRequests, provider=services.traces)
    app.add_middleware(RequestLog, listeners=(services.metrics.count_request,) if services.metrics else ())
    return app
