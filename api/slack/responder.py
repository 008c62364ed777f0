"""Answers a request in Slack: who will see the answer, what is asked, and where the answer goes."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from api.context.question_service import QuestionService
from api.core.inquiry import Inquiry
from api.middleware.failures import report_problem
from api.slack.events.event_store import AnsweredQuestion, EventStore
from api.slack.events.intents import is_help
from api.slack.events.thread_history import turns_before
from api.slack.messages.answer_stream import StreamedReply, UnpromptedReply
from api.slack.messages.blocks import (
    RenderedAnswer,
    RenderOptions,
    is_doubtful,
    render_answer,
    render_notice,
    render_stopped,
)
from api.slack.messages.replies import PrivateReply, Reply
from api.slack.messages.slack_stream import UpdatePacer
from api.slack.messages.translations import TRANSLATIONS, Translation
from api.slack.workspace.installations import Workspace, Workspaces
from api.slack.workspace.slack_access import Channel, SlackAccess
from api.slack.workspace.slack_request import SlackPlace, SlackRequest
from indexes.types import Scope
from rag.question.filters import make_filters
from rag.question.validation import make_question
from rag.settings import Language, SlackChannelSettings
from rag.types import Answer, Completed, Delta

log = logging.getLogger(__name__)
_UNFIT_STATUSES: Mapping[str, str] = {
    "declined": "the documents do not answer",
    "unverified": "no document bears it out",
    "partly": "the documents answer only a part",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderOptions:
    """What holds for all answers."""

    base_url: str | None = None
    """The address of the viewer."""
    language: Language = "en"
    people: tuple[str, ...] = ()
    """Ids of the users whom "Ask a person" asks."""
    feedback: bool = False
    """Whether feedback on answers is kept."""
    max_question_chars: int = 8000
    count_documents: Callable[[Scope], int] = field(default=lambda _: 0)
    """How many documents a search may find. May block."""


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """Where something was asked, with the rule and the language of the channel."""

    workspace: Workspace
    channel: Channel
    rule: SlackChannelSettings
    translation: Translation


class Responder:
    """Answers requests; run it in the background."""

    def __init__(
        self,
        questions: QuestionService,
        workspaces: Workspaces,
        access: SlackAccess,
        event_store: EventStore,
        options: ResponderOptions,
    ) -> None:
        self._questions, self._workspaces, self._access = questions, workspaces, access
        self._event_store, self._options = event_store, options
        self._pacers: dict[str, UpdatePacer] = {}
        self._running: dict[str, tuple[SlackPlace, asyncio.Task[Answer]]] = {}

    async def answer(self, request: SlackRequest) -> None:
        """Answer, or say why not. If even that fails, the request is reported at the next start."""
        context = await self.context_of(request)
        expected = request.addressed or request.follow_up
        if context is not None and (expected or context.rule.mode == "auto"):
            asker_only = request.asker_only or (expected and context.rule.ephemeral and not request.direct)
            if asker_only:
                await asyncio.to_thread(self._event_store.set_asker_only, request.key)
            reply = self._reply(request, context, asker_only=asker_only)
            try:
                answer = await self._render(request, context, reply, asker_only=asker_only)
                if answer is not None:
                    await reply.finish(answer)
            finally:
                reply.cancel()
            if answer is not None and not request.addressed:
                await asyncio.to_thread(self._event_store.join_thread, request.place)
        await asyncio.to_thread(self._event_store.finish, request.key)

    async def context_of(self, request: SlackRequest) -> ChannelContext | None:
        """The request's channel, or None if the bot was removed from the workspace."""
        workspace = await self._workspaces.find(request.place.team)
        if workspace is None:
            log.warning("The bot is no longer installed in workspace %s", request.place.team)
            return None
        channel = await self._access.channel(workspace.client, workspace.team, request.place.channel)
        rule = self._access.rule(channel)
        return ChannelContext(workspace, channel, rule, TRANSLATIONS[rule.language or self._options.language])

    def stop(self, matches: Callable[[str, SlackPlace], bool]) -> bool:
        """Stop the running answers whose key and place match; their text so far stays. Whether there were any."""
        tasks = [task for key, (place, task) in self._running.items() if matches(key, place)]
        for task in tasks:
            task.cancel()
        return bool(tasks)

    async def make_inquiry(self, request: SlackRequest, context: ChannelContext, *, asker_only: bool) -> Inquiry:
        """The question, with the audience of those who will see the answer.

        A mention without text asks the message before it. Raises as ``make_question`` and ``make_filters`` do.
        """
        workspace, rule = context.workspace, context.rule
        principal = await self._access.principal(workspace.client, request, context.channel, asker_only=asker_only)
        history = await turns_before(workspace, request) if request.ts else ()
        text = request.text
        if not text and history and history[-1].role == "user":
            history, text = history[:-1], history[-1].text
        question = make_question(text, history, self._options.max_question_chars)
        filters = make_filters(rule.paths, labels=rule.labels)
        question = replace(question, audience=principal.audience, filters=filters, language=rule.language)
        return Inquiry(question=question, principal=principal, via="slack")

    def render_options(
        self, request: SlackRequest, context: ChannelContext, answer_id: str, *, asker_only: bool
    ) -> RenderOptions:
        """How an answer is rendered; only an asker who is alone in a channel may share it."""
        return RenderOptions(
            translation=context.translation,
            base_url=self._options.base_url,
            answer_id=answer_id,
            feedback=self._options.feedback,
            person=bool(self._options.people),
            share=asker_only and not request.direct and context.channel.name != "",
        )

    async def ask(self, inquiry: Inquiry, reply: Reply | None = None) -> Answer:
        """The answer; ``reply`` shows its text while it is written."""
        async with aclosing(self._questions.stream(inquiry)) as events:
            async for event in events:
                if isinstance(event, Delta) and reply is not None:
                    reply.write(event.text)
                    await asyncio.sleep(0)  # a model that never waits could not be stopped otherwise
                elif isinstance(event, Completed):
                    return event.answer
        raise AssertionError("stream() always completes")

    async def _render(
        self, request: SlackRequest, context: ChannelContext, reply: Reply, *, asker_only: bool
    ) -> RenderedAnswer | None:
        """The answer or the failure; None if an answer without a mention is not good enough to be given."""
        if request.addressed and is_help(request.text):
            return render_notice(context.translation.help)
        try:
            inquiry = await self.make_inquiry(request, context, asker_only=request.direct or asker_only)
            scope = Scope(inquiry.principal.audience, inquiry.question.filters)
            documents = await asyncio.to_thread(self._options.count_documents, scope)
            if request.addressed:
                await reply.begin(context.translation.searching.format(f"{documents:,}"))
            answer = await self._run_stoppable(request, inquiry, reply)
        except Exception as error:  # noqa: BLE001 - the asker is told, whatever it is
            problem = report_problem(error)
            return render_notice(problem.detail or problem.title) if request.addressed else None
        if answer is None:
            return render_stopped(reply.so_far, context.translation.stopped)
        if not request.addressed and (reason := _unfit_reason(answer, of_thread=request.follow_up)):
            log.info("Stayed silent in %s: %s", request.place.channel, reason)
            return None
        private = asker_only or request.direct
        question = AnsweredQuestion(request.place, request.user, inquiry.question.text, private)
        await asyncio.to_thread(self._event_store.save_question, inquiry.id, question)
        return render_answer(answer, self.render_options(request, context, inquiry.id, asker_only=asker_only))

    async def _run_stoppable(self, request: SlackRequest, inquiry: Inquiry, reply: Reply) -> Answer | None:
        """The answer, or None if ``stop`` ended it."""
        task = asyncio.create_task(self.ask(inquiry, reply))
        self._running[request.key] = request.place, task
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                task.cancel()
                raise
            return None
        finally:
            del self._running[request.key]

    def _reply(self, request: SlackRequest, context: ChannelContext, *, asker_only: bool) -> Reply:
        async def save_ts(ts: str) -> None:
            await asyncio.to_thread(self._event_store.set_reply, request.key, ts)

        if asker_only:
            return PrivateReply(context.workspace, request)
        reply_type = StreamedReply if request.addressed else UnpromptedReply
        pacer = self._pacers.setdefault(context.workspace.team, UpdatePacer())
        return reply_type(context.workspace, request, context.translation, pacer, save_ts)


def _unfit_reason(answer: Answer, *, of_thread: bool) -> str | None:
    """Why an answer is not given unasked, or None if it is. In a thread of the bot it may have marked sentences."""
    if of_thread and answer.status in ("answered", "partly"):
        return None if answer.citations else "the answer claims nothing"
    if answer.status in _UNFIT_STATUSES:
        return _UNFIT_STATUSES[answer.status]
    if answer.cut_short:
        return "the answer was cut short"
    if not answer.sentences or not answer.citations:
        return "the answer claims nothing"
    doubtful = sum(map(is_doubtful, answer.sentences))
    return f"{doubtful} of its sentences are not supported" if doubtful else None
