"""Where an answer goes."""

import contextlib
from typing import Protocol

from slack_sdk.webhook.async_client import AsyncWebhookClient

from api.slack.messages.blocks import Message, RenderedAnswer
from api.slack.messages.posting import ignore_failures, post_privately
from api.slack.workspace.installations import Workspace
from api.slack.workspace.slack_access import FAILURES
from api.slack.workspace.slack_request import SlackRequest


class Reply(Protocol):
    """Where an answer goes, from the first status to the sources."""

    @property
    def so_far(self) -> str:
        """The text that is shown while the answer is written."""

    async def begin(self, status: str) -> None:
        """Show that the question is being worked on."""

    def write(self, text: str) -> None:
        """Add to the answer. Returns at once."""

    async def finish(self, answer: RenderedAnswer) -> None:
        """Show the whole answer."""

    def cancel(self) -> None:
        """Stop showing progress; also called after ``finish``."""


class PrivateReply:
    """For the asker alone: a response to a command, or beside the question, or else a direct message."""

    def __init__(self, workspace: Workspace, request: SlackRequest) -> None:
        self._workspace, self._request = workspace, request
        self._responses = 4
        """What is left of the five that Slack takes to a command, after the status."""
        self.so_far = ""

    async def begin(self, status: str) -> None:
        """Show the status to the asker."""
        if self._request.response_url:
            await ignore_failures(self._respond(Message(f"_{status}_"), replace=False))
        else:
            await ignore_failures(self._set_status(status))

    def write(self, text: str) -> None:
        """Show nothing yet: each version would be a message of its own."""

    async def finish(self, answer: RenderedAnswer) -> None:
        """Send the answer's messages, in place of the status."""
        for number, message in enumerate(answer.messages):
            if self._request.response_url and self._responses:
                self._responses -= 1
                with contextlib.suppress(*FAILURES):
                    await self._respond(message, replace=number == 0)
                    continue
            await post_privately(self._workspace.client, self._request, message)
        if not self._request.response_url:
            await ignore_failures(self._set_status(""))

    def cancel(self) -> None:
        """Do nothing: no progress is shown."""

    async def _respond(self, message: Message, *, replace: bool) -> None:
        response = await AsyncWebhookClient(self._request.response_url or "", timeout=15).send(
            text=message.text,
            blocks=list(message.blocks) or None,
            response_type="ephemeral",
            replace_original=replace,
        )
        if response.status_code != 200:
            raise TimeoutError(f"response_url: {response.status_code}")

    async def _set_status(self, status: str) -> None:
        place = self._request.place
        if place.thread:
            await self._workspace.impatient_client.assistant_threads_setStatus(
                channel_id=place.channel, thread_ts=place.thread, status=status
            )
