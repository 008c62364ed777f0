"""``/v1/search``: passages, without an answer."""

from fastapi import APIRouter, Depends

from api.context.services import AtDesk, Searcher, ToSources, json_only
from api.openapi.error_responses import INDEX, SEARCHING, refusals
from api.schemas.search_results import SearchBody, SearchRequest, search_body

router = APIRouter(prefix="/v1", tags=["searching"])


@router.post("/search", dependencies=[Depends(json_only)], responses=refusals(*SEARCHING, *INDEX))
def search(asked: SearchRequest, desk: AtDesk, caller: Searcher, links: ToSources) -> SearchBody:
    """The passages that are found, and what each way of searching made of them."""
    query = asked.to_query(desk.max_question_chars, caller.audience)
    hits = desk.retriever.retrieve(query, limit=asked.limit) if desk.retriever else ()
    return search_body(query, hits, links)
