"""The buttons below an answer: share it, ask a person, give feedback."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, get_args

from api.core.principals import Principal
from api.history.feedback_store import Feedback, FeedbackStores, Reason
from api.slack.events.event_store import AnsweredQuestion, EventStore
from api.slack.messages.blocks import MAX_SECTION, Message, render_answer, render_notice, section
from api.slack.messages.escaping import escape_mrkdwn
from api.slack.messages.posting import post_message, post_privately
from api.slack.messages.translations import Translation
from api.slack.responder import Responder
from api.slack.workspace.slack_request import SlackRequest
from indexes.errors import FootnoteError
from indexes.types import PUBLIC

log = logging.getLogger(__name__)
REASONS: tuple[Reason, ...] = get_args(Reason)
FEEDBACK_DIALOG = "footnote_reason"
_MAX_CORRECTION = 8000
"""Characters of what an answer should have said."""


class AnswerButtons:
    """Does what the buttons say, once each however often one is pressed."""

    def __init__(
        self, responder: Responder, event_store: EventStore, people: Sequence[str], feedback: FeedbackStores | None
    ) -> None:
        self._responder, self._event_store = responder, event_store
        self._people, self._feedback = people, feedback

    async def claim_share(self, answer_id: str, user: str) -> SlackRequest | None:
        """The request to share an answer, or None if it is a duplicate or the answer is somebody else's."""
        question = await asyncio.to_thread(self._event_store.find_question, answer_id)
        if question is None or question.user != user:
            return None
        request = replace(_request(question), key=f"share:{answer_id}", asker_only=True)
        return request if await asyncio.to_thread(self._event_store.claim, request, quiet=False) else None

    async def share(self, request: SlackRequest) -> None:
        """Ask again for everyone in the channel: the first answer may hold what they may not see."""
        if context := await self._responder.context_of(request):
            client, translation = context.workspace.client, context.translation
            inquiry = await self._responder.make_inquiry(request, context, asker_only=False)
            answer = await self._responder.ask(inquiry)
            if answer.status in ("declined", "unverified"):
                await post_privately(client, request, render_notice(translation.not_shared).messages[0])
            else:
                question = AnsweredQuestion(request.place, request.user, request.text, private=False)
                await asyncio.to_thread(self._event_store.save_question, inquiry.id, question)
                options = self._responder.render_options(request, context, inquiry.id, asker_only=False)
                header = section(f"{translation.shared.format(f'<@{request.user}>')}\n{_block_quote(request.text)}")
                thread = request.place.thread
                for message in render_answer(answer, options, header=[header]).messages:
                    ts = await post_message(client, request.place.channel, message, thread)
                    thread = thread or ts
                await asyncio.to_thread(self._event_store.join_thread, replace(request.place, thread=thread))
        await asyncio.to_thread(self._event_store.finish, request.key)

    async def ask_people(self, answer_id: str, user: str) -> None:
        """Ask in the thread if everyone sees question and answer there; else ask each person directly."""
        question = await asyncio.to_thread(self._event_store.find_question, answer_id)
        if question is None or (question.private and question.user != user):
            return
        if not await asyncio.to_thread(self._event_store.claim_key, f"person:{answer_id}"):
            return
        context = await self._responder.context_of(_request(question))
        if context is None:
            return
        client, translation = context.workspace.client, context.translation
        intro = translation.person_request.format(f"<@{user}>")
        if not question.private:
            intro = f"{' '.join(f'<@{person}>' for person in self._people)} {intro}".strip()
        message = Message(intro, (section(f"{intro}\n{_block_quote(question.text)}"),))
        if question.private:
            for person in self._people:
                await post_message(client, person, message)
            notice = render_notice(translation.person_asked).messages[0]
            await post_privately(client, replace(_request(question), user=user), notice)
        else:
            await post_message(client, question.place.channel, message, question.place.thread)

    async def rate(self, answer_id: str, user: str, feedback: Feedback) -> Translation | None:
        """Keep the feedback, and return the channel's language; None if the answer is somebody else's or not kept."""
        question = await asyncio.to_thread(self._event_store.find_question, answer_id)
        if self._feedback is None or question is None or question.user != user:
            return None
        principal = Principal(f"slack:{question.place.team}:{user}", user, PUBLIC)
        try:
            await asyncio.to_thread(self._feedback.give, principal, answer_id, feedback)
        except FootnoteError as error:
            log.info("Feedback was not kept: %s", error.kind)
            return None
        context = await self._responder.context_of(_request(question))
        return context.translation if context else None

    async def rate_by_thumb(
        self, answer_id: str, user: str, *, up: bool, open_dialog: Callable[..., Awaitable[object]]
    ) -> None:
        """Keep the verdict. Thank for a good one, and ask for the reason of a bad one in a dialog."""
        translation = await self.rate(answer_id, user, Feedback(verdict="up" if up else "down"))
        if translation is not None and up:
            await self.thank(answer_id, user, translation)
        elif translation is not None:
            await open_dialog(view=feedback_dialog(answer_id, translation))

    async def thank(self, answer_id: str, user: str, translation: Translation) -> None:
        """Thank the user for feedback, once for each answer."""
        question = await asyncio.to_thread(self._event_store.find_question, answer_id)
        if question is not None and await asyncio.to_thread(self._event_store.claim_key, f"thanks:{answer_id}"):
            request = replace(_request(question), user=user)
            if context := await self._responder.context_of(request):
                notice = render_notice(translation.thanks).messages[0]
                await post_privately(context.workspace.client, request, notice)


def feedback_dialog(answer_id: str, translation: Translation) -> dict[str, Any]:
    """The dialog that asks what was wrong with an answer, as a Slack view."""
    options = [
        {"text": {"type": "plain_text", "text": translation.reasons[reason]}, "value": reason} for reason in REASONS
    ]
    return {
        "type": "modal",
        "callback_id": FEEDBACK_DIALOG,
        "private_metadata": answer_id,
        "title": {"type": "plain_text", "text": "Footnote"},
        "submit": {"type": "plain_text", "text": translation.send},
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "optional": True,
                "label": {"type": "plain_text", "text": translation.reason_question},
                "element": {"type": "radio_buttons", "action_id": "value", "options": options},
            },
            {
                "type": "input",
                "block_id": "comment",
                "optional": True,
                "label": {"type": "plain_text", "text": translation.correction_question},
                "element": {"type": "plain_text_input", "action_id": "value", "multiline": True, "max_length": 3000},
            },
        ],
    }


def read_feedback(view: dict[str, Any]) -> Feedback:
    """The feedback of a submitted dialog."""
    values = view.get("state", {}).get("values", {})
    selected = ((values.get("reason") or {}).get("value") or {}).get("selected_option") or {}
    correction = ((values.get("comment") or {}).get("value") or {}).get("value") or ""
    reason = next((reason for reason in REASONS if reason == selected.get("value")), None)
    return Feedback(verdict="down", reason=reason, better_answer=str(correction)[:_MAX_CORRECTION])


def _request(question: AnsweredQuestion) -> SlackRequest:
    direct = question.place.channel.startswith("D")
    return SlackRequest(key="", place=question.place, user=question.user, text=question.text, direct=direct)


def _block_quote(text: str) -> str:
    line = " ".join(text.split())
    return f"> {escape_mrkdwn(line[: MAX_SECTION // 6])}"
