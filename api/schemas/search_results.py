"""Searches as JSON: the same shapes for HTTP and for ``footnote search --json``."""

from collections.abc import Iterable

from pydantic import Field

from api.rendering.links import NOWHERE, Links
from api.schemas.answer import DocumentId, LocatorBody, Url
from api.schemas.question import AskRequest, Body, FiltersBody, Recency, Text
from indexes.search.snippets import match_words
from indexes.types import PUBLIC, Audience, Hit, Query
from rag.answering.query_rewriting import search_query


class SearchRequest(Body):
    """A search for passages."""

    query: Text = Field(examples=["days of leave"])
    limit: int = Field(8, ge=1, le=100)
    filters: FiltersBody = FiltersBody()
    recency_days: Recency = None

    def to_query(self, max_chars: int, audience: Audience = PUBLIC) -> Query:
        """Return the query. Raises the errors of ``AskRequest.to_question``."""
        request = AskRequest(question=self.query, filters=self.filters, recency_days=self.recency_days)
        return search_query(request.to_question(max_chars, audience))


class SignalBody(Body):
    """The score of a passage in one step of the search."""

    name: str = Field(examples=["dense"])
    score: float
    rank: int | None = Field(description="from 1, if this step ranks")


class MatchedBody(Body):
    """Words of the query in each part of a passage, in any inflection."""

    text: tuple[str, ...]
    title: tuple[str, ...]
    heading: tuple[str, ...]


class FoundBody(Body):
    """A passage that was found."""

    document: DocumentId
    path: str
    title: str
    place: str = Field(examples=["page 4, lines 12–15"])
    url: Url
    locator: LocatorBody
    heading: tuple[str, ...]
    score: float
    text: str
    signals: tuple[SignalBody, ...] = Field(description="the scores of the search steps, in order")
    matched: MatchedBody


class SearchBody(Body):
    """The results of a search."""

    query: str
    hits: tuple[FoundBody, ...] = Field(description="best first")
    unmatched_filters: bool = Field(description="whether no document that the caller may read matches the filters")


def search_body(
    query: Query, hits: Iterable[Hit], links: Links = NOWHERE, *, unmatched_filters: bool = False
) -> SearchBody:
    """Return the results as JSON."""
    found = tuple(found_body(query, hit, links) for hit in hits)
    return SearchBody(query=query.text, hits=found, unmatched_filters=unmatched_filters)


def found_body(query: Query, hit: Hit, links: Links = NOWHERE) -> FoundBody:
    """Return one result as JSON."""
    passage = hit.passage
    return FoundBody(
        document=passage.document_id,
        url=links.to(passage.document_id, passage.locator),
        path=passage.path,
        title=passage.title,
        place=str(passage.locator),
        locator=LocatorBody.model_validate(passage.locator),
        heading=passage.locator.heading,
        score=hit.score,
        text=passage.text,
        signals=tuple(SignalBody.model_validate(signal) for signal in hit.signals),
        matched=MatchedBody.model_validate(match_words(query, passage)),
    )
