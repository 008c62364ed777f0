"""The bot, put together: what Slack delivers is claimed, acknowledged, and answered in the background.

Bolt runs each listener to its end before it acknowledges, so that what was acknowledged is on disk; none of them calls
Slack, or waits for anything but the disk.
"""

import asyncio
import logging
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse

from api.history.feedback_store import Feedback, FeedbackBox
from api.slack.events.background_work import BackgroundWork
from api.slack.events.claim_batching import Claims
from api.slack.events.event_store import Deliveries
from api.slack.events.payloads import Payload, heard_command, heard_message, heard_shortcut, spoken
from api.slack.interactions import DIALOG, Actions, dialog, feedback_of
from api.slack.recovery import tell_interrupted
from api.slack.responder import Answering
from api.slack.workspace.installations import Workspace, Workspaces
from api.slack.workspace.places import Heard, Place
from api.slack.workspace.rate_limited_client import PoliteClient
from api.slack.workspace.slack_access import Rights
from rag.settings import SlackSettings

log = logging.getLogger(__name__)
bolt_log = logging.getLogger(f"{__name__}.bolt")
bolt_log.setLevel(logging.ERROR)  # below it Bolt writes down what people said
SHORTCUT = "footnote_ask"
_STOPS = ("stop", "stopp", "halt", "arrête", "alto", "ferma")


