"""Slack's own stream of a message, and how often messages are updated."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

from api.slack.messages.blocks import Block
from api.slack.workspace.installations import Workspace
from api.slack.workspace.slack_request import SlackRequest


class UpdatePacer:
    """Spaces the updates of all answers in a workspace, ``seconds`` apart."""

    def __init__(self, seconds: float = 0.7) -> None:
        self._seconds = seconds
        self._next = 0.0

    async def wait(self, cancelled: asyncio.Event) -> bool:
        """Wait until an update is allowed. False as soon as the event is set."""
        while not cancelled.is_set():
            wait = self._next - time.monotonic()
            if wait <= 0:
                self._next = time.monotonic() + self._seconds
                return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(cancelled.wait(), wait)
        return False


class SlackStream:
    """Slack's own stream of one message. If a call fails, its text was not taken."""

    def __init__(self, workspace: Workspace, request: SlackRequest) -> None:
        self._workspace, self._request = workspace, request
        self.ts: str | None = None
        """The message's timestamp; None before the first ``append``."""

    async def append(self, text: str) -> None:
        """Add text; the first text starts the stream."""
        chunks = [{"type": "markdown_text", "text": text}]
        channel, client = self._request.place.channel, self._workspace.impatient_client
        if self.ts is not None:
            await client.chat_appendStream(channel=channel, ts=self.ts, chunks=chunks)
            return
        response = await client.chat_startStream(
            channel=channel,
            thread_ts=self._request.place.thread or "",
            recipient_team_id=self._request.user_team or self._workspace.team,
            recipient_user_id=self._request.user,
            chunks=chunks,
        )
        self.ts = str(response["ts"])

    async def stop(self, text: str = "", blocks: Sequence[Block] = ()) -> None:
        """End the stream with the rest of the text, and blocks below it."""
        await self._workspace.client.chat_stopStream(
            channel=self._request.place.channel,
            ts=self.ts or "",
            chunks=[{"type": "markdown_text", "text": text}] if text else None,
            blocks=list(blocks) or None,
            session_status="active",
        )
