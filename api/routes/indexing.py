"""``/v1/index``: what is indexed, and index runs of the server's own."""

from collections.abc import AsyncIterator

from fastapi import APIRouter

from api.context.event_streams import EventStream, closing
from api.context.services import Caller, WritingCaller
from api.library.document_schemas import IndexBody, SyncBody, last_body, run_frame
from api.library.sync_jobs import Indexing
from api.middleware.failures import report_problem
from api.openapi.error_responses import CATALOG, problem_responses
from api.routes.documents import AtIndexing, AtLibrary
from api.schemas.answer import Frame, problem_frame
from indexes.types import Audience

router = APIRouter(prefix="/v1/index", tags=["indexing"])


@router.get("", responses=problem_responses(*CATALOG))
def get_index(library: AtLibrary, indexing: AtIndexing, caller: Caller) -> IndexBody:
    """How much there is that one may read, and how the last run of this server ended."""
    facts, last = library.facts(caller.audience), indexing.last(caller.audience)
    return IndexBody(
        documents=facts.documents,
        passages=facts.passages,
        revision=facts.revision,
        embedding_model=facts.embedding_model,
        syncing=indexing.syncing,
        last=last_body(last) if last else None,
    )


@router.post("/sync", status_code=202, responses=problem_responses("forbidden", "index-busy", "no-roots", *CATALOG))
def sync_index(indexing: AtIndexing, _: WritingCaller) -> SyncBody:
    """Has the index brought up to date with the folders that it was made of, and with what was uploaded."""
    indexing.sync()
    return SyncBody()


@router.get("/events", status_code=200, response_class=EventStream)
async def follow_index(indexing: AtIndexing, caller: Caller) -> EventStream:
    """How far the run is that goes on: ``progress``…, then ``finished`` or ``error``; likewise those that wait.

    Where none does, how the last one ended. Then the stream ends.
    """
    return EventStream(_frames(indexing, caller.audience))


async def _frames(indexing: Indexing, audience: Audience) -> AsyncIterator[Frame]:
    try:
        async with closing(indexing.follow(audience)) as followed:
            async for event in followed:
                yield run_frame(event)
    except Exception as error:  # noqa: BLE001 - the status is sent: what fails now can be told in the stream only
        yield problem_frame(report_problem(error))
