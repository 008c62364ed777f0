"""``/v1/search``: passages without an answer."""

from fastapi import APIRouter, Depends

from api.context.services import LinksDep, Searcher, ServicesDep, json_only
from api.openapi.error_responses import INDEX, SEARCHING, problem_responses
from api.schemas.search_results import SearchBody, SearchRequest, search_body
from rag.verification.abstention import matches_nothing

router = APIRouter(prefix="/v1", tags=["searching"])


@router.post("/search", dependencies=[Depends(json_only)], responses=problem_responses(*SEARCHING, *INDEX))
def search(body: SearchRequest, services: ServicesDep, caller: Searcher, links: LinksDep) -> SearchBody:
    """Return the best passages, each with the signals of every search step."""
    query = body.to_query(services.max_question_chars, caller.audience)
    hits = services.retriever.retrieve(query, limit=body.limit) if services.retriever else ()
    unmatched = matches_nothing(query.scope, hits, services.count_documents)
    return search_body(query, hits, links, unmatched_filters=unmatched)
