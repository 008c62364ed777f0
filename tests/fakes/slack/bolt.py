"""A Bolt app connected to the fake by either transport, by what slack_bolt ships for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fakes.serving import serving
from fakes.slack.server import FakeSlack

Over = Literal["socket", "http"]
PATH = "/slack/events"


@asynccontextmanager
async def connected(slack: FakeSlack, app: AsyncApp, over: Over) -> AsyncIterator[None]:
    """The app hears of what happens in Slack until the end of the block."""
    if over == "socket":
        handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=1)
        await handler.connect_async()
        try:
            await slack.until(lambda: slack.sockets.ready)
            yield
        finally:
            await handler.close_async()
        return
    requests = AsyncSlackRequestHandler(app)

    async def endpoint(request: Request) -> Response:
        return await requests.handle(request)

    paths = {PATH: "POST", "/slack/install": "GET", "/slack/oauth_redirect": "GET"}
    routes = [Route(path, endpoint, methods=[method]) for path, method in paths.items()]
    async with serving(Starlette(routes=routes)) as address:
        slack.request_url = address + PATH
        try:
            yield
        finally:
            slack.request_url = None
