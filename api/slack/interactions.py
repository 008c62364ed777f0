"""What the buttons do: share an answer, ask a person, say what an answer is worth."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

from api.core.principals import Principal
from api.history.feedback_store import Feedback, FeedbackBox, Reason
from api.slack.events.event_store import Asked, Deliveries
from api.slack.messages.blocks import MAX_SECTION, Message, Written, plain, rendered, section
from api.slack.messages.escaping import escaped
from api.slack.messages.posting import post, whisper
from api.slack.messages.translations import Words
from api.slack.responder import Answering, Setting
from api.slack.workspace.places import Heard
from indexes.errors import FootnoteError
from indexes.types import PUBLIC

log = logging.getLogger(__name__)
REASONS: tuple[Reason, ...] = get_args(Reason)
DIALOG = "footnote_reason"
_COMMENT = 8000
"""Characters of what an answer should have said."""


class Actions:
    """Done in the background, once each however often a button is pressed."""

    def __init__(
        self, answering: Answering, deliveries: Deliveries, people: Sequence[str], box: FeedbackBox | None
    ) -> None:
        self._answering, self._deliveries = answering, deliveries
        self._people, self._box = people, box

    async def share(self, answer_id: str, user: str) -> Heard | None:
        """What is to be done so that the channel sees an answer; None where it was done, or is not theirs to share."""
        asked = await asyncio.to_thread(self._deliveries.asked, answer_id)
        if asked is None or asked.user != user:
            return None
        heard = replace(_again(asked), key=f"share:{answer_id}", alone=True)
        return heard if await asyncio.to_thread(self._deliveries.claim, heard, quiet=False) else None

    async def shared(self, heard: Heard) -> None:
        """Asks again for all who are in the channel: what was answered to one may hold what the others may not see."""
        setting = await self._answering.setting(heard)
        if setting is not None:
            await self._share(heard, setting)
        await asyncio.to_thread(self._deliveries.finish, heard.key)

    async def _share(self, heard: Heard, setting: Setting) -> None:
        client, place = setting.workspace.client, heard.place
        ask = await self._answering.asked(heard, setting, private=False)
        answer = await self._answering.ask(ask)
        if answer.status == "declined":
            await whisper(client, heard, _message(plain(setting.words.not_shared)))
            return
        await asyncio.to_thread(self._deliveries.remember, ask.id, Asked(place, heard.user, heard.text, private=False))
        look = self._answering.look(heard, setting, ask.id, alone=False)
        above = section(f"{setting.words.shared.format(f'<@{heard.user}>')}\n{_quoted(heard.text)}")
        written = rendered(answer, look, above=[above])
        thread = place.thread
        for message in written.messages:
            ts = await post(client, place.channel, message, thread)
            thread = thread or ts
        await asyncio.to_thread(self._deliveries.join, replace(place, thread=thread))

    async def ask_people(self, answer_id: str, user: str) -> None:
        """In the thread, where question and answer are for all to see; else each of them directly."""
        asked = await asyncio.to_thread(self._deliveries.asked, answer_id)
        if asked is None or (asked.private and asked.user != user):
            return
        if not await asyncio.to_thread(self._deliveries.once, f"person:{answer_id}"):
            return
        heard = _again(asked)
        setting = await self._answering.setting(heard)
        if setting is None:
            return
        client, told = setting.workspace.client, _plea(setting.words, user, asked.text)
        if asked.private:
            for person in self._people:
                await post(client, person, told)
            await whisper(client, replace(heard, user=user), _message(plain(setting.words.asked)))
        else:
            named = " ".join(f"<@{person}>" for person in self._people)
            await post(client, asked.place.channel, _plea(setting.words, user, asked.text, named), asked.place.thread)

    async def rate(self, answer_id: str, user: str, feedback: Feedback) -> Words | None:
        """The words to thank with; None where the answer is not theirs, or is not kept."""
        asked = await asyncio.to_thread(self._deliveries.asked, answer_id)
        if self._box is None or asked is None or asked.user != user:
            return None
        principal = Principal(f"slack:{asked.place.team}:{user}", user, PUBLIC)
        try:
            await asyncio.to_thread(self._box.give, principal, answer_id, feedback)
        except FootnoteError as error:
            log.info("Feedback was not kept: %s", error.kind)
            return None
        setting = await self._answering.setting(_again(asked))
        return setting.words if setting else None

    async def thank(self, answer_id: str, user: str, words: Words) -> None:
        asked = await asyncio.to_thread(self._deliveries.asked, answer_id)
        if asked is not None and await asyncio.to_thread(self._deliveries.once, f"thanks:{answer_id}"):
            heard = replace(_again(asked), user=user)
            setting = await self._answering.setting(heard)
            if setting:
                await whisper(setting.workspace.client, heard, _message(plain(words.thanks)))


def dialog(answer_id: str, words: Words) -> dict[str, Any]:
    """Asks what was wrong."""
    options = [{"text": {"type": "plain_text", "text": words.reasons[reason]}, "value": reason} for reason in REASONS]
    return {
        "type": "modal",
        "callback_id": DIALOG,
        "private_metadata": answer_id,
        "title": {"type": "plain_text", "text": "Footnote"},
        "submit": {"type": "plain_text", "text": words.send},
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "optional": True,
                "label": {"type": "plain_text", "text": words.why},
                "element": {"type": "radio_buttons", "action_id": "value", "options": options},
            },
            {
                "type": "input",
                "block_id": "comment",
                "optional": True,
                "label": {"type": "plain_text", "text": words.comment},
                "element": {"type": "plain_text_input", "action_id": "value", "multiline": True, "max_length": 3000},
            },
        ],
    }


def feedback_of(view: dict[str, Any]) -> Feedback:
    """As it was given in the dialog."""
    values = view.get("state", {}).get("values", {})
    chosen = ((values.get("reason") or {}).get("value") or {}).get("selected_option") or {}
    better = ((values.get("comment") or {}).get("value") or {}).get("value") or ""
    reason = next((known for known in REASONS if known == chosen.get("value")), None)
    return Feedback(verdict="down", reason=reason, better_answer=str(better)[:_COMMENT])


def _again(asked: Asked) -> Heard:
    return Heard(
        key="", place=asked.place, user=asked.user, text=asked.text, direct=asked.place.channel.startswith("D")
    )


def _plea(words: Words, user: str, text: str, before: str = "") -> Message:
    asks = f"{before} {words.asks.format(f'<@{user}>')}".strip()
    return Message(asks, (section(f"{asks}\n{_quoted(text)}"),))


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"> {escaped(line[: MAX_SECTION // 6])}"


def _message(written: Written) -> Message:
    return written.messages[0]
