"""The tools of MCP clients: ``search``, ``ask`` and ``open_source``."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api.context.services import Services
from api.core.inquiry import Inquiry
from api.core.principals import Principal
from api.mcp.excerpts import AROUND, MOST, Place
from api.rendering.links import Links
from api.schemas.answer import STATUS, CitationBody, DocumentId, LocatorBody, SentenceBody, Url, citation_body
from api.schemas.footnotes import with_footnotes
from api.schemas.question import AnswerLanguage, AskRequest, Body, FiltersBody, Text, TurnBody
from api.schemas.search_results import SearchRequest
from rag.types import Status as AnswerStatus
from rag.verification.abstention import NO_DOCUMENTS, matches_nothing

_START = Field(None, ge=0, description="start of the place, in characters (code points) of the document's text")
_END = Field(None, ge=1, description=f"its end: {AROUND:,} characters around the place are shown too")


@dataclass(frozen=True, slots=True)
class Visit:
    """The caller of a tool, the services, and the links for the answer."""

    services: Services
    principal: Principal
    links: Links


class PassageBody(Body):
    """A passage that was found."""

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
    """The passages that were found."""

    passages: tuple[PassageBody, ...] = Field(description="best first")
    unmatched_filters: bool = Field(description="whether no document that may be read matches the filters")


class AnsweredBody(Body):
    """A checked answer."""

    id: str
    text: str = Field(description="Markdown, with markers [1], [2]… that the citations explain")
    status: AnswerStatus = Field(description=STATUS)
    citations: tuple[CitationBody, ...]
    doubtful: tuple[SentenceBody, ...] = Field(description="sentences without full support from their sources")
    unanswered: str = Field(description="the part of the question without an answer; empty if there is none")
    unmatched_filters: bool = Field(description="whether no document that may be read matches the filters")


class OpenedBody(Body):
    """A part of a document."""

    document: DocumentId
    path: str
    title: str
    place: str
    url: Url
    locator: LocatorBody = Field(description="the span that is shown")
    characters: int = Field(description="length of the whole text: to read on, open the document from char_end")
    text: str


class ToolArguments(Body, ABC):
    """The arguments of a tool, which run it."""

    @abstractmethod
    async def run(self, visit: Visit) -> tuple[str, Body]:
        """Return the result as text for models, and as data."""


class SearchTool(ToolArguments):
    """The arguments of search."""

    query: Text = Field(description="what to look for, in words or as a question", examples=["days of leave"])
    limit: int = Field(8, ge=1, le=50, description="how many passages, at most")
    filters: FiltersBody = Field(FiltersBody(), description="only documents that match these")

    async def run(self, visit: Visit) -> tuple[str, PassagesBody]:
        """Return the passages, best first."""
        retriever = visit.services.retriever
        request = SearchRequest(query=self.query, limit=self.limit, filters=self.filters)
        query = request.to_query(visit.services.max_question_chars, visit.principal.audience)
        hits = await run_in_threadpool(retriever.retrieve, query, limit=self.limit) if retriever else []
        passages = tuple(
            PassageBody(
                id=hit.passage.id,
                document=hit.passage.document_id,
                path=hit.passage.path,
                title=hit.passage.title,
                place=str(hit.passage.locator),
                url=visit.links.to(hit.passage.document_id, hit.passage.locator),
                score=hit.score,
                locator=LocatorBody.model_validate(hit.passage.locator),
                text=hit.passage.text,
            )
            for hit in hits
        )
        text = "\n\n".join(f"{p.path}, {p.place} (document {p.document})\n{p.text}" for p in passages)
        count = visit.services.count_documents
        unmatched = await run_in_threadpool(matches_nothing, query.scope, hits, count)
        nothing = NO_DOCUMENTS if unmatched else "Nothing was found."
        return text or nothing, PassagesBody(passages=passages, unmatched_filters=unmatched)


class AskTool(ToolArguments):
    """The arguments of ask."""

    question: Text = Field(description="one question, as a person would ask it", examples=["How long is the notice?"])
    history: tuple[TurnBody, ...] = Field((), description="earlier messages, oldest first")
    filters: FiltersBody = Field(FiltersBody(), description="only from documents that match these")
    language: Text | None = AnswerLanguage

    async def run(self, visit: Visit) -> tuple[str, AnsweredBody]:
        """Return the checked answer."""
        request = AskRequest(question=self.question, history=self.history, filters=self.filters, language=self.language)
        question = request.to_question(visit.services.max_question_chars, visit.principal.audience)
        inquiry = Inquiry(question=question, principal=visit.principal, via="mcp")
        answer = await visit.services.questions.answer(inquiry)
        doubtful = [sentence for sentence in answer.sentences if sentence.verdict != "supported"]
        body = AnsweredBody(
            id=inquiry.id,
            text=answer.text,
            status=answer.status,
            citations=tuple(citation_body(citation, visit.links) for citation in answer.citations),
            doubtful=tuple(SentenceBody.model_validate(sentence) for sentence in doubtful),
            unanswered=answer.unanswered,
            unmatched_filters=answer.retrieval.unmatched_filters,
        )
        return with_footnotes(answer, visit.links), body


class OpenTool(ToolArguments):
    """The arguments of open_source."""

    document: Text = Field(description="the document's id, as search and ask return it")
    start: int | None = _START
    end: int | None = _END
    page: int | None = Field(None, ge=1, description="a page's number, in place of start and end")

    async def run(self, visit: Visit) -> tuple[str, OpenedBody]:
        """Return the text around the place."""
        library = visit.services.library
        assert library  # noqa: S101 - without a library there is no such tool
        document = await run_in_threadpool(library.full_document, self.document, visit.principal.audience)
        start, end = Place(self.start, self.end, self.page).span(document)
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


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as clients see it."""

    name: str
    title: str
    description: str
    arguments: type[ToolArguments]
    result: type[Body]


SEARCH = Tool(
    "search",
    "Search the documents",
    "Finds passages of the indexed documents by meaning and by words, best first. Each has its document's id, its "
    "place and its text. To get a checked answer, use ask.",
    SearchTool,
    PassagesBody,
)
ASK = Tool(
    "ask",
    "Ask the documents",
    "Answers a question from the indexed documents. Numbered footnotes quote the source of each sentence, and every "
    "sentence is checked against its source. If the documents do not answer the question, it says so. The status "
    "unverified says that no document bears the answer out.",
    AskTool,
    AnsweredBody,
)
OPEN_SOURCE = Tool(
    "open_source",
    "Read a document",
    "Shows the text of an indexed document: around a citation's span, of a page, or from the beginning. It shows at "
    f"most {MOST:,} characters at once.",
    OpenTool,
    OpenedBody,
)


def tools_at(services: Services) -> dict[str, Tool]:
    """Return the tools that the services support, by name."""
    supported = (SEARCH if services.retriever else None, ASK, OPEN_SOURCE if services.library else None)
    return {tool.name: tool for tool in supported if tool}
