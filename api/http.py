"""The HTTP API and the chat page, put together."""

from collections.abc import Collection

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.routing import Route

from api.description import describe
from api.desk import Desk
from api.failures import tell_failures
from api.guards import LOOPBACK_HOSTS, BodyLimit, KnownHosts, RequestIds, SecurityHeaders
from api.mcp import PATH, McpOverHttp
from api.routes import asking, health, openai, page, searching


def create_app(desk: Desk, *, allowed_hosts: Collection[str] = LOOPBACK_HOSTS) -> FastAPI:
    """The application. Routes of a part that is not at the desk are not there.

    ``allowed_hosts`` are the names it goes by, without ports (``guards.hosts_for`` an address); ``*`` is any.
    """
    mcp = McpOverHttp(desk, allowed_hosts)
    # the pages that FastAPI has for it load scripts from another site
    app = FastAPI(docs_url=None, redoc_url=None, lifespan=mcp.running, generate_unique_id_function=_named)
    describe(app)
    app.state.desk = desk
    app.include_router(asking.router)
    app.include_router(openai.router)
    if desk.retriever:
        app.include_router(searching.router)
    app.include_router(health.router)
    app.include_router(page.router)
    app.router.routes.append(Route(PATH, mcp))
    app.mount("/static", StaticFiles(directory=page.STATIC))
    tell_failures(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(KnownHosts, hosts=allowed_hosts)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds)
    return app


def _named(route: APIRoute) -> str:
    """A generated client's methods are named so."""
    return route.name
