"""Requests as JSON: the same shapes for every way in."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from indexes.types import ALL, PUBLIC, Audience, Filters
from rag.question.filters import make_filters, make_recency
from rag.question.languages import make_language
from rag.question.validation import make_question
from rag.types import Question, Turn


class Body(BaseModel):
    """The base of requests and responses: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


def _check_surrogates(text: str) -> str:
    """Return the text, or raise for half a surrogate pair: JSON can spell it, but it cannot be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError(
            "half_a_character", "The text holds a lone surrogate, which is half a character"
        ) from None
    return text


Text = Annotated[str, AfterValidator(_check_surrogates)]


class TurnBody(Body):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: Text


class FiltersBody(Body):
    """Conditions on documents: every field must match, by any of its values."""

    paths: tuple[Text, ...] = Field((), description="globs: * matches within a folder, ** across folders")
    media_types: tuple[Text, ...] = Field((), examples=[["application/pdf", "text/*"]])
    labels: tuple[Text, ...] = ()
    since: Text | None = Field(None, description="documents of this day or later", examples=["2024-05-31"])
    until: Text | None = Field(None, description="documents of this day or earlier")

    def to_filters(self) -> Filters:
        """Return the filters. Raises the errors of ``make_filters``."""
        return make_filters(self.paths, self.media_types, self.labels, self.since, self.until)


Recency = Annotated[
    float | None, Field(description="half-life of a document's weight, in days: older documents count less")
]


AnswerLanguage = Field(
    None,
    description="the language of a language model's answer, as a tag (BCP 47) or a name; default: the question's",
    examples=["de", "pt-BR", "German"],
)


class AskRequest(Body):
    """A question."""

    question: Text = Field(examples=["How many days of leave does a new employee get?"])
    history: tuple[TurnBody, ...] = Field((), description="earlier messages, oldest first")
    filters: FiltersBody = FiltersBody()
    recency_days: Recency = None
    language: Text | None = AnswerLanguage
    html: bool = Field(False, description="whether to return the answer as HTML too")
    conversation: Text | None = Field(
        None, description="the id of a stored conversation: its turns are the history, and the answer becomes the next"
    )

    @model_validator(mode="after")
    def _one_history(self) -> Self:
        if self.history and self.conversation is not None:
            raise PydanticCustomError("two_histories", "Give either history or conversation, which has its own turns")
        return self

    def to_question(self, max_chars: int, audience: Audience = PUBLIC) -> Question:
        """Return the question. Raises the errors of ``make_question``, ``make_filters`` and ``make_language``."""
        turns = tuple(Turn(turn.role, turn.text) for turn in self.history)
        return replace(
            make_question(self.question, turns, max_chars),
            audience=audience,
            filters=ALL if self.filters == FiltersBody() else self.filters.to_filters(),
            recency_days=None if self.recency_days is None else make_recency(self.recency_days),
            language=None if self.language is None else make_language(self.language),
        )
