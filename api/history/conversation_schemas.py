"""Conversations as JSON and as Markdown."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.history.conversation_store import Conversation, ConversationPage, StoredTurn, shorten_title
from api.history.feedback_store import Feedback
from api.rendering.printable import on_one_line
from api.schemas.answer import AnswerBody, AnswerContext, answer_body
from api.schemas.question import Body, Text
from rag.verification.abstention import UNVERIFIED

CURSOR = r"^[0-9]{1,18}\.[A-Za-z0-9_-]{1,64}$"
"""The form of ``ConversationsBody.next``."""


def _check_title(title: str) -> str:
    if not shorten_title(title):
        raise PydanticCustomError("empty_title", "The title is empty")
    return title


class NewConversation(Body):
    title: Text = Field("", max_length=500, description="the title; by default the first question")


class NewTitle(Body):
    title: Annotated[Text, AfterValidator(_check_title)] = Field(max_length=500)


class ConversationBody(Body):
    id: str
    title: str = Field(description="one line of at most 80 characters; empty before the first question")
    created: datetime
    updated: datetime


class ConversationsBody(Body):
    conversations: tuple[ConversationBody, ...] = Field(description="latest first")
    next: str | None = Field(description="the value of ``after`` for the next page; null on the last page")


class StoredTurnBody(Body):
    id: str = Field(description="the id of the answer, for feedback")
    question: str
    answer: AnswerBody | None = Field(description="null if the answer is withheld or was not completed")
    asked: datetime
    withheld: bool = Field(description="whether the answer rests on documents that the caller may no longer read")
    feedback: Feedback | None


class WholeConversationBody(ConversationBody):
    turns: tuple[StoredTurnBody, ...]


def conversations_body(page: ConversationPage) -> ConversationsBody:
    """Return a page of the list of conversations as JSON."""
    cursor = None if page.after is None else f"{page.after[0]}.{page.after[1]}"
    conversations = tuple(ConversationBody.model_validate(conversation) for conversation in page.conversations)
    return ConversationsBody(conversations=conversations, next=cursor)


def read_cursor(cursor: str) -> tuple[int, str]:
    """Return the time and the id in a cursor that matches ``CURSOR``."""
    updated, _, last = cursor.partition(".")
    return int(updated), last


def conversation_body(
    conversation: Conversation, turns: tuple[StoredTurn, ...], context: AnswerContext
) -> WholeConversationBody:
    """Return a conversation with its turns as JSON."""
    return WholeConversationBody(
        **ConversationBody.model_validate(conversation).model_dump(),
        turns=tuple(
            StoredTurnBody(
                id=turn.id,
                question=turn.question,
                answer=turn.answer
                and answer_body(turn.answer, replace(context, id=turn.id, conversation=conversation.id)),
                asked=turn.asked,
                withheld=turn.withheld,
                feedback=turn.feedback,
            )
            for turn in turns
        ),
    )


WITHHELD = "*This answer is withheld: it rests on documents that cannot be read any more.*"
UNFINISHED = "*This question was not answered.*"
_MARKDOWN_SIGNS = re.compile(r"[\\`*_\[\]<>&#|~!$]")


def to_markdown(conversation: Conversation, turns: tuple[StoredTurn, ...]) -> str:
    """Return the conversation as Markdown, with footnotes: ``[^1]: hr/leave.pdf, page 4, line 12: “…”``.

    The footnotes are numbered through the whole conversation. Titles, questions and quotes are escaped.
    """
    parts, notes = [f"# {_escape(conversation.title)}"], list[str]()
    for turn in turns:
        before, text = len(notes), WITHHELD if turn.withheld else UNFINISHED
        if turn.answer:
            text, citations = turn.answer.text, turn.answer.citations
            markers = [(span, citation.number) for citation in citations for span in citation.answer_spans]
            for (start, end), number in sorted(markers, reverse=True):
                text = f"{text[:start]}[^{before + number}]{text[end:]}"
            text += f"\n\n*{UNVERIFIED}*" * (turn.answer.status == "unverified")
            for citation in citations:
                place = f"{_escape(citation.passage.path)}, {_escape(str(citation.locator))}"
                notes.append(f"[^{before + citation.number}]: {place}: “{_escape(citation.quote)}”")
        parts += [f"## {_escape(turn.question)}", text]
    return "\n\n".join([*parts, "\n".join(notes)]).rstrip() + "\n"


def _escape(text: str) -> str:
    return _MARKDOWN_SIGNS.sub(r"\\\g<0>", on_one_line(text))
