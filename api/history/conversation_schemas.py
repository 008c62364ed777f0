"""Conversations as JSON."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.history.conversation_store import Conversation, KeptTurn, Page, shortened
from api.history.feedback_store import Feedback
from api.rendering.printable import on_one_line
from api.schemas.answer import AnswerBody, AnswerContext, answer_body
from api.schemas.question import Body, Text

CURSOR = r"^[0-9]{1,18}\.[A-Za-z0-9_-]{1,64}$"
"""How ``ConversationsBody.next`` is spelled."""


def _has_words(title: str) -> str:
    if not shortened(title):
        raise PydanticCustomError("empty_title", "The title is empty: give it a word at least")
    return title


class NewConversation(Body):
    title: Text = Field("", max_length=500, description="without one, that of its first question")


class Renaming(Body):
    title: Annotated[Text, AfterValidator(_has_words)] = Field(max_length=500)


class ConversationBody(Body):
    id: str
    title: str = Field(description="on one line, of 80 characters at most; empty before the first question")
    created: datetime
    updated: datetime


class ConversationsBody(Body):
    conversations: tuple[ConversationBody, ...] = Field(description="latest first")
    next: str | None = Field(description="what to give as ``after`` to go on; null at the end")


class TurnKeptBody(Body):
    id: str = Field(description="the answer's, for feedback on it")
    question: str
    answer: AnswerBody | None = Field(description="null where it is withheld, or was not completed")
    asked: datetime
    withheld: bool = Field(description="whether it rests on documents that may not be read any more")
    feedback: Feedback | None


class WholeConversationBody(ConversationBody):
    turns: tuple[TurnKeptBody, ...]


def conversations_body(page: Page) -> ConversationsBody:
    cursor = None if page.after is None else f"{page.after[0]}.{page.after[1]}"
    return ConversationsBody(
        conversations=tuple(ConversationBody.model_validate(one) for one in page.conversations), next=cursor
    )


def read_cursor(cursor: str) -> tuple[int, str]:
    """Of ``ConversationsBody.next``, which matches ``CURSOR``."""
    updated, _, last = cursor.partition(".")
    return int(updated), last


def whole_body(
    conversation: Conversation, turns: tuple[KeptTurn, ...], telling: AnswerContext
) -> WholeConversationBody:
    return WholeConversationBody(
        **ConversationBody.model_validate(conversation).model_dump(),
        turns=tuple(_turn_body(turn, replace(telling, id=turn.id, conversation=conversation.id)) for turn in turns),
    )


def _turn_body(turn: KeptTurn, telling: AnswerContext) -> TurnKeptBody:
    return TurnKeptBody(
        id=turn.id,
        question=turn.question,
        answer=turn.answer and answer_body(turn.answer, telling),
        asked=turn.asked,
        withheld=turn.withheld,
        feedback=turn.feedback,
    )


# -- as Markdown ----------------------------------------------------------------------------------------------------

WITHHELD = "*This answer is withheld: it rests on documents that cannot be read any more.*"
UNFINISHED = "*This question was not answered.*"
_ACTIVE = re.compile(r"[\\`*_\[\]<>&#|~!$]")


def markdown(conversation: Conversation, turns: tuple[KeptTurn, ...]) -> str:
    """The conversation with footnotes, numbered through: ``[^1]: hr/leave.pdf, page 4, line 12: “…”``.

    What comes from documents and from people is text there, whatever it spells.
    """
    parts, notes = [f"# {_plain(conversation.title)}"], list[str]()
    for turn in turns:
        parts += [f"## {_plain(turn.question)}", _said(turn, len(notes))]
        notes += _notes(turn, len(notes))
    return "\n\n".join([*parts, "\n".join(notes)]).rstrip() + "\n"


def _said(turn: KeptTurn, before: int) -> str:
    """The answer, its markers counted on from those ``before``."""
    if turn.answer is None:
        return WITHHELD if turn.withheld else UNFINISHED
    text = turn.answer.text
    places = [(span, note.number) for note in turn.answer.citations for span in note.answer_spans]
    for (start, end), number in sorted(places, reverse=True):
        text = f"{text[:start]}[^{before + number}]{text[end:]}"
    return text


def _notes(turn: KeptTurn, before: int) -> list[str]:
    return [
        f"[^{before + note.number}]: {_plain(note.passage.path)}, {_plain(str(note.locator))}: “{_plain(note.quote)}”"
        for note in (turn.answer.citations if turn.answer else ())
    ]


def _plain(text: str) -> str:
    return _ACTIVE.sub(r"\\\g<0>", on_one_line(text))
