"""An answer as it is written: into Slack's own stream, or where that cannot be, into one message that is edited."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from slack_sdk.errors import SlackApiError

from api.slack.messages.blocks import MAX_MARKDOWN, MAX_SECTION, Block, Message, Written, button
from api.slack.messages.escaping import HarmlessStream
from api.slack.messages.posting import post, unless_refused
from api.slack.messages.slack_stream import Pace, Stream
from api.slack.messages.translations import Words
from api.slack.workspace.installations import Workspace
from api.slack.workspace.places import Heard
from api.slack.workspace.rate_limited_client import TooSoonError
from api.slack.workspace.slack_access import FAILURES, reason

log = logging.getLogger(__name__)
_STATUS_SECONDS = 90.0
"""Slack takes a status back after two minutes."""
_SHOWN = MAX_MARKDOWN - 1000
"""Characters that are shown while it is written; the rest comes with the answer."""
_KEPT = 100_000
"""Characters that are remembered of what is being written."""
_TRIES = 3


class Visible:
    """In a thread, for all who are there. ``posted`` is told the ``ts`` of its message as soon as there is one."""

    def __init__(
        self, workspace: Workspace, heard: Heard, words: Words, pace: Pace, posted: Callable[[str], Awaitable[None]]
    ) -> None:
        self._workspace, self._client, self._heard, self._words = workspace, workspace.client, heard, words
        self._pace, self._posted = pace, posted
        self._safe = HarmlessStream()
        self._told, self._sent = "", 0
        self._more, self._over = asyncio.Event(), asyncio.Event()
        self._ts: str | None = None
        self._stream: Stream | None = None
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    @property
    def so_far(self) -> str:
        return self._told[:_SHOWN]

    async def begin(self, status: str) -> None:
        self._task = asyncio.create_task(self._show(status))

    def write(self, text: str) -> None:
        if len(self._told) < _KEPT:
            self._told += self._safe.feed(text)
        if self._told:
            self._more.set()

    async def finish(self, written: Written) -> None:
        await self._end()
        if self._stream is not None and await self._stopped_as_it_is(self._stream, written):
            return
        first, *others = written.messages
        await self._put(first)
        for message in others:
            await self._post(message)
        if self._task is not None:
            await unless_refused(self._session("active"))

    def leave(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _end(self) -> None:
        self._over.set()
        self._more.set()
        if self._task is not None:
            await self._task

    async def _show(self, status: str) -> None:
        """Until it is over: that it is worked on, then what is written."""
        await unless_refused(self._session("processing"))
        await self._wait(status)
        self._stream = Stream(self._workspace, self._heard) if self._ts is None else None
        while await self._pace.turn(self._over):
            await self._flush()
            self._more.clear()
            if not self._over.is_set() and self._sent >= min(len(self._told), _SHOWN):
                await self._more.wait()

    async def _wait(self, status: str) -> None:
        """For the first words. Where a status cannot be shown, a message says it, and is edited from then on."""
        while not self._more.is_set():
            try:
                await self._set_status(status)
            except FAILURES:
                if self._ts is None:
                    await unless_refused(self._edit(f"_{status}_"))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._more.wait(), _STATUS_SECONDS)

    async def _flush(self) -> None:
        """Shows what is new. Where the stream was refused or has run out, the message is edited instead."""
        new = self._told[self._sent : _SHOWN]
        if not new or self._failures >= _TRIES:
            return
        try:
            if self._stream is not None:
                await self._stream.append(new)
                await self._is(self._stream.ts)
            else:
                await self._edit(self._told[:_SHOWN])
            self._sent += len(new)
            self._failures = 0
        except FAILURES as error:
            if not _too_soon(error):
                log.info("An answer goes on as an edited message: %s", reason(error))
                self._failures += self._stream is None
                self._stream = None

    async def _edit(self, text: str) -> None:
        stop = button(self._words.stop, "footnote_stop", self._heard.key)
        blocks: list[Block] = [{"type": "markdown", "text": text}, {"type": "actions", "elements": [stop]}]
        message = Message(text[:MAX_SECTION], tuple(blocks))
        await (self._update(message) if self._ts else self._post(message))

    async def _stopped_as_it_is(self, stream: Stream, written: Written) -> bool:
        """Ends the stream, if it began. Whether what was streamed stands, with what comes below it."""
        if stream.ts is None:
            return False
        whole = self._told + self._safe.finish()
        stands = len(written.messages) == 1 and whole.strip() == written.text.strip()
        try:
            await (stream.stop(whole[self._sent :], written.below) if stands else stream.stop())
        except FAILURES as error:
            log.info("A stream ended by itself: %s", reason(error))
            return False
        return stands

    async def _put(self, message: Message) -> None:
        """Into the message there is, or a new one where it cannot be edited."""
        if self._ts is not None:
            try:
                await self._update(message)
            except FAILURES as error:
                log.info("An answer comes in a new message: %s", reason(error))
            else:
                return
        await self._post(message)

    async def _update(self, message: Message) -> None:
        await self._client.chat_update(
            channel=self._heard.place.channel, ts=self._ts or "", text=message.text, blocks=list(message.blocks)
        )

    async def _post(self, message: Message) -> None:
        place = self._heard.place
        told = await post(self._client, place.channel, message, place.thread)
        await self._is(told)

    async def _is(self, ts: str | None) -> None:
        if ts is not None and self._ts is None:
            self._ts = ts
            await self._posted(ts)

    async def _set_status(self, status: str) -> None:
        place = self._heard.place
        await self._workspace.hasty.assistant_threads_setStatus(
            channel_id=place.channel, thread_ts=place.thread or "", status=status
        )

    async def _session(self, status: str) -> None:
        """While it is processing, Slack shows its own stop button."""
        place = self._heard.place
        arguments = {"channel_id": place.channel, "thread_ts": place.thread, "status": status}
        await self._workspace.hasty.api_call("agents.sessions.setStatus", json=arguments)


class Silent(Visible):
    """Nobody is told of it before it is done."""

    async def begin(self, status: str) -> None:
        pass

    def write(self, text: str) -> None:
        pass


def _too_soon(error: BaseException) -> bool:
    """Whether it may be tried again later."""
    return isinstance(error, TooSoonError) or (isinstance(error, SlackApiError) and error.response.status_code == 429)
