"""An answer as it is written: into Slack's own stream, or where that cannot be, into one message that is edited."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from api.slack.harmless import HarmlessStream
from api.slack.installations import Workspace
from api.slack.polite import TooSoonError
from api.slack.rendering import MAX_MARKDOWN, MAX_SECTION, Block, Message, Written, button
from api.slack.rights import FAILURES, reason
from api.slack.types import Heard
from api.slack.words import Words

log = logging.getLogger(__name__)
_STATUS_SECONDS = 90.0
"""Slack takes a status back after two minutes."""
_SHOWN = MAX_MARKDOWN - 1000
"""Characters that are shown while it is written; the rest comes with the answer."""
_KEPT = 100_000
"""Characters that are remembered of what is being written."""
_TRIES = 3


class Reply(Protocol):
    """Where an answer goes, and those see it who may."""

    @property
    def so_far(self) -> str:
        """What was written, as far as it is shown."""

    async def begin(self, status: str) -> None:
        """Says that the question is being worked on."""

    def write(self, text: str) -> None:
        """More of what is being written. Returns at once."""

    async def finish(self, written: Written) -> None:
        """What stands in the end."""

    def leave(self) -> None:
        """It is finished, or never will be."""


class Pace:
    """Spaces what may be left out: of all the answers in a workspace, one is brought up to date at a time."""

    def __init__(self, seconds: float = 0.7) -> None:
        self._seconds = seconds
        self._next = 0.0

    async def turn(self, over: asyncio.Event) -> bool:
        """Whether it is: False once it is ``over``."""
        while not over.is_set():
            wait = self._next - time.monotonic()
            if wait <= 0:
                self._next = time.monotonic() + self._seconds
                return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), wait)
        return False


class Stream:
    """Slack's own stream of one message. Text that was refused was not taken."""

    def __init__(self, workspace: Workspace, heard: Heard) -> None:
        self._workspace, self._heard = workspace, heard
        self.ts: str | None = None
        """None until it began."""

    async def append(self, text: str) -> None:
        chunks = [{"type": "markdown_text", "text": text}]
        channel, client = self._heard.place.channel, self._workspace.hasty
        if self.ts is not None:
            await client.chat_appendStream(channel=channel, ts=self.ts, chunks=chunks)
            return
        told = await client.chat_startStream(
            channel=channel,
            thread_ts=self._heard.place.thread or "",
            recipient_team_id=self._heard.user_team or self._workspace.team,
            recipient_user_id=self._heard.user,
            chunks=chunks,
        )
        self.ts = str(told["ts"])

    async def stop(self, text: str = "", blocks: Sequence[Block] = ()) -> None:
        await self._workspace.client.chat_stopStream(
            channel=self._heard.place.channel,
            ts=self.ts or "",
            chunks=[{"type": "markdown_text", "text": text}] if text else None,
            blocks=list(blocks) or None,
            session_status="active",
        )


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
            await _unless_refused(self._session("active"))

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
        await _unless_refused(self._session("processing"))
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
                    await _unless_refused(self._edit(f"_{status}_"))
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


class Alone:
    """For who asked and nobody else: as an answer to a command, or beside the question, or at the last directly."""

    def __init__(self, workspace: Workspace, heard: Heard) -> None:
        self._workspace, self._heard = workspace, heard
        self._answers = 4
        """Of the five that Slack takes to a command."""
        self.so_far = ""

    async def begin(self, status: str) -> None:
        if self._heard.response_url:
            await _unless_refused(self._respond(Message(f"_{status}_"), replace=False))
        else:
            await _unless_refused(self._set_status(status))

    def write(self, text: str) -> None:
        """Nobody sees it before it is done: each version would be a message of its own."""

    async def finish(self, written: Written) -> None:
        for n, message in enumerate(written.messages):
            await self._tell(message, first=n == 0)
        if not self._heard.response_url:
            await _unless_refused(self._set_status(""))

    def leave(self) -> None:
        pass

    async def _tell(self, message: Message, *, first: bool) -> None:
        if self._heard.response_url and self._answers:
            self._answers -= 1
            with contextlib.suppress(*FAILURES):
                await self._respond(message, replace=first)
                return
        await whisper(self._workspace.client, self._heard, message)

    async def _respond(self, message: Message, *, replace: bool) -> None:
        told = await AsyncWebhookClient(self._heard.response_url or "", timeout=15).send(
            text=message.text,
            blocks=list(message.blocks) or None,
            response_type="ephemeral",
            replace_original=replace,
        )
        if told.status_code != 200:
            raise TimeoutError(f"response_url: {told.status_code}")

    async def _set_status(self, status: str) -> None:
        place = self._heard.place
        if place.thread:
            await self._workspace.hasty.assistant_threads_setStatus(
                channel_id=place.channel, thread_ts=place.thread, status=status
            )


class Silent(Visible):
    """Nobody is told of it before it is done."""

    async def begin(self, status: str) -> None:
        pass

    def write(self, text: str) -> None:
        pass


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


def _too_soon(error: BaseException) -> bool:
    """Whether it may be tried again later."""
    return isinstance(error, TooSoonError) or (isinstance(error, SlackApiError) and error.response.status_code == 429)


async def _unless_refused(work: Awaitable[None]) -> None:
    """What is only nice to have."""
    try:
        await work
    except FAILURES as error:
        log.debug("Slack refused: %s", reason(error))
