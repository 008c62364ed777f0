"""What is asked, as JSON: the same shapes whichever way it comes in."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from indexes.types import PUBLIC, Audience, Filters
from rag.question.filters import make_filters, make_recency
from rag.question.languages import make_language
from rag.question.validation import make_question
from rag.types import Question, Turn


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


def _encodable(text: str) -> str:
    """JSON can spell half a surrogate pair; no database, tokenizer or connection takes it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("half_a_character", "The text holds half a character (a lone surrogate)") from None
    return text


Text = Annotated[str, AfterValidator(_encodable)]


class TurnBody(Body):
    role: Literal["user", "assistant"]
    text: Text


class FiltersBody(Body):
    """Of the values of one field any will do; every field that has some must hold."""

    paths: tuple[Text, ...] = Field((), description="globs: * stays within a folder, ** does not")
    media_types: tuple[Text, ...] = Field((), examples=[["application/pdf", "text/*"]])
    labels: tuple[Text, ...] = ()
    since: Text | None = Field(None, description="documents of that day or later", examples=["2024-05-31"])
    until: Text | None = Field(None, description="documents of that day or earlier")

    def to_filters(self) -> Filters:
        """Raises as ``make_filters`` does."""
        return make_filters(self.paths, self.media_types, self.labels, self.since, self.until)


Recency = Annotated[float | None, Field(description="half-life in days by which older documents count less")]


AnswerLanguage = Field(
    None,
    description="the one to answer in, by tag (BCP 47) or name, where a language model answers; else the question's",
    examples=["de", "pt-BR", "German"],
)


class AskRequest(Body):
    question: Text = Field(examples=["How many days of leave does a new employee get?"])
    history: tuple[TurnBody, ...] = Field((), description="what was said before, oldest first")
    filters: FiltersBody = FiltersBody()
    recency_days: Recency = None
    language: Text | None = AnswerLanguage
    html: bool = Field(False, description="whether the answer is wanted as HTML too")
    conversation: Text | None = Field(
        None, description="the id of a conversation that is kept: its turns are the history, and the answer its next"
    )

    @model_validator(mode="after")
    def _one_history(self) -> Self:
        if self.history and self.conversation is not None:
            raise PydanticCustomError("two_histories", "Give history or conversation: the latter brings its own turns")
        return self

    def to_question(self, max_chars: int, audience: Audience = PUBLIC) -> Question:
        """Raises as ``make_question``, ``make_filters`` and ``make_language`` do."""
        turns = tuple(Turn(turn.role, turn.text) for turn in self.history)
        question = make_question(self.question, turns, max_chars)
        filters, recency = self.filters.to_filters(), make_recency(self.recency_days)
        language = make_language(self.language)
        return replace(question, audience=audience, filters=filters, recency_days=recency, language=language)
