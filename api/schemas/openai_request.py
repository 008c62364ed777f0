"""A request of OpenAI's chat completions, as JSON.

All fields that OpenAI has are taken. Those that would have the answer be another thing than it is are refused in words;
those that only tune a model have no effect.
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
"""How Open WebUI begins what it wants done for itself, and where in it the chat stands."""


class ChatError(FootnoteError):
    """What is wanted of a chat is nothing that Footnote does."""

    kind = "bad-chat"


class NoSuchModelError(FootnoteError):
    """There is one model, and it is another."""

    kind = "no-such-model"


class Loose(BaseModel):
    """Takes what it does not know, and leaves it."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PartBody(Loose):
    type: str = Field(examples=["text"])
    text: Text | None = None


class MessageBody(Loose):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | tuple[PartBody, ...] | None = None

    @property
    def text(self) -> str:
        """Raises ``ChatError`` where it holds more than text."""
        parts = () if isinstance(self.content, str) or self.content is None else self.content
        if other := next((part.type for part in parts if part.type != "text"), None):
            raise ChatError(f"A message has a part of type {other[:40]!r}: Footnote reads text only.")
        return self.content if isinstance(self.content, str) else "\n".join(part.text or "" for part in parts)


class StreamOptionsBody(Loose):
    include_usage: bool | None = None


class FormatBody(Loose):
    type: str


class ChatRequest(Loose):
    model: Text = Field(examples=[MODEL])
    messages: tuple[MessageBody, ...] = Field(
        description="the last of the user's is the question, those before it what was said before; "
        "instructions to the system have no effect"
    )
    stream: bool | None = False
    stream_options: StreamOptionsBody | None = None
    n: int | None = Field(1, description="1")
    tool_choice: Text | dict[str, Any] | None = Field(None, description="auto or none; tools are never called")
    response_format: FormatBody | None = Field(None, description="text")
    sources: bool = Field(
        True, description="Footnote's own: whether what is doubtful, and the list of sources, follow the text"
    )
    annotations: bool = Field(True, description="Footnote's own: whether annotations come with the text")

    @property
    def include_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    def is_chore(self) -> bool:
        """Whether a client wants something about a chat for itself, its title or tags: no question to documents.

        Raises ``ChatError`` and ``NoSuchModelError``.
        """
        self._check()
        text = self.messages[0].text if len(self.messages) == 1 else ""
        return text.startswith(_CHORE) and _CHORES_CHAT in text

    language: Text | None = AnswerLanguage

    def to_question(self, max_chars: int, audience: Audience) -> Question:
        """Raises ``ChatError`` and ``NoSuchModelError``, and as ``make_question`` and ``make_language`` do."""
        self._check()
        *history, asked = self._turns()
        question = make_question(asked.text, history, max_chars)
        return replace(question, audience=audience, language=make_language(self.language))

    def _check(self) -> None:
        check_model(self.model)
        if self.n not in (None, 1):
            raise ChatError(f"n is {self.n}: there is one answer to a question; leave it out, or set it to 1.")
        if self.tool_choice not in (None, "auto", "none"):
            raise ChatError("tool_choice wants a tool called: Footnote calls none; leave it out, or set it to 'auto'.")
        if self.response_format and self.response_format.type != "text":
            raise ChatError("response_format is not text: Footnote answers in text with footnotes; leave it out.")

    def _turns(self) -> list[Turn]:
        """At least one, and the last the user's."""
        turns = []
        for message in self.messages:
            if message.role == "user":
                turns.append(Turn("user", message.text))
            elif message.role == "assistant" and message.text:
                turns.append(Turn("assistant", without_footnotes(message.text)))
        if not turns or turns[-1].role != "user":
            raise ChatError("The last message is not the user's: end messages with the question, of role 'user'.")
        return turns


def check_model(name: str) -> None:
    if name != MODEL:
        raise NoSuchModelError(f"There is no model {name[:80]!r}: the model is {MODEL!r}, whichever it asks itself.")
