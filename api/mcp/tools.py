"""What an MCP client may ask for: ``search``, ``ask`` and ``open_source``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from api.context.services import Services
from api.core.inquiry import Inquiry
from api.core.principals import Principal
from api.mcp.excerpts import AROUND, MOST, Place
from api.rendering.links import Links
from api.schemas.answer import CitationBody, DocumentId, LocatorBody, SentenceBody, Url, citation_body
from api.schemas.footnotes import with_footnotes
from api.schemas.question import AnswerLanguage, AskRequest, Body, FiltersBody, Text, TurnBody
from api.schemas.search_results import SearchRequest
from indexes.types import Hit
from rag.types import Answer
from rag.types import Status as AnswerStatus

_START = Field(None, ge=0, description="where the place begins, in characters (code points) of the document's text")
_END = Field(None, ge=1, description=f"where it ends: then {AROUND:,} characters around it are shown too")


@dataclass(frozen=True, slots=True)
class Visit:
    """Who calls a tool, at which services, and where their links lead."""

    services: Services
    principal: Principal
    links: Links


class SearchTool(Body):
    query: Text = Field(description="what to look for, in words or as a question", examples=["days of leave"])
    limit: int = Field(8, ge=1, le=50, description="how many passages, at most")
    filters: FiltersBody = Field(FiltersBody(), description="only documents that these hold for")


class AskTool(Body):
    question: Text = Field(description="one question, as a person would ask it", examples=["How long is the notice?"])
    history: tuple[TurnBody, ...] = Field((), description="what was said before, oldest first")
    filters: FiltersBody = Field(FiltersBody(), description="only from documents that these hold for")
    language: Text | None = AnswerLanguage


class OpenTool(Body):
    document: Text = Field(description="the document's id, as search and ask give it")
    start: int | None = _START
    end: int | None = _END
    page: int | None = Field(None, ge=1, description="a page's number, in place of start and end")


class PassageBody(Body):
    id: str = Field(description="the passage's id")
    document: DocumentId
    path: str
    title: str
    place: str = Field(examples=["page 4, lines 12–15"])
    url: Url
    score: float = Field(description="higher is better; comparable within one search only")
    locator: LocatorBody
    text: str


class PassagesBody(Body):
    passages: tuple[PassageBody, ...] = Field(description="best first")


class AnsweredBody(Body):
    id: str
    text: str = Field(description="Markdown, with markers [1], [2]… that the citations explain")
    status: AnswerStatus
    citations: tuple[CitationBody, ...]
    doubtful: tuple[SentenceBody, ...] = Field(description="sentences that their sources do not bear out, or weakly")
    unanswered: str = Field(description="the part of the question that is not answered, where the status is partly")


class OpenedBody(Body):
    document: DocumentId
    path: str
    title: str
    place: str
    url: Url
    locator: LocatorBody = Field(description="the span that is shown")
    characters: int = Field(description="how many the whole text has: where more follows, open it from char_end on")
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """Takes arguments of one shape; gives a text for models, and the same as data."""

    name: str
    title: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    run: Callable[[Any, Visit], Awaitable[tuple[str, BaseModel]]]


async def _search(wanted: SearchTool, visit: Visit) -> tuple[str, PassagesBody]:
    retriever = visit.services.retriever
    asked = SearchRequest(query=wanted.query, limit=wanted.limit, filters=wanted.filters)
    query = asked.to_query(visit.services.max_question_chars, visit.principal.audience)
    hits = await run_in_threadpool(retriever.retrieve, query, limit=wanted.limit) if retriever else []
    found = PassagesBody(passages=tuple(_passage(hit, visit.links) for hit in hits))
    text = "\n\n".join(f"{p.path}, {p.place} (document {p.document})\n{p.text}" for p in found.passages)
    return text or "Nothing was found.", found


async def _ask(wanted: AskTool, visit: Visit) -> tuple[str, AnsweredBody]:
    asked = AskRequest(
        question=wanted.question, history=wanted.history, filters=wanted.filters, language=wanted.language
    )
    question = asked.to_question(visit.services.max_question_chars, visit.principal.audience)
    ask = Inquiry(question=question, principal=visit.principal, via="mcp")
    answer = await visit.services.questions.answer(ask)
    return with_footnotes(answer, visit.links), _answered(answer, ask.id, visit.links)


async def _open(wanted: OpenTool, visit: Visit) -> tuple[str, OpenedBody]:
    library = visit.services.library
    assert library  # noqa: S101 - or this tool is not there
    document = await run_in_threadpool(library.full_document, wanted.document, visit.principal.audience)
    start, end = Place(wanted.start, wanted.end, wanted.page).span(document)
    locator = document.locate(start, end)
    opened = OpenedBody(
        document=document.id,
        path=document.path,
        title=document.title,
        place=str(locator),
        url=visit.links.to(document.id, locator),
        locator=LocatorBody.model_validate(locator),
        characters=len(document.text),
        text=document.text[start:end],
    )
    return f"{opened.path}, {opened.place}\n{opened.text}", opened


def _passage(hit: Hit, links: Links) -> PassageBody:
    passage = hit.passage
    return PassageBody(
        id=passage.id,
        document=passage.document_id,
        path=passage.path,
        title=passage.title,
        place=str(passage.locator),
        url=links.to(passage.document_id, passage.locator),
        score=hit.score,
        locator=LocatorBody.model_validate(passage.locator),
        text=passage.text,
    )


def _answered(answer: Answer, answer_id: str, links: Links) -> AnsweredBody:
    doubtful = [sentence for sentence in answer.sentences if sentence.verdict != "supported"]
    return AnsweredBody(
        id=answer_id,
        text=answer.text,
        status=answer.status,
        citations=tuple(citation_body(citation, links) for citation in answer.citations),
        doubtful=tuple(SentenceBody.model_validate(sentence) for sentence in doubtful),
        unanswered=answer.unanswered,
    )


SEARCH = Tool(
    "search",
    "Search the documents",
    "Finds passages of the indexed documents by meaning and by words, best first, each with its document's id, its "
    "place and its text. For passages themselves; use ask for an answer that is checked.",
    SearchTool,
    PassagesBody,
    _search,
)
ASK = Tool(
    "ask",
    "Ask the documents",
    "Answers a question from the indexed documents, with numbered footnotes that quote the place each sentence comes "
    "from. Every sentence is checked against its source. Says that it does not know where the documents do not tell.",
    AskTool,
    AnsweredBody,
    _ask,
)
OPEN_SOURCE = Tool(
    "open_source",
    "Read a document",
    "Shows the text of an indexed document around a place: a span that a citation names, a page, or its beginning; "
    f"{MOST:,} characters at most at once.",
    OpenTool,
    OpenedBody,
    _open,
)


def tools_at(services: Services) -> dict[str, Tool]:
    """By name; those that the services has the parts for."""
    there = (SEARCH if services.retriever else None, ASK, OPEN_SOURCE if services.library else None)
    return {tool.name: tool for tool in there if tool}
