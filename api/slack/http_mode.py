"""Slack's requests over HTTP: events, commands and buttons at ``/slack/events``, and installation by OAuth."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow

from api.slack.bot import Bot
from api.slack.events.request_signatures import MalformedError, check_body, verify_signature

log = logging.getLogger(__name__)
INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"


def slack_routes(bot: Bot, signing_secret: str, oauth: AsyncOAuthFlow | None = None) -> APIRouter:
    """The routes that Slack and installing users call. The bot starts and stops with the application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await bot.start()
        try:
            yield
        finally:
            await bot.close()

    router = APIRouter(include_in_schema=False, lifespan=lifespan)

    @router.post("/slack/events")
    async def events(request: Request) -> Response:
        body = await request.body()
        verify_signature(signing_secret, request.headers, body)
        check_body(request.headers, body)
        try:
            response = await bot.app.async_dispatch(to_async_bolt_request(request, body))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            log.info("Bolt cannot take a request: %r", error)
            raise MalformedError("The request is not one that Slack sends.") from None
        return to_starlette_response(response)

    if oauth is not None:

        @router.get(INSTALL_PATH)
        async def install(request: Request) -> Response:
            return to_starlette_response(await oauth.handle_installation(to_async_bolt_request(request, b"")))

        @router.get(REDIRECT_PATH)
        async def redirect(request: Request) -> Response:
            return to_starlette_response(await oauth.handle_callback(to_async_bolt_request(request, b"")))

    return router
