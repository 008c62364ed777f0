"""Messages that are sent once: to a whole channel, or to one person."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from api.slack.messages.blocks import Message
from api.slack.workspace.slack_access import FAILURES, failure_reason
from api.slack.workspace.slack_request import SlackRequest

log = logging.getLogger(__name__)
_TRIES = 3


async def post_message(client: AsyncWebClient, channel: str, message: Message, thread: str | None = None) -> str:
    """Post the message and return its ``ts``. A broken connection is tried again."""
    for last in (False,) * (_TRIES - 1) + (True,):
        try:
            response = await client.chat_postMessage(
                channel=channel,
                thread_ts=thread,
                text=message.text,
                blocks=list(message.blocks) or None,
                unfurl_links=False,
                unfurl_media=False,
            )
            return str(response["ts"])
        except SlackApiError:
            raise
        except FAILURES:
            if last:
                raise
            await asyncio.sleep(1)
    raise AssertionError("the last try returns or raises")


async def post_privately(client: AsyncWebClient, request: SlackRequest, message: Message) -> None:
    """Post beside the question, for the asker's eyes alone; if Slack refuses, in a direct message."""
    place = request.place
    blocks: Any = list(message.blocks) or None
    try:
        await client.chat_postEphemeral(
            channel=place.channel, user=request.user, thread_ts=place.thread, text=message.text, blocks=blocks
        )
    except SlackApiError as error:
        log.info("An answer goes into a direct message: %s", failure_reason(error))
        await post_message(client, request.user, message)


async def ignore_failures(call: Awaitable[None]) -> None:
    """Await a call to Slack that may fail without harm."""
    try:
        await call
    except FAILURES as error:
        log.debug("Slack refused: %s", failure_reason(error))
