"""``/v1/search``: passages, without an answer."""

from fastapi import APIRouter, Depends

from api.context.services import LinksDep, Searcher, ServicesDep, json_only
from api.openapi.error_responses import INDEX, SEARCHING, problem_responses
from api.schemas.search_results import SearchBody, SearchRequest, search_body

router = APIRouter(prefix="/v1", tags=["searching"])


@router.post("/search", dependencies=[Depends(json_only)], responses=problem_responses(*SEARCHING, *INDEX))
def search(asked: SearchRequest, services: ServicesDep, caller: Searcher, links: LinksDep) -> SearchBody:
    """The passages that are found, and what each way of searching made of them."""
    query = asked.to_query(services.max_question_chars, caller.audience)
    hits = services.retriever.retrieve(query, limit=asked.limit) if services.retriever else ()
    return search_body(query, hits, links)
