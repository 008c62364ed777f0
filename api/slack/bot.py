"""The bot: it claims and acknowledges what Slack delivers, and answers in the background.

Bolt runs a listener to its end before it acknowledges, so what was acknowledged is on disk. No listener calls Slack,
or waits for anything but the disk.
"""

import asyncio
import logging
from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse

from api.history.feedback_store import FeedbackStores
from api.slack.events.background_work import BackgroundWork
from api.slack.events.claim_batching import ClaimBatcher
from api.slack.events.event_store import EventStore
from api.slack.events.intents import is_stop
from api.slack.events.payloads import Payload, as_written, is_from_person, parse_command, parse_message, parse_shortcut
from api.slack.interactions import FEEDBACK_DIALOG, AnswerButtons, read_feedback
from api.slack.recovery import report_interrupted
from api.slack.responder import Responder
from api.slack.workspace.installations import Workspace, Workspaces
from api.slack.workspace.rate_limited_client import RateLimitedClient
from api.slack.workspace.slack_access import SlackAccess
from api.slack.workspace.slack_request import SlackPlace, SlackRequest
from rag.settings import SlackSettings

log = logging.getLogger(__name__)
bolt_log = logging.getLogger(f"{__name__}.bolt")
bolt_log.setLevel(logging.ERROR)  # at lower levels Bolt logs what people wrote
SHORTCUT = "footnote_ask"


