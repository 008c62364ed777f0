"""After a process ended over an answer: what was under way is told to be over, never silently dropped."""

import asyncio
import contextlib
import logging

from api.slack.events.event_store import Deliveries, Unfinished
from api.slack.messages.blocks import Message, plain
from api.slack.messages.posting import post, whisper
from api.slack.messages.translations import WORDS
from api.slack.workspace.installations import Workspace, Workspaces
from api.slack.workspace.places import Heard
from api.slack.workspace.slack_access import FAILURES, reason
from rag.settings import Language

log = logging.getLogger(__name__)


async def tell_interrupted(deliveries: Deliveries, workspaces: Workspaces, language: Language) -> None:
    """Where Slack cannot be told now, it is at the next start."""
    (told,) = plain(WORDS[language].interrupted).messages
    for left in await asyncio.to_thread(deliveries.unfinished):
        try:
            workspace = await workspaces.of(left.place.team)
            if workspace is not None:
                await _tell(workspace, left, told)
            await asyncio.to_thread(deliveries.finish, left.key)
        except FAILURES as error:
            log.warning("An interrupted answer cannot be told of: %s", reason(error))


async def _tell(workspace: Workspace, left: Unfinished, told: Message) -> None:
    client, place = workspace.client, left.place
    if left.alone or place.thread is None:
        await whisper(client, Heard(key=left.key, place=place, user=left.user, text=""), told)
        return
    if left.reply is not None:
        with contextlib.suppress(*FAILURES):  # of a stream that was left open
            await client.chat_stopStream(channel=place.channel, ts=left.reply)
        with contextlib.suppress(*FAILURES):
            await client.chat_update(channel=place.channel, ts=left.reply, text=told.text, blocks=list(told.blocks))
            return
    await post(client, place.channel, told, place.thread)
