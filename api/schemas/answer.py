"""What is answered, as JSON: the same shapes for HTTP, for server-sent events and for ``footnote ask --json``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.core.problems import Problem
from api.rendering.links import NOWHERE, Links
from api.rendering.markdown import to_html
from api.schemas.question import Body
from indexes.ingest.documents import document_id
from indexes.types import Hit
from rag.types import (
    Answer,
    Citation,
    Completed,
    Decliner,
    Delta,
    Event,
    Near,
    Retrieval,
    Retrieved,
    Span,
)
from rag.types import Status as AnswerStatus
from rag.types import Verdict as SentenceVerdict

OFFLINE_MODEL = "offline-extractive"
"""``Answer.model`` where no language model is connected."""

DocumentId = Annotated[str, Field(description="the document's id: it stays the same while its path does")]
Url = Annotated[str | None, Field(description="opens the place in the viewer; null where no server was asked")]

EventName = Literal["retrieval", "delta", "citation", "answer", "progress", "finished", "error", "done"]


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
    document: DocumentId
    path: str
    title: str
    place: str = Field(examples=["page 4, lines 12–15"])
    quote: str
    url: Url
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
    finding: str = Field(
        description="a fact in it that its sources have not, or say otherwise, or why it could not be compared"
    )


class NearBody(Body):
    document: DocumentId
    path: str
    title: str
    place: str
    url: Url
    locator: LocatorBody


class HitBody(Body):
    document: DocumentId
    path: str
    title: str
    place: str
    url: Url
    page: int | None
    score: float
    text: str


class LeftOutBody(Body):
    passages: int
    shortened: int = Field(description="passages of which the model was given the beginning")
    turns: int


class RetrievalBody(Body):
    query: str
    hits: tuple[HitBody, ...]
    left_out: LeftOutBody = Field(description="what had no room in the model's context window")


class UsageBody(Body):
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None = Field(description="of the input, what the server had read before")
    cost: float | None = Field(description="by llm.input_price and llm.output_price, where they are set")


class AnswerBody(Body):
    id: str | None = Field(description="what the answer is known by: for feedback on it")
    conversation: str | None = Field(description="the id of the kept conversation that it is in")
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
    cached: bool = Field(description="whether it was kept from when the same was asked before")
    unanswered: str = Field(description="the part of the question that is not answered, where the status is partly")
    declined_by: Decliner | None = Field(
        description="where it is declined: nothing near was found, the model said so, or its answer failed the check"
    )
    nearest: tuple[NearBody, ...] = Field(description="where it is declined: documents that may be worth a look")
    advice: str | None = Field(description="how to get better answers, where no language model is connected")
    html: str | None = Field(
        description="the text rendered, sentences and markers marked, nothing live in it; where it was asked for"
    )


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


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """How an answer is told, beside what it says."""

    advice: str | None = None
    """On language models; given only where none answered."""
    id: str | None = None
    conversation: str | None = None
    links: Links = NOWHERE
    html: bool = False


PLAIN = AnswerContext()


def answer_to_wire(answer: Answer, advice: str | None = None) -> dict[str, Any]:
    """The answer as JSON types. ``advice`` is given only where no language model answered."""
    return answer_body(answer, AnswerContext(advice)).model_dump(mode="json")


def answer_body(answer: Answer, telling: AnswerContext = PLAIN) -> AnswerBody:
    links = telling.links
    return AnswerBody(
        id=telling.id,
        conversation=telling.conversation,
        question=answer.question.text,
        text=answer.text,
        status=answer.status,
        model=answer.model,
        citations=tuple(citation_body(citation, links) for citation in answer.citations),
        sentences=tuple(SentenceBody.model_validate(sentence) for sentence in answer.sentences),
        retrieval=retrieval_body(answer.retrieval, links),
        confidence=answer.confidence,
        usage=UsageBody.model_validate(answer.usage),
        cut_short=answer.cut_short,
        timings=dict(answer.timings),
        cached=answer.cached,
        unanswered=answer.unanswered,
        declined_by=answer.declined_by,
        nearest=tuple(_near_body(near, links) for near in answer.nearest),
        advice=telling.advice if answer.model == OFFLINE_MODEL else None,
        html=to_html(answer.text, answer.sentences, answer.citations) if telling.html else None,
    )


def citation_body(citation: Citation, links: Links = NOWHERE) -> CitationBody:
    return CitationBody(
        number=citation.number,
        document=citation.passage.document_id,
        path=citation.passage.path,
        title=citation.passage.title,
        place=str(citation.locator),
        quote=citation.quote,
        url=links.to(citation.passage.document_id, citation.locator),
        locator=LocatorBody.model_validate(citation.locator),
        answer_spans=citation.answer_spans,
        support=citation.support,
    )


def _near_body(near: Near, links: Links) -> NearBody:
    document = document_id(near.path)
    return NearBody(
        document=document,
        path=near.path,
        title=near.title,
        place=str(near.locator),
        url=links.to(document, near.locator),
        locator=LocatorBody.model_validate(near.locator),
    )


def retrieval_body(retrieval: Retrieval, links: Links = NOWHERE) -> RetrievalBody:
    return RetrievalBody(
        query=retrieval.query.whole,
        hits=tuple(_hit_body(hit, links) for hit in retrieval.hits),
        left_out=LeftOutBody.model_validate(retrieval.left_out),
    )


def event_frames(event: Event, telling: AnswerContext = PLAIN) -> Iterator[Frame]:
    """What an event says on the wire; a completed answer tells its citations first."""
    match event:
        case Retrieved(retrieval):
            yield frame("retrieval", retrieval_body(retrieval, telling.links))
        case Delta(text):
            yield frame("delta", DeltaBody(text=text))
        case Completed(answer):
            for citation in answer.citations:
                yield frame("citation", citation_body(citation, telling.links))
            yield frame("answer", answer_body(answer, telling))


def problem_frame(problem: Problem) -> Frame:
    return Frame("error", problem.to_json())


def frame(event: EventName, body: BaseModel) -> Frame:
    return Frame(event, body.model_dump_json())


def _hit_body(hit: Hit, links: Links) -> HitBody:
    passage = hit.passage
    return HitBody(
        document=passage.document_id,
        url=links.to(passage.document_id, passage.locator),
        path=passage.path,
        title=passage.title,
        place=str(passage.locator),
        page=passage.locator.page,
        score=hit.score,
        text=passage.text,
    )
