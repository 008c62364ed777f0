"""Requests of OpenAI's chat completions, as JSON.

All of OpenAI's fields are accepted. A field that asks for another kind of answer is an error. A field that only tunes a
model has no effect.
"""

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.footnotes import without_footnotes
from api.schemas.question import AnswerLanguage, Text
from indexes.errors import FootnoteError
from indexes.types import Audience
from rag.question.languages import make_language
from rag.question.validation import make_question
from rag.types import Question, Turn

MODEL = "footnote"
_CHORE, _CHORES_CHAT = "### Task:", "<chat_history>"
"""How Open WebUI begins a task of its own, and how it marks the chat in it."""


class ChatError(FootnoteError):
    """The request asks for something that Footnote does not do."""

    kind = "bad-chat"


class NoSuchModelError(FootnoteError):
    """The model does not exist: there is only one."""

    kind = "no-such-model"


class Loose(BaseModel):
    """The base of OpenAI requests: unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PartBody(Loose):
    """A part of a message."""

    type: str = Field(examples=["text"])
    text: Text | None = None


class MessageBody(Loose):
    """A message of the chat."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | tuple[PartBody, ...] | None = None

    @property
    def text(self) -> str:
        """The text, without images and the like."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text or "" for part in self.content or () if part.type == "text")

    @property
    def has_unread_parts(self) -> bool:
        """Whether there is anything but text."""
        return isinstance(self.content, tuple) and any(part.type != "text" for part in self.content)


class StreamOptionsBody(Loose):
    """Options of a stream."""

    include_usage: bool | None = None


class FormatBody(Loose):
    """A format of the answer."""

    type: str


class ChatRequest(Loose):
    """A request for a chat completion."""

    model: Text = Field(examples=[MODEL])
    messages: tuple[MessageBody, ...] = Field(
        description="the last message is the question, those before it are the history; "
        "system instructions have no effect"
    )
    stream: bool | None = False
    stream_options: StreamOptionsBody | None = None
    n: int | None = Field(1, description="1")
    tool_choice: Text | dict[str, Any] | None = Field(None, description="auto or none; tools are never called")
    response_format: FormatBody | None = Field(None, description="text")
    sources: bool = Field(True, description="an extension: whether doubts and the list of sources follow the text")
    annotations: bool = Field(True, description="an extension: whether annotations come with the text")

    @property
    def include_usage(self) -> bool:
        """Whether the stream ends with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def is_chore(self) -> bool:
        """Tell whether a client asks for a title or tags of the chat, and not for an answer from documents.

        Raises ``ChatError`` and ``NoSuchModelError``.
        """
        self._check()
        text = self.messages[0].text if len(self.messages) == 1 else ""
        return text.startswith(_CHORE) and _CHORES_CHAT in text

    def shows_other_than_text(self) -> bool:
        """Tell whether the question has an image, a recording or a file, which nothing here reads.

        Those of earlier messages are passed over, so that a chat goes on after one. Raises as ``is_chore`` does.
        """
        self._check()
        return bool(self.messages) and self.messages[-1].role == "user" and self.messages[-1].has_unread_parts

    language: Text | None = AnswerLanguage

    def to_question(self, max_chars: int, audience: Audience) -> Question:
        """Return the question. Raises ``ChatError``, ``NoSuchModelError`` and the errors of ``make_question``."""
        self._check()
        turns = []
        for message in self.messages:
            if message.role == "user":
                turns.append(Turn("user", message.text))
            elif message.role == "assistant" and message.text:
                turns.append(Turn("assistant", without_footnotes(message.text)))
        if not turns or turns[-1].role != "user":
            raise ChatError("The last message is not the user's: end messages with the question, of role 'user'.")
        question = make_question(turns[-1].text, turns[:-1], max_chars)
        return replace(question, audience=audience, language=make_language(self.language))

    def _check(self) -> None:
        check_model(self.model)
        if self.n not in (None, 1):
            raise ChatError(f"n is {self.n}: there is one answer to a question; leave it out, or set it to 1.")
        if self.tool_choice not in (None, "auto", "none"):
            raise ChatError("tool_choice wants a tool called: Footnote calls none; leave it out, or set it to 'auto'.")
        if self.response_format and self.response_format.type != "text":
            raise ChatError("response_format is not text: Footnote answers in text with footnotes; leave it out.")


def check_model(name: str) -> None:
    """Raise ``NoSuchModelError`` unless it is the one model."""
    if name != MODEL:
        raise NoSuchModelError(f"There is no model {name[:80]!r}: the model is {MODEL!r}, whichever it asks itself.")
