"""Socket Mode: Slack's events over a connection that we open, so that Slack need not reach an address of ours."""

import asyncio
from collections.abc import Callable

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from api.slack.bot import Bot, bolt_log
from api.slack.workspace.rate_limited_client import RateLimitedClient
from api.slack.workspace.slack_access import FAILURES, failure_reason
from indexes.errors import FootnoteError


class SlackError(FootnoteError):
    """Slack refused a connection, or cannot be reached."""

    kind = "slack-unavailable"


class SocketMode:
    """A context manager that keeps the bot connected; a lost connection is opened again."""

    def __init__(self, bot: Bot, app_token: str, api_url: str) -> None:
        self._bot, self._app_token, self._api_url = bot, app_token, api_url
        self._handler: AsyncSocketModeHandler | None = None

    async def __aenter__(self) -> None:
        """Start the bot and connect it. Raise ``SlackError``."""
        await self._bot.start()
        client = RateLimitedClient(None, self._api_url)
        self._handler = AsyncSocketModeHandler(self._bot.app, self._app_token, logger=bolt_log, web_client=client)
        try:
            await self._handler.connect_async()  # type: ignore[no-untyped-call]
        except FAILURES as error:
            await self.__aexit__()
            raise SlackError(
                f"Slack took no connection ({failure_reason(error)}): see `footnote slack check`."
            ) from error

    async def __aexit__(self, *_: object) -> None:
        if self._handler is not None:
            await self._handler.close_async()  # type: ignore[no-untyped-call]
            await self._handler.client.aiohttp_client_session.close()
        await self._bot.close()


async def listen(socket: SocketMode, announce: Callable[[], None], until: asyncio.Event) -> None:
    """Connect, call ``announce``, and answer until the event is set."""
    async with socket:
        announce()
        await until.wait()
