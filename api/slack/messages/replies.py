"""Where an answer goes."""

import contextlib
from typing import Protocol

from slack_sdk.webhook.async_client import AsyncWebhookClient

from api.slack.messages.blocks import Message, Written
from api.slack.messages.posting import unless_refused, whisper
from api.slack.workspace.installations import Workspace
from api.slack.workspace.places import Heard
from api.slack.workspace.slack_access import FAILURES


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


class Alone:
    """For who asked and nobody else: as an answer to a command, or beside the question, or at the last directly."""

    def __init__(self, workspace: Workspace, heard: Heard) -> None:
        self._workspace, self._heard = workspace, heard
        self._answers = 4
        """Of the five that Slack takes to a command."""
        self.so_far = ""

    async def begin(self, status: str) -> None:
        if self._heard.response_url:
            await unless_refused(self._respond(Message(f"_{status}_"), replace=False))
        else:
            await unless_refused(self._set_status(status))

    def write(self, text: str) -> None:
        """Nobody sees it before it is done: each version would be a message of its own."""

    async def finish(self, written: Written) -> None:
        for n, message in enumerate(written.messages):
            await self._tell(message, first=n == 0)
        if not self._heard.response_url:
            await unless_refused(self._set_status(""))

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
