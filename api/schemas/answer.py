"""Answers as JSON: the same shapes for HTTP, for server-sent events and for ``footnote ask --json``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.core.problems import Problem
from api.rendering.links import NOWHERE, Links
from api.rendering.markdown import to_html
from api.schemas.question import Body
from indexes.ingest.documents import document_id
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
"""``Answer.model`` without a language model."""

STATUS = (
    "unverified: a model wrote the text, and no document that was found bears any of it out; "
    "declined: the documents do not answer"
)
DocumentId = Annotated[str, Field(description="the document's id, which depends on its path only")]
Url = Annotated[str | None, Field(description="opens the place in the viewer; null without a server")]

EventName = Literal["retrieval", "delta", "citation", "answer", "progress", "finished", "error", "done"]


class LocatorBody(Body):
    """A place in a document. ``char_*`` count characters (Unicode code points) of the indexed text."""

    page: int | None
    sheet: str | None
    slide: int | None
    line_start: int
    line_end: int
    char_start: int
    char_end: int
    heading: tuple[str, ...]


class CitationBody(Body):
    """A footnote: the quote and its place."""

    number: int
    document: DocumentId
    path: str
    title: str
    place: str = Field(examples=["page 4, lines 12–15"])
    quote: str
    url: Url
    locator: LocatorBody
    answer_spans: tuple[Span, ...] = Field(description="the spans of its markers in the answer's text, in code points")
    support: float


class SentenceBody(Body):
    """A sentence of the answer, with its verdict."""

    text: str
    start: int = Field(description="in code points of the answer's text")
    end: int
    citations: tuple[int, ...]
    support: float
    verdict: SentenceVerdict
    finding: str = Field(description="a fact that its sources lack or contradict, or why it could not be checked")
    contradicted: bool = Field(False, description="whether it is unsupported because its source says otherwise")


class NearBody(Body):
    """A document near a question without a verified answer."""

    document: DocumentId
    path: str
    title: str
    place: str
    url: Url
    locator: LocatorBody


class HitBody(Body):
    """A passage that was retrieved."""

    document: DocumentId
    path: str
    title: str
    place: str
    url: Url
    page: int | None
    score: float
    text: str


class LeftOutBody(Body):
    """What did not fit into the context window."""

    passages: int
    shortened: int = Field(description="passages of which the model saw only the beginning")
    turns: int


class RetrievalBody(Body):
    """The query and the passages behind an answer."""

    query: str
    hits: tuple[HitBody, ...]
    left_out: LeftOutBody = Field(description="what did not fit into the model's context window")


class UsageBody(Body):
    """The tokens of a language model."""

    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None = Field(description="input tokens that the server had cached")
    cost: float | None = Field(description="by llm.input_price and llm.output_price, if they are set")


class AnswerBody(Body):
    """A checked answer."""

    id: str | None = Field(description="the answer's id, for feedback on it")
    conversation: str | None = Field(description="the id of its stored conversation")
    question: str
    text: str = Field(description="Markdown, with markers [1], [2]… in order of first use")
    status: AnswerStatus = Field(description=STATUS)
    model: str = Field(
        description='what wrote it; "index" if the catalog answered about itself: such an answer cites nothing'
    )
    citations: tuple[CitationBody, ...]
    sentences: tuple[SentenceBody, ...]
    retrieval: RetrievalBody
    confidence: float = Field(description="from 0 to 1: the model's confidence that the documents answer")
    usage: UsageBody
    cut_short: str = Field(description="why the model was stopped early; empty if it was not")
    timings: Mapping[str, float] = Field(description="seconds by stage")
    cached: bool = Field(description="whether it comes from the cache of answers")
    unanswered: str = Field(description="the part of the question without an answer; empty if there is none")
    declined_by: Decliner | None = Field(
        description="if it is declined: the search found nothing near, or the model declined"
    )
    unmatched_filters: bool = Field(
        description="whether no document that the asker may read matches the filters: nothing was searched"
    )
    searched_languages: tuple[str, ...] = Field(
        description="the documents' languages, if the question is in another and was searched for as it stands"
    )
    nearest: tuple[NearBody, ...] = Field(description="if it is declined or unverified: documents that may help")
    advice: str | None = Field(description="how to connect a language model, if there is none")
    html: str | None = Field(description="the text as inert HTML with marked sentences and markers, if requested")


class DeltaBody(Body):
    """A piece of a streamed answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A server-sent event: ``data`` is one line of JSON."""

    event: EventName
    data: str

    def encode(self) -> bytes:
        """Return the event as it is sent."""
        return f"event: {self.event}\ndata: {self.data}\n\n".encode()


DONE = Frame("done", "{}")


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What a response holds besides the answer."""

    advice: str | None = None
    """How to connect a language model; shown only if none answered."""
    id: str | None = None
    conversation: str | None = None
    links: Links = NOWHERE
    html: bool = False


NO_CONTEXT = AnswerContext()


def answer_to_wire(answer: Answer, advice: str | None = None) -> dict[str, Any]:
    """Return the answer as JSON types. ``advice`` is shown only if no language model answered."""
    return answer_body(answer, AnswerContext(advice)).model_dump(mode="json")


def answer_body(answer: Answer, context: AnswerContext = NO_CONTEXT) -> AnswerBody:
    """Return the answer as JSON."""
    links = context.links
    return AnswerBody(
        id=context.id,
        conversation=context.conversation,
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
        unmatched_filters=answer.retrieval.unmatched_filters,
        searched_languages=answer.retrieval.searched_languages,
        nearest=tuple(_near_body(near, links) for near in answer.nearest),
        advice=context.advice if answer.model == OFFLINE_MODEL else None,
        html=to_html(answer.text, answer.sentences, answer.citations) if context.html else None,
    )


def citation_body(citation: Citation, links: Links = NOWHERE) -> CitationBody:
    """Return the citation as JSON."""
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
    """Return the query and the passages as JSON."""
    return RetrievalBody(
        query=retrieval.query.whole,
        hits=tuple(
            HitBody(
                document=hit.passage.document_id,
                url=links.to(hit.passage.document_id, hit.passage.locator),
                path=hit.passage.path,
                title=hit.passage.title,
                place=str(hit.passage.locator),
                page=hit.passage.locator.page,
                score=hit.score,
                text=hit.passage.text,
            )
            for hit in retrieval.hits
        ),
        left_out=LeftOutBody.model_validate(retrieval.left_out),
    )


def event_frames(event: Event, context: AnswerContext = NO_CONTEXT) -> Iterator[Frame]:
    """Yield the frames of an event: a completed answer is preceded by its citations."""
    match event:
        case Retrieved(retrieval):
            yield frame("retrieval", retrieval_body(retrieval, context.links))
        case Delta(text):
            yield frame("delta", DeltaBody(text=text))
        case Completed(answer):
            for citation in answer.citations:
                yield frame("citation", citation_body(citation, context.links))
            yield frame("answer", answer_body(answer, context))


def problem_frame(problem: Problem) -> Frame:
    """Return the frame of a failure."""
    return Frame("error", problem.to_json())


def frame(event: EventName, body: BaseModel) -> Frame:
    """Return a frame with the body as its data."""
    return Frame(event, body.model_dump_json())
