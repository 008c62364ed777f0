"""Messages that are sent once: to all who are there, or to one person."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from api.slack.messages.blocks import Message
from api.slack.workspace.places import Heard
from api.slack.workspace.slack_access import FAILURES, reason

log = logging.getLogger(__name__)
_TRIES = 3


async def post(client: AsyncWebClient, channel: str, message: Message, thread: str | None = None) -> str:
    """Its ``ts``. A connection that broke is tried again."""
    for last in (False,) * (_TRIES - 1) + (True,):
        try:
            told = await client.chat_postMessage(
                channel=channel,
                thread_ts=thread,
                text=message.text,
                blocks=list(message.blocks) or None,
                unfurl_links=False,
                unfurl_media=False,
            )
            return str(told["ts"])
        except SlackApiError:
            raise
        except FAILURES:
            if last:
                raise
            await asyncio.sleep(1)
    raise AssertionError("the last try returns or raises")


async def whisper(client: AsyncWebClient, heard: Heard, message: Message) -> None:
    """Beside the question, where only who asked sees it; else in a direct message to them."""
    place = heard.place
    blocks: Any = list(message.blocks) or None
    try:
        await client.chat_postEphemeral(
            channel=place.channel, user=heard.user, thread_ts=place.thread, text=message.text, blocks=blocks
        )
    except SlackApiError as error:
        log.info("An answer goes into a direct message: %s", reason(error))
        await post(client, heard.user, message)


async def unless_refused(work: Awaitable[None]) -> None:
    """What is only nice to have."""
    try:
        await work
    except FAILURES as error:
        log.debug("Slack refused: %s", reason(error))
