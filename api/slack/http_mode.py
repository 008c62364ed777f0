"""Slack's requests at the HTTP API: events, commands and buttons at ``/slack/events``; ``/slack/install`` installs."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow

from api.slack.bot import Bot
from api.slack.events.request_signatures import MalformedError, check, verify

log = logging.getLogger(__name__)
EVENTS = "/slack/events"
INSTALL = "/slack/install"
REDIRECT = "/slack/oauth_redirect"


def slack_routes(bot: Bot, signing_secret: str, oauth: AsyncOAuthFlow | None = None) -> APIRouter:
    """The bot lives as long as the application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await bot.start()
        try:
            yield
        finally:
            await bot.close()

    router = APIRouter(include_in_schema=False, lifespan=lifespan)

    @router.post(EVENTS)
    async def events(request: Request) -> Response:
        body = await request.body()
        verify(signing_secret, request.headers, body)
        check(request.headers, body)
        try:
            told = await bot.app.async_dispatch(to_async_bolt_request(request, body))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            log.info("Bolt cannot take a request: %r", error)
            raise MalformedError("The request is not what Slack sends.") from None
        return to_starlette_response(told)

    if oauth is not None:
        _installing(router, oauth)
    return router


def _installing(router: APIRouter, oauth: AsyncOAuthFlow) -> None:
    @router.get(INSTALL)
    async def install(request: Request) -> Response:
        return to_starlette_response(await oauth.handle_installation(to_async_bolt_request(request, b"")))

    @router.get(REDIRECT)
    async def redirect(request: Request) -> Response:
        return to_starlette_response(await oauth.handle_callback(to_async_bolt_request(request, b"")))
