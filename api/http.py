"""The HTTP API and the chat page: every route parses, calls one method of the engine, and renders."""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.ask_wire import AskRequest
from api.guards import LOOPBACK_HOSTS, MAX_BODY_BYTES, BodyLimit, KnownHosts, SecurityHeaders, render
from api.problems import MEDIA_TYPE, Problem, problem, problem_of
from api.search_wire import SearchBody, SearchRequest, search_body
from api.streams import EventStream, closing, while_connected
from api.wire import (
    DONE,
    AnswerBody,
    Frame,
    answer_body,
    event_frames,
    problem_frame,
)
from indexes.errors import FootnoteError
from indexes.protocols import Retriever
from rag.protocols import Answerer
from rag.types import Question

log = logging.getLogger(__name__)
Health = Mapping[str, object]
STATIC = Path(__file__).parent / "static"

# HTTPException's status: (kind, detail)
_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("bad-json", "The body cannot be read as JSON."),
    404: ("not-found", "There is no such address; /openapi.json lists the API's."),
    405: ("method-not-allowed", "The address exists and does not take this method."),
    413: ("body-too-large", f"The body may have {MAX_BODY_BYTES:,} bytes."),
    415: ("bad-media-type", "Send JSON, and the header 'Content-Type: application/json'."),
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A failure in words (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes have at hand: who answers, on what terms, and how they are doing."""

    answerer: Answerer
    max_question_chars: int
    advice: str | None
    health: Callable[[], Health]
    retriever: Retriever | None


def create_app(
    answerer: Answerer,
    *,
    max_question_chars: int,
    health: Callable[[], Health],
    advice: str | None = None,
    retriever: Retriever | None = None,
    allowed_hosts: Collection[str] = LOOPBACK_HOSTS,
) -> FastAPI:
    """The application. ``advice`` is shown with the answers that no language model wrote. Without a ``retriever``
    there is no ``/v1/search``.

    ``allowed_hosts`` are the names it goes by, without ports (``guards.hosts_for`` an address); ``*`` is any.
    ``health`` may block: it runs in a thread.
    """
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None)  # their pages load scripts from another site
    app.state.desk = Desk(answerer, max_question_chars, advice, health, retriever)
    app.include_router(api)
    if retriever:
        app.include_router(searching)
    app.include_router(page)
    app.mount("/static", StaticFiles(directory=STATIC))
    for kind in (FootnoteError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _on_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unexpected)
    app.add_middleware(BodyLimit)
    app.add_middleware(KnownHosts, hosts=allowed_hosts)
    app.add_middleware(SecurityHeaders)
    return app


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


async def _question(asked: AskRequest, desk: AtDesk) -> Question:
    return asked.to_question(desk.max_question_chars)


Asked = Annotated[Question, Depends(_question)]


async def _json_only(request: Request) -> None:
    """A form of another site can send text and forms without asking; JSON it cannot."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415)


api = APIRouter(responses=_PROBLEMS)
searching = APIRouter(responses=_PROBLEMS)
page = APIRouter(include_in_schema=False)


@api.post("/v1/ask", dependencies=[Depends(_json_only)])
async def ask(question: Asked, desk: AtDesk, request: Request) -> AnswerBody:
    """The checked answer, with its citations."""
    answer = await while_connected(request.receive, desk.answerer.answer(question))
    return answer_body(answer, desk.advice)


@api.post("/v1/ask/stream", dependencies=[Depends(_json_only)], status_code=200, response_class=EventStream)
async def ask_stream(question: Asked, desk: AtDesk) -> EventStream:
    """The answer as it is written: events ``retrieval``, ``delta``…, ``citation``…, ``answer``, and last ``done``.

    The text of ``answer`` is checked and stands in for what was streamed. ``error`` comes where the answer fails.
    """
    return EventStream(_frames(desk, question))


@searching.post("/v1/search", dependencies=[Depends(_json_only)])
def search(asked: SearchRequest, desk: AtDesk) -> SearchBody:
    """The passages that are found, and what each way of searching made of them."""
    query = asked.to_query(desk.max_question_chars)
    return search_body(query, desk.retriever.retrieve(query, limit=asked.limit) if desk.retriever else ())


@api.get("/healthz")
def healthz(desk: AtDesk) -> dict[str, Any]:
    return dict(desk.health())


@page.api_route("/", methods=["GET", "HEAD"])
async def index() -> FileResponse:
    return FileResponse(STATIC / "index.html")


async def _frames(desk: Desk, question: Question) -> AsyncIterator[Frame]:
    """What there is to tell, and whatever happens, ``done``."""
    try:
        async with closing(desk.answerer.stream(question)) as events:
            async for event in events:
                for frame in event_frames(event, desk.advice):
                    yield frame
    except Exception as error:  # noqa: BLE001 - the status is sent: what fails now can be told in the stream only
        yield problem_frame(_told(error))
    yield DONE


async def _on_error(_: Request, error: Exception) -> Response:
    return render(_told(error), getattr(error, "headers", None))  # a 405 names the methods in Allow


async def _on_unexpected(_: Request, error: Exception) -> Response:
    return render(problem_of(error))  # not logged here: Starlette raises it again, and the server logs it


async def _on_disconnect(_: Request, __: Exception) -> Response:
    return Response(status_code=499)  # nginx's number for it; nobody reads it


def _told(error: Exception) -> Problem:
    """What the user is told, and the log too where it is not the user's doing."""
    told = _problem(error)
    if told.status >= 500:
        log.error("%s: %r", told.type, error, exc_info=error if told.status == 500 else None)
    return told


def _problem(error: Exception) -> Problem:
    match error:
        case RequestValidationError():
            return _invalid(error)
        case HTTPException(status_code=status) if status in _REFUSALS:
            return problem(*_REFUSALS[status])
        case _:
            return problem_of(error)


def _invalid(error: RequestValidationError) -> Problem:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem("bad-json", f"The body stops being JSON at character {first['loc'][-1]}.")
    field = ".".join(str(part) for part in first["loc"][1:])[:80] or "body"
    return problem("bad-request", f"{field}: {first['msg']}")
