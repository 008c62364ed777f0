"""From what was heard to what is answered: who sees it, what is asked, and where the answer goes."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from api.context.event_streams import closing
from api.context.question_service import QuestionService
from api.core.inquiry import Inquiry
from api.middleware.failures import report_problem
from api.slack.events.event_store import Asked, Deliveries
from api.slack.events.thread_history import turns_before
from api.slack.messages.answer_stream import Silent, Visible
from api.slack.messages.blocks import Look, Written, cut_off, is_doubtful, plain, rendered
from api.slack.messages.replies import Alone, Reply
from api.slack.messages.slack_stream import Pace
from api.slack.messages.translations import WORDS, Words
from api.slack.workspace.installations import Workspace, Workspaces
from api.slack.workspace.places import Heard, Place, Sight
from api.slack.workspace.slack_access import Rights, Room
from indexes.types import Scope
from rag.question.filters import make_filters
from rag.question.validation import make_question
from rag.settings import Language, SlackChannelSettings
from rag.types import Answer, Completed, Delta, Question

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms is answered."""

    base_url: str | None = None
    """Where the viewer is."""
    language: Language = "en"
    people: tuple[str, ...] = ()
    """Ids of those who are asked where the documents do not answer."""
    feedback: bool = False
    """Whether somebody keeps what is said of answers."""
    max_question_chars: int = 8000
    documents: Callable[[Scope], int] = field(default=lambda _: 0)
    """How many may be found. May block."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where something was said, and what holds there."""

    workspace: Workspace
    room: Room
    rule: SlackChannelSettings
    words: Words


