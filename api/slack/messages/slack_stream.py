"""Slack's own streams of a message, and how often they are added to."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

from api.slack.messages.blocks import Block
from api.slack.workspace.installations import Workspace
from api.slack.workspace.places import Heard


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
