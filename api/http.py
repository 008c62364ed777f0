"""The HTTP API and the chat page, put together."""

from collections.abc import Collection

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api.desk import Desk
from api.failures import tell_failures
from api.guards import LOOPBACK_HOSTS, BodyLimit, KnownHosts, SecurityHeaders
from api.routes import asking, health, page, searching


def create_app(desk: Desk, *, allowed_hosts: Collection[str] = LOOPBACK_HOSTS) -> FastAPI:
    """The application. Routes of a part that is not at the desk are not there.

    ``allowed_hosts`` are the names it goes by, without ports (``guards.hosts_for`` an address); ``*`` is any.
    """
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None)  # their pages load scripts from another site
    app.state.desk = desk
    app.include_router(asking.router)
    if desk.retriever:
        app.include_router(searching.router)
    if desk.slack:
        app.include_router(desk.slack)
    app.include_router(health.router)
    app.include_router(page.router)
    app.mount("/static", StaticFiles(directory=page.STATIC))
    tell_failures(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(KnownHosts, hosts=allowed_hosts)
    app.add_middleware(SecurityHeaders)
    return app