class _Authorize(AsyncAuthorize):
    """Where the bot is not installed, Bolt answers."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def __call__(self, *, team_id: str | None, enterprise_id: str | None, **_: object) -> AuthorizeResult | None:
        workspace = await self._workspaces.of(team_id, enterprise_id)
        if workspace is None:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=workspace.team,
            bot_token=workspace.token,
            bot_id=workspace.bot_id,
            bot_user_id=workspace.bot_user,
        )


class Bot:
    """Between ``start`` and ``close`` it answers."""

    def __init__(
        self,
        settings: SlackSettings,
        workspaces: Workspaces,
        deliveries: Deliveries,
        answering: Answering,
        rights: Rights,
        box: FeedbackBox | None = None,
    ) -> None:
        self._settings, self._workspaces, self._deliveries = settings, workspaces, deliveries
        self._answering, self._rights = answering, rights
        self._claims = Claims(deliveries)
        self._actions = Actions(answering, deliveries, settings.people, box)
        self._background = BackgroundWork(settings.at_once)
        self.app = self._listening()

    async def start(self) -> None:
        """Tells of what was interrupted when the last process ended."""
        self._background.start(tell_interrupted(self._deliveries, self._workspaces, self._settings.language))

    async def close(self) -> None:
        """Ends what is under way, and says so where it was to appear."""
        await self._background.close()
        await tell_interrupted(self._deliveries, self._workspaces, self._settings.language)
        self._deliveries.close()

    async def idle(self) -> None:
        """When all that was heard is answered."""
        await self._background.idle()

    def _listening(self) -> AsyncApp:
        app = AsyncApp(
            client=PoliteClient(None, self._settings.api_url),
            authorize=_Authorize(self._workspaces),  # type: ignore[arg-type] # as Bolt has its own
            request_verification_enabled=False,  # http.py does, and answers 401 and 400 where Bolt fails
            process_before_response=True,
            logger=bolt_log,
        )
        app.error(_told)
        app.event("app_mention")(self._on_message)
        app.event("message")(self._on_message)
        app.event("app_home_opened")(self._on_opened)
        app.event("assistant_thread_started")(self._on_opened)
        app.event("agent_session_stopped")(self._on_stopped)
        app.event("app_uninstalled")(self._on_uninstalled)
        app.command(self._settings.command)(self._on_command)
        app.shortcut(SHORTCUT)(self._on_shortcut)
        app.action("footnote_stop")(self._on_stop)
        app.action("footnote_share")(self._on_share)
        app.action("footnote_person")(self._on_person)
        app.action("footnote_feedback")(self._on_feedback)
        app.view(DIALOG)(self._on_dialog)
        return app

    async def _on_message(self, event: Payload, context: AsyncBoltContext) -> None:
        workspace = await self._workspace(context)
        if not spoken(event, workspace):
            return
        heard = await asyncio.to_thread(
            heard_message, event, workspace, self._deliveries.takes_part, self._rights.may_be_auto
        )
        if heard is None:
            return
        if heard.addressed and heard.text.lower().strip(" .!") in _STOPS and self._stopped(heard.place):
            return
        await self._hear(heard)

    async def _on_command(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        if heard := heard_command(body, await self._workspace(context)):
            await self._hear(heard)

    async def _on_shortcut(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        if heard := heard_shortcut(body, await self._workspace(context)):
            await self._hear(heard)

    async def _on_opened(self, event: Payload, context: AsyncBoltContext) -> None:
        """The agent view says so when it is opened; the older assistant view, for each of its threads."""
        thread = event.get("assistant_thread") or {}
        channel = thread.get("channel_id") or event.get("channel")
        if self._settings.prompts and channel and event.get("tab") in (None, "messages"):
            self._background.start(self._prompt(await self._workspace(context), channel, thread.get("thread_ts")))

    async def _on_stopped(self, event: Payload, context: AsyncBoltContext) -> None:
        workspace = await self._workspace(context)
        self._stopped(Place(workspace.team, str(event.get("channel")), str(event.get("thread_ts"))))

    async def _on_uninstalled(self, context: AsyncBoltContext) -> None:
        if context.team_id:
            await self._workspaces.forget(context.team_id)

    async def _on_stop(self, ack: AsyncAck, action: Payload) -> None:
        await ack()
        self._answering.stop(lambda key, _: key == action.get("value"))

    async def _on_share(self, ack: AsyncAck, action: Payload, body: Payload) -> None:
        await ack()
        if heard := await self._actions.share(str(action.get("value")), body["user"]["id"]):
            self._background.enqueue(heard.place, lambda: self._actions.shared(heard))

    async def _on_person(self, ack: AsyncAck, action: Payload, body: Payload) -> None:
        await ack()
        self._background.start(self._actions.ask_people(str(action.get("value")), body["user"]["id"]))

    async def _on_feedback(self, ack: AsyncAck, action: Payload, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        verdict, _, answer_id = str(action.get("value")).partition(":")
        self._background.start(self._rated(await self._workspace(context), verdict, answer_id, body))

    async def _on_dialog(self, ack: AsyncAck, view: dict[str, Any], body: Payload) -> None:
        await ack()
        answer_id, user = view["private_metadata"], body["user"]["id"]
        if words := await self._actions.rate(answer_id, user, feedback_of(view)):
            self._background.start(self._actions.thank(answer_id, user, words))

    async def _rated(self, workspace: Workspace, verdict: str, answer_id: str, body: Payload) -> None:
        user = body["user"]["id"]
        words = await self._actions.rate(answer_id, user, Feedback(verdict="up" if verdict == "up" else "down"))
        if words is None:
            return
        if verdict == "up":
            await self._actions.thank(answer_id, user, words)
        else:
            await workspace.hasty.views_open(trigger_id=body["trigger_id"], view=dialog(answer_id, words))

    async def _prompt(self, workspace: Workspace, channel: str, thread: str | None) -> None:
        prompts = [{"title": text[:75], "message": text} for text in self._settings.prompts]
        await workspace.client.assistant_threads_setSuggestedPrompts(
            channel_id=channel, thread_ts=thread, prompts=prompts
        )

    async def _hear(self, heard: Heard) -> None:
        """Once it is on disk it will be answered, or told that it was not."""
        if await self._claims.claim(heard, quiet=not heard.addressed):
            self._background.enqueue(heard.place, lambda: self._answering.answer(heard))

    def _stopped(self, place: Place) -> bool:
        return self._answering.stop(lambda _, where: where == place)

    async def _workspace(self, context: AsyncBoltContext) -> Workspace:
        workspace = await self._workspaces.of(context.team_id, context.enterprise_id)
        if workspace is None:
            raise LookupError("it was found when the request was authorised, and is gone")
        return workspace


async def _told(error: Exception) -> BoltResponse:
    """Where Slack sent what Bolt cannot take, 400; where we failed, 503, and Slack tries again."""
    malformed = isinstance(error, AttributeError | LookupError | TypeError | ValueError)
    log.error("What Slack sent could not be taken: %r", error, exc_info=error)
    return BoltResponse(status=400 if malformed else 503)
