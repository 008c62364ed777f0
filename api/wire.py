"""What crosses the edge, as JSON: the same shapes for HTTP, for server-sent events and for ``footnote ask --json``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.problems import Problem
from indexes.types import Filters, Hit
from rag.filters import make_filters, make_recency
from rag.questions import make_question
from rag.types import Answer, Citation, Completed, Delta, Event, Question, Retrieval, Retrieved, Span, Turn
from rag.types import Status as AnswerStatus
from rag.types import Verdict as SentenceVerdict

OFFLINE_MODEL = "offline-extractive"
"""``Answer.model`` where no language model is connected."""

EventName = Literal["retrieval", "delta", "citation", "answer", "error", "done"]


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


class AskRequest(Body):
    question: Text = Field(examples=["How many days of leave does a new employee get?"])
    history: tuple[TurnBody, ...] = Field((), description="what was said before, oldest first")
    filters: FiltersBody = FiltersBody()
    recency_days: Recency = None

    def to_question(self, max_chars: int) -> Question:
        """Raises as ``make_question`` and ``make_filters`` do."""
        turns = tuple(Turn(turn.role, turn.text) for turn in self.history)
        question = make_question(self.question, turns, max_chars)
        return replace(question, filters=self.filters.to_filters(), recency_days=make_recency(self.recency_days))


class LocatorBody(Body):
    """``char_*`` count the characters (Unicode code points) of the text that was indexed."""

    page: int | None
    sheet: str | None
    slide: int | None
    line_start: int
    line_end: int
    char_start: int
    char_end: int
    heading: tuple[str, ...]


class CitationBody(Body):
    number: int
    path: str
    title: str
    place: str = Field(examples=["page 4, lines 12–15"])
    quote: str
    locator: LocatorBody
    answer_spans: tuple[Span, ...] = Field(description="where its markers stand in the answer's text, in code points")
    support: float


class SentenceBody(Body):
    text: str
    start: int = Field(description="in code points of the answer's text")
    end: int
    citations: tuple[int, ...]
    support: float
    verdict: SentenceVerdict


class HitBody(Body):
    path: str
    title: str
    place: str
    page: int | None
    score: float
    text: str


class RetrievalBody(Body):
    query: str
    hits: tuple[HitBody, ...]


class UsageBody(Body):
    input_tokens: int | None
    output_tokens: int | None


class AnswerBody(Body):
    question: str
    text: str = Field(description="Markdown, with markers [1], [2]… in order of first use")
    status: AnswerStatus
    model: str
    citations: tuple[CitationBody, ...]
    sentences: tuple[SentenceBody, ...]
    retrieval: RetrievalBody
    confidence: float = Field(description="from 0 to 1: how sure the model is that the documents answer")
    usage: UsageBody
    cut_short: str = Field(description="why the model was stopped before it was done; empty where it was not")
    timings: Mapping[str, float] = Field(description="seconds by stage")
    advice: str | None = Field(description="how to get better answers, where no language model is connected")


class DeltaBody(Body):
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A server-sent event: ``data`` is one line of JSON."""

    event: EventName
    data: str

    def encode(self) -> bytes:
        return f"event: {self.event}\ndata: {self.data}\n\n".encode()


DONE = Frame("done", "{}")


def answer_to_wire(answer: Answer, advice: str | None = None) -> dict[str, Any]:
    """The answer as JSON types. ``advice`` is given only where no language model answered."""
    return answer_body(answer, advice).model_dump(mode="json")


def answer_body(answer: Answer, advice: str | None = None) -> AnswerBody:
    return AnswerBody(
        question=answer.question.text,
        text=answer.text,
        status=answer.status,
        model=answer.model,
        citations=tuple(citation_body(citation) for citation in answer.citations),
        sentences=tuple(SentenceBody.model_validate(sentence) for sentence in answer.sentences),
        retrieval=retrieval_body(answer.retrieval),
        confidence=answer.confidence,
        usage=UsageBody.model_validate(answer.usage),
        cut_short=answer.cut_short,
        timings=dict(answer.timings),
        advice=advice if answer.model == OFFLINE_MODEL else None,
    )


def citation_body(citation: Citation) -> CitationBody:
    return CitationBody(
        number=citation.number,
        path=citation.passage.path,
        title=citation.passage.title,
        place=str(citation.locator),
        quote=citation.quote,
        locator=LocatorBody.model_validate(citation.locator),
        answer_spans=citation.answer_spans,
        support=citation.support,
    )


def retrieval_body(retrieval: Retrieval) -> RetrievalBody:
    return RetrievalBody(query=retrieval.query.whole, hits=tuple(_hit_body(hit) for hit in retrieval.hits))


def event_frames(event: Event, advice: str | None = None) -> Iterator[Frame]:
    """What an event says on the wire; a completed answer tells its citations first."""
    match event:
        case Retrieved(retrieval):
            yield _frame("retrieval", retrieval_body(retrieval))
        case Delta(text):
            yield _frame("delta", DeltaBody(text=text))
        case Completed(answer):
            for citation in answer.citations:
                yield _frame("citation", citation_body(citation))
            yield _frame("answer", answer_body(answer, advice))


def problem_frame(problem: Problem) -> Frame:
    return Frame("error", problem.to_json())


def _frame(event: EventName, body: BaseModel) -> Frame:
    return Frame(event, body.model_dump_json())


def _hit_body(hit: Hit) -> HitBody:
    passage = hit.passage
    return HitBody(
        path=passage.path,
        title=passage.title,
        place=str(passage.locator),
        page=passage.locator.page,
        score=hit.score,
        text=passage.text,
    )
