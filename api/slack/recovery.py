"""Reports answers that were interrupted when the process ended, so that none is dropped in silence."""

import asyncio
import contextlib
import logging

from api.slack.events.event_store import EventStore, UnfinishedAnswer
from api.slack.messages.blocks import Message, render_notice
from api.slack.messages.posting import post_message, post_privately
from api.slack.messages.translations import TRANSLATIONS
from api.slack.workspace.installations import Workspace, Workspaces
from api.slack.workspace.slack_access import FAILURES, failure_reason
from api.slack.workspace.slack_request import SlackRequest
from rag.settings import Language

log = logging.getLogger(__name__)


async def report_interrupted(event_store: EventStore, workspaces: Workspaces, language: Language) -> None:
    """Tell the askers. An answer that Slack cannot be told about now is reported at the next start."""
    (notice,) = render_notice(TRANSLATIONS[language].interrupted).messages
    for answer in await asyncio.to_thread(event_store.unfinished_answers):
        try:
            workspace = await workspaces.find(answer.place.team)
            if workspace is not None:
                await _report(workspace, answer, notice)
            await asyncio.to_thread(event_store.finish, answer.key)
        except FAILURES as error:
            log.warning("An interrupted answer cannot be reported: %s", failure_reason(error))


async def _report(workspace: Workspace, answer: UnfinishedAnswer, notice: Message) -> None:
    client, place = workspace.client, answer.place
    if answer.asker_only or place.thread is None:
        request = SlackRequest(key=answer.key, place=place, user=answer.user, text="")
        await post_privately(client, request, notice)
        return
    if answer.reply is not None:
        with contextlib.suppress(*FAILURES):  # only a stream that was left open can be stopped
            await client.chat_stopStream(channel=place.channel, ts=answer.reply)
        with contextlib.suppress(*FAILURES):
            await client.chat_update(
                channel=place.channel, ts=answer.reply, text=notice.text, blocks=list(notice.blocks)
            )
            return
    await post_message(client, place.channel, notice, place.thread)
