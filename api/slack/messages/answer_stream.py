"""Shows an answer while it is written: in Slack's own stream, or else in one message that is edited."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from slack_sdk.errors import SlackApiError

from api.slack.messages.blocks import MAX_MARKDOWN, MAX_SECTION, Block, Message, RenderedAnswer, button
from api.slack.messages.escaping import MarkdownEscaper
from api.slack.messages.posting import ignore_failures, post_message
from api.slack.messages.slack_stream import SlackStream, UpdatePacer
from api.slack.messages.translations import Translation
from api.slack.workspace.installations import Workspace
from api.slack.workspace.rate_limited_client import TooSoonError
from api.slack.workspace.slack_access import FAILURES, failure_reason
from api.slack.workspace.slack_request import SlackRequest

log = logging.getLogger(__name__)
_STATUS_S = 90.0
"""Slack removes a status after two minutes."""
_MAX_SHOWN = MAX_MARKDOWN - 1000
"""Characters that are shown while the answer is written; the rest comes with the whole answer."""
_MAX_REMEMBERED = 100_000
"""Characters that are remembered of an unfinished answer."""
_TRIES = 3


class StreamedReply:
    """An answer in a thread, for everyone there. ``save_ts`` gets the message's ``ts`` as soon as there is one."""

    def __init__(
        self,
        workspace: Workspace,
        request: SlackRequest,
        translation: Translation,
        pacer: UpdatePacer,
        save_ts: Callable[[str], Awaitable[None]],
    ) -> None:
        self._workspace, self._client, self._request = workspace, workspace.client, request
        self._translation, self._pacer, self._save_ts = translation, pacer, save_ts
        self._escaper = MarkdownEscaper()
        self._text, self._sent = "", 0
        self._more, self._done = asyncio.Event(), asyncio.Event()
        self._ts: str | None = None
        self._stream: SlackStream | None = None
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    @property
    def so_far(self) -> str:
        """The text that is shown while the answer is written."""
        return self._text[:_MAX_SHOWN]

    async def begin(self, status: str) -> None:
        """Show the status, then the text as it comes, in the background."""
        self._task = asyncio.create_task(self._show_progress(status))

    def write(self, text: str) -> None:
        """Add to the answer. Returns at once."""
        if len(self._text) < _MAX_REMEMBERED:
            self._text += self._escaper.feed(text)
        if self._text:
            self._more.set()

    async def finish(self, answer: RenderedAnswer) -> None:
        """Complete the stream if its text stands; else put the answer into its message, or into new ones."""
        self._done.set()
        self._more.set()
        if self._task is not None:
            await self._task
        if self._stream is not None and await self._end_stream(self._stream, answer):
            return
        messages = list(answer.messages)
        if self._ts is not None:
            try:
                await self._update(messages[0])
                del messages[0]
            except FAILURES as error:
                log.info("An answer comes in a new message: %s", failure_reason(error))
        for message in messages:
            await self._post(message)
        if self._task is not None:
            await ignore_failures(self._set_session("active"))

    def cancel(self) -> None:
        """Stop showing progress."""
        if self._task is not None:
            self._task.cancel()

    async def _show_progress(self, status: str) -> None:
        """If a status cannot be shown, a message says it, and is edited from then on."""
        await ignore_failures(self._set_session("processing"))
        place = self._request.place
        while not self._more.is_set():
            try:
                await self._workspace.impatient_client.assistant_threads_setStatus(
                    channel_id=place.channel, thread_ts=place.thread or "", status=status
                )
            except FAILURES:
                if self._ts is None:
                    await ignore_failures(self._edit(f"_{status}_"))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._more.wait(), _STATUS_S)
        self._stream = SlackStream(self._workspace, self._request) if self._ts is None else None
        while await self._pacer.wait(self._done):
            await self._show_new_text()
            self._more.clear()
            if not self._done.is_set() and self._sent >= min(len(self._text), _MAX_SHOWN):
                await self._more.wait()

    async def _show_new_text(self) -> None:
        """If the stream was refused or has expired, edit the message instead."""
        new = self._text[self._sent : _MAX_SHOWN]
        if not new or self._failures >= _TRIES:
            return
        try:
            if self._stream is not None:
                await self._stream.append(new)
                await self._remember_ts(self._stream.ts)
            else:
                await self._edit(self._text[:_MAX_SHOWN])
            self._sent += len(new)
            self._failures = 0
        except FAILURES as error:
            limited = isinstance(error, SlackApiError) and error.response.status_code == 429
            if not limited and not isinstance(error, TooSoonError):  # these may be tried again
                log.info("An answer goes on as an edited message: %s", failure_reason(error))
                self._failures += self._stream is None
                self._stream = None

    async def _edit(self, text: str) -> None:
        stop = button(self._translation.stop, "footnote_stop", self._request.key)
        blocks: list[Block] = [{"type": "markdown", "text": text}, {"type": "actions", "elements": [stop]}]
        message = Message(text[:MAX_SECTION], tuple(blocks))
        await (self._update(message) if self._ts else self._post(message))

    async def _end_stream(self, stream: SlackStream, answer: RenderedAnswer) -> bool:
        """Whether the streamed text stands as the answer, with its footer below it."""
        if stream.ts is None:
            return False
        text = self._text + self._escaper.finish()
        stands = len(answer.messages) == 1 and text.strip() == answer.text.strip()
        try:
            await (stream.stop(text[self._sent :], answer.footer) if stands else stream.stop())
        except FAILURES as error:
            log.info("A stream ended by itself: %s", failure_reason(error))
            return False
        return stands

    async def _update(self, message: Message) -> None:
        await self._client.chat_update(
            channel=self._request.place.channel, ts=self._ts or "", text=message.text, blocks=list(message.blocks)
        )

    async def _post(self, message: Message) -> None:
        place = self._request.place
        await self._remember_ts(await post_message(self._client, place.channel, message, place.thread))

    async def _remember_ts(self, ts: str | None) -> None:
        if ts is not None and self._ts is None:
            self._ts = ts
            await self._save_ts(ts)

    async def _set_session(self, status: str) -> None:
        """While a session is processing, Slack shows its own stop button."""
        place = self._request.place
        arguments = {"channel_id": place.channel, "thread_ts": place.thread, "status": status}
        await self._workspace.impatient_client.api_call("agents.sessions.setStatus", json=arguments)


class UnpromptedReply(StreamedReply):
    """An answer that nobody asked the bot for: nothing is shown before it is finished."""

    def write(self, text: str) -> None:
        """Show nothing."""