class _Authorize(AsyncAuthorize):
    """Bolt refuses a request if the bot is not installed in its workspace."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def __call__(self, *, team_id: str | None, enterprise_id: str | None, **_: object) -> AuthorizeResult | None:
        workspace = await self._workspaces.find(team_id, enterprise_id)
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
    """Answers between ``start`` and ``close``; ``app`` takes Slack's requests."""

    def __init__(
        self,
        settings: SlackSettings,
        workspaces: Workspaces,
        event_store: EventStore,
        responder: Responder,
        access: SlackAccess,
        feedback: FeedbackStores | None = None,
    ) -> None:
        self._settings, self._workspaces, self._event_store = settings, workspaces, event_store
        self._responder, self._access = responder, access
        self._claims = ClaimBatcher(event_store)
        self._buttons = AnswerButtons(responder, event_store, settings.people, feedback)
        self._background = BackgroundWork(settings.at_once)
        self.app = AsyncApp(
            client=RateLimitedClient(None, settings.api_url),
            authorize=_Authorize(workspaces),  # type: ignore[arg-type] # Bolt expects its own type
            request_verification_enabled=False,  # http_mode verifies, and answers 401 and 400 where Bolt fails
            process_before_response=True,
            logger=bolt_log,
        )
        self._listen_to_questions(self.app)
        self._listen_to_views(self.app)
        self._listen_to_buttons(self.app)

    async def start(self) -> None:
        """Report answers that were interrupted when the last process ended."""
        self._background.start(report_interrupted(self._event_store, self._workspaces, self._settings.language))

    async def close(self) -> None:
        """Stop the answers that are being written, and report them as interrupted."""
        await self._background.close()
        await report_interrupted(self._event_store, self._workspaces, self._settings.language)
        self._event_store.close()

    async def idle(self) -> None:
        """Wait until every request is answered."""
        await self._background.idle()

    def _listen_to_questions(self, app: AsyncApp) -> None:
        @app.error
        async def on_failure(error: Exception) -> BoltResponse:
            """400 for a payload that Bolt cannot take; 503 for a failure of ours, and Slack tries again."""
            malformed = isinstance(error, AttributeError | LookupError | TypeError | ValueError)
            log.error("Slack's request failed: %r", error, exc_info=error)
            return BoltResponse(status=400 if malformed else 503)

        @app.event("app_mention")
        @app.event("message")
        async def on_message(event: Payload, context: AsyncBoltContext) -> None:
            workspace = await self._workspace(context)
            message = as_written(event, workspace)
            if not is_from_person(message, workspace):
                return
            request = await asyncio.to_thread(
                parse_message, message, workspace, self._event_store.takes_part, self._access.may_be_auto
            )
            if request is None:
                return
            if (request.addressed or request.follow_up) and is_stop(request.text) and self._stop_in(request.place):
                return
            await self._claim_and_answer(request)

        @app.command(self._settings.command)
        async def on_command(ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
            await ack()
            if request := parse_command(body, await self._workspace(context)):
                await self._claim_and_answer(request)

        @app.shortcut(SHORTCUT)
        async def on_shortcut(ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
            await ack()
            if request := parse_shortcut(body, await self._workspace(context)):
                await self._claim_and_answer(request)

    def _listen_to_views(self, app: AsyncApp) -> None:
        @app.event("app_home_opened")
        @app.event("assistant_thread_started")
        async def suggest_prompts(event: Payload, context: AsyncBoltContext) -> None:
            """In the agent view when it is opened; in the older assistant view for each thread."""
            thread = event.get("assistant_thread") or {}
            channel = thread.get("channel_id") or event.get("channel")
            if not self._settings.prompts or not channel or event.get("tab") not in (None, "messages"):
                return
            client = (await self._workspace(context)).client
            prompts = [{"title": text[:75], "message": text} for text in self._settings.prompts]

            async def suggest() -> None:
                await client.assistant_threads_setSuggestedPrompts(
                    channel_id=channel, thread_ts=thread.get("thread_ts"), prompts=prompts
                )

            self._background.start(suggest())

        @app.event("agent_session_stopped")
        async def on_session_stopped(event: Payload, context: AsyncBoltContext) -> None:
            workspace = await self._workspace(context)
            self._stop_in(SlackPlace(workspace.team, str(event.get("channel")), str(event.get("thread_ts"))))

        @app.event("app_uninstalled")
        async def on_uninstalled(context: AsyncBoltContext) -> None:
            if context.team_id:
                await self._workspaces.remove(context.team_id)

    def _listen_to_buttons(self, app: AsyncApp) -> None:
        @app.action("footnote_stop")
        async def on_stop(ack: AsyncAck, action: Payload) -> None:
            await ack()
            self._responder.stop(lambda key, _: key == action.get("value"))

        @app.action("footnote_share")
        async def on_share(ack: AsyncAck, action: Payload, body: Payload) -> None:
            await ack()
            if request := await self._buttons.claim_share(str(action.get("value")), body["user"]["id"]):
                self._background.enqueue(request.place, lambda: self._buttons.share(request))

        @app.action("footnote_person")
        async def on_ask_person(ack: AsyncAck, action: Payload, body: Payload) -> None:
            await ack()
            self._background.start(self._buttons.ask_people(str(action.get("value")), body["user"]["id"]))

        @app.action("footnote_feedback")
        async def on_feedback(ack: AsyncAck, action: Payload, body: Payload, context: AsyncBoltContext) -> None:
            await ack()
            verdict, _, answer_id = str(action.get("value")).partition(":")
            client = (await self._workspace(context)).impatient_client
            open_dialog = partial(client.views_open, trigger_id=body["trigger_id"])
            self._background.start(
                self._buttons.rate_by_thumb(answer_id, body["user"]["id"], up=verdict == "up", open_dialog=open_dialog)
            )

        @app.view(FEEDBACK_DIALOG)
        async def on_dialog(ack: AsyncAck, view: dict[str, Any], body: Payload) -> None:
            await ack()
            answer_id, user = view["private_metadata"], body["user"]["id"]
            if translation := await self._buttons.rate(answer_id, user, read_feedback(view)):
                self._background.start(self._buttons.thank(answer_id, user, translation))

    async def _claim_and_answer(self, request: SlackRequest) -> None:
        """Unless it is a duplicate. Once it is claimed, it is answered or reported as interrupted."""
        if await self._claims.claim(request, quiet=not request.addressed):
            self._background.enqueue(request.place, lambda: self._responder.answer(request))

    def _stop_in(self, place: SlackPlace) -> bool:
        return self._responder.stop(lambda _, running_in: running_in == place)

    async def _workspace(self, context: AsyncBoltContext) -> Workspace:
        workspace = await self._workspaces.find(context.team_id, context.enterprise_id)
        if workspace is None:
            raise LookupError("the bot was removed from the workspace after the request was authorised")
        return workspace
