"""``/v1/index``: the size of the index, and index runs by the server."""

from collections.abc import AsyncIterator

from fastapi import APIRouter

from api.context.event_streams import EventStream, closing
from api.context.services import Caller, WritingCaller
from api.library.document_schemas import IndexBody, SyncBody, last_body, run_frame
from api.middleware.failures import report_problem
from api.openapi.error_responses import CATALOG, problem_responses
from api.routes.documents import IndexingDep, LibraryDep
from api.schemas.answer import Frame, problem_frame

router = APIRouter(prefix="/v1/index", tags=["indexing"])


@router.get("", responses=problem_responses(*CATALOG))
def get_index(library: LibraryDep, indexing: IndexingDep, caller: Caller) -> IndexBody:
    """Return the size of what the caller may read, and the result of the server's last run."""
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
def sync_index(indexing: IndexingDep, _: WritingCaller) -> SyncBody:
    """Start an index run over the folders of the index and the uploads."""
    indexing.sync()
    return SyncBody()


@router.get("/events", status_code=200, response_class=EventStream)
async def follow_index(indexing: IndexingDep, caller: Caller) -> EventStream:
    """Stream the current and the waiting runs: ``progress``…, then ``finished`` or ``error`` for each.

    Without a run, the stream holds the result of the last one.
    """

    async def frames() -> AsyncIterator[Frame]:
        try:
            async with closing(indexing.follow(caller.audience)) as events:
                async for event in events:
                    yield run_frame(event)
        except Exception as error:  # noqa: BLE001 - the status is sent: only the stream can tell
            yield problem_frame(report_problem(error))

    return EventStream(frames())