class Answering:
    """Answers what was heard, in the background."""

    def __init__(
        self, questions: QuestionService, workspaces: Workspaces, rights: Rights, deliveries: Deliveries, terms: Terms
    ) -> None:
        self._questions, self._workspaces, self._rights = questions, workspaces, rights
        self._deliveries, self._terms = deliveries, terms
        self._paces: dict[str, Pace] = {}
        self._running: dict[str, tuple[Place, asyncio.Task[Answer]]] = {}

    async def answer(self, heard: Heard) -> None:
        """Whatever happens, who asked is told; where that fails too, once the bot starts anew."""
        setting = await self.setting(heard)
        if setting is not None and (sight := _sight(heard, setting.rule)):
            if sight == "alone":
                await asyncio.to_thread(self._deliveries.whisper, heard.key)
            reply = self._reply(heard, setting, sight)
            try:
                if written := await self._written(heard, setting, sight, reply):
                    await reply.finish(written)
            finally:
                reply.leave()
            if sight == "silent" and written:
                await asyncio.to_thread(self._deliveries.join, heard.place)
        await asyncio.to_thread(self._deliveries.finish, heard.key)

    async def setting(self, heard: Heard) -> Setting | None:
        """None where the bot was taken out of the workspace."""
        workspace = await self._workspaces.of(heard.place.team)
        if workspace is None:
            log.warning("The bot is no longer installed in workspace %s", heard.place.team)
            return None
        room = await self._rights.room(workspace.client, workspace.team, heard.place.channel)
        rule = self._rights.rule(room)
        return Setting(workspace, room, rule, WORDS[rule.language or self._terms.language])

    def stop(self, matches: Callable[[str, Place], bool]) -> bool:
        """Ends the answers under way that match; what was written of them stays. Whether there were any."""
        found = [task for key, (place, task) in self._running.items() if matches(key, place)]
        for task in found:
            task.cancel()
        return bool(found)

    async def asked(self, heard: Heard, setting: Setting, *, private: bool) -> Inquiry:
        """The question for those who will see the answer. Raises as ``make_question`` and ``make_filters`` do."""
        client, rule = setting.workspace.client, setting.rule
        principal = await self._rights.principal(client, heard, setting.room, alone=private)
        question = await self._question(heard, setting.workspace)
        filters = make_filters(rule.paths, labels=rule.labels)
        asked = replace(question, audience=principal.audience, filters=filters, language=rule.language)
        return Inquiry(question=asked, principal=principal, via="slack")

    def look(self, heard: Heard, setting: Setting, answer_id: str, *, alone: bool) -> Look:
        return Look(
            words=setting.words,
            base_url=self._terms.base_url,
            answer_id=answer_id,
            feedback=self._terms.feedback,
            person=bool(self._terms.people),
            share=alone and not heard.direct and setting.room.name != "",
        )

    async def ask(self, ask: Inquiry, reply: Reply | None = None) -> Answer:
        async with closing(self._questions.stream(ask)) as events:
            async for event in events:
                if isinstance(event, Delta) and reply is not None:
                    reply.write(event.text)
                    await asyncio.sleep(0)  # a model that never waits would let nobody stop it
                elif isinstance(event, Completed):
                    return event.answer
        raise AssertionError("stream() always completes")

    async def _written(self, heard: Heard, setting: Setting, sight: Sight, reply: Reply) -> Written | None:
        """What is told; None where silence is."""
        try:
            ask = await self.asked(heard, setting, private=heard.direct or sight == "alone")
            await reply.begin(await self._status(ask, setting.words))
            answer = await self._stoppable(heard, ask, reply)
        except Exception as error:  # noqa: BLE001 - who asked is told, whatever it is
            return None if sight == "silent" else plain(_failure(error))
        if answer is None:
            return cut_off(reply.so_far, setting.words.stopped)
        if sight == "silent" and (why := _unfit(answer)):
            log.info("Stayed silent in %s: %s", heard.place.channel, why)
            return None
        await self._remember(ask, heard, alone=sight == "alone")
        return rendered(answer, self.look(heard, setting, ask.id, alone=sight == "alone"))

    async def _stoppable(self, heard: Heard, ask: Inquiry, reply: Reply) -> Answer | None:
        """None where it was stopped."""
        task = asyncio.create_task(self.ask(ask, reply))
        self._running[heard.key] = heard.place, task
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                task.cancel()
                raise
            return None
        finally:
            del self._running[heard.key]

    async def _remember(self, ask: Inquiry, heard: Heard, *, alone: bool) -> None:
        asked = Asked(heard.place, heard.user, ask.question.text, alone or heard.direct)
        await asyncio.to_thread(self._deliveries.remember, ask.id, asked)

    async def _question(self, heard: Heard, workspace: Workspace) -> Question:
        """A mention without a word asks what was said before."""
        history = await turns_before(workspace, heard) if heard.ts else ()
        text = heard.text
        if not text and history and history[-1].role == "user":
            history, text = history[:-1], history[-1].text
        return make_question(text, history, self._terms.max_question_chars)

    async def _status(self, ask: Inquiry, words: Words) -> str:
        scope = Scope(ask.principal.audience, ask.question.filters)
        return words.searching.format(f"{await asyncio.to_thread(self._terms.documents, scope):,}")

    def _reply(self, heard: Heard, setting: Setting, sight: Sight) -> Reply:
        async def posted(ts: str) -> None:
            await asyncio.to_thread(self._deliveries.replying, heard.key, ts)

        if sight == "alone":
            return Alone(setting.workspace, heard)
        kind = Silent if sight == "silent" else Visible
        pace = self._paces.setdefault(setting.workspace.team, Pace())
        return kind(setting.workspace, heard, setting.words, pace, posted)


_UNFIT: Mapping[str, str] = {"declined": "the documents do not answer", "partly": "they answer a part only"}


def _unfit(answer: Answer) -> str | None:
    """Why an answer is not given unasked."""
    if answer.status in _UNFIT:
        return _UNFIT[answer.status]
    if answer.cut_short:
        return "the answer was cut short"
    if not answer.sentences or not answer.citations:
        return "the answer claims nothing"
    doubtful = sum(map(is_doubtful, answer.sentences))
    return f"{doubtful} of its sentences are not supported" if doubtful else None


def _sight(heard: Heard, rule: SlackChannelSettings) -> Sight | None:
    """None where it is not for the bot."""
    if not heard.addressed:
        return "silent" if rule.mode == "auto" else None
    return "alone" if heard.alone or (rule.ephemeral and not heard.direct) else "room"


def _failure(error: Exception) -> str:
    problem = report_problem(error)
    return problem.detail or problem.title
