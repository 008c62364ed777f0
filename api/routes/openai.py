"""``/v1/chat/completions`` and ``/v1/models``: for clients that speak OpenAI's API."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from api.context.event_streams import EventStream, cancel, while_connected
from api.context.services import Caller, LinksDep, Services, ServicesDep, json_only
from api.core.inquiry import Inquiry, new_id
from api.core.principals import Principal
from api.middleware.failures import report_problem
from api.middleware.guards import render
from api.openapi.description import OPENAI
from api.openapi.error_responses import ANSWERING, Responses, problem_responses
from api.rendering.links import Links
from api.schemas.openai_request import ChatRequest, check_model
from api.schemas.openai_response import (
    MODELS,
    CompletionBody,
    Data,
    ModelBody,
    ModelsBody,
    chunks,
    completion_body,
    empty_completion,
    error_body,
    error_data,
    status_of,
)

_BEGUN = Data("")
_STREAMED: Responses = {200: {"content": {EventStream.media_type: {"schema": {"type": "string"}}}}}


class OpenAIRoute(APIRoute):
    """Fails in OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_tell(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - told, and logged where it is ours
                return _failure(error)

        return handle_or_tell


router = APIRouter(prefix="/v1", tags=[OPENAI], route_class=OpenAIRoute)


@router.post(
    "/chat/completions",
    response_model=CompletionBody,
    dependencies=[Depends(json_only)],
    responses=_STREAMED
    | problem_responses("bad-chat", "no-such-model", "bad-question", "bad-language", "question-too-long", *ANSWERING),
)
async def complete_chat(
    chat: ChatRequest,
    services: ServicesDep,
    caller: Caller,
    links: LinksDep,
    request: Request,
) -> CompletionBody | EventStream:
    """The checked answer, with an annotation for each footnote: whole, or with ``stream`` in pieces.

    What is streamed is the answer that stands, once it is checked, since a client cannot take back what was shown.
    """
    completing = _completed(chat, services, caller, links)
    if not chat.stream:
        return await while_connected(request.receive, completing)
    frames = _frames(completing, services.patience_s, include_usage=chat.include_usage)
    await while_connected(request.receive, anext(frames))
    return EventStream(frames)


@router.get("/models")
async def list_models(caller: Caller) -> ModelsBody:  # noqa: ARG001 - it lets them in
    """The one model there is; which language model it asks itself is the server's business."""
    return MODELS


@router.get("/models/{model}", responses=problem_responses("no-such-model"))
async def get_model(model: str, caller: Caller) -> ModelBody:  # noqa: ARG001 - likewise
    """The model, by its name."""
    check_model(model)
    return MODELS.data[0]


async def _completed(chat: ChatRequest, services: Services, caller: Principal, links: Links) -> CompletionBody:
    """Raises as ``ChatRequest.to_question`` and asking do."""
    if chat.is_chore():
        return empty_completion(new_id())
    question = chat.to_question(services.max_question_chars, caller.audience)
    ask = Inquiry(question=question, principal=caller, via="openai")
    answer = await services.questions.answer(ask)
    return completion_body(answer, ask.id, links, sources=chat.sources, annotations=chat.annotations)


async def _frames(
    completing: Coroutine[Any, Any, CompletionBody], patience_s: float, *, include_usage: bool
) -> AsyncGenerator[Data]:
    """First one that tells nothing, and waits: as long as the status is not sent, a failure may have its own."""
    working = asyncio.create_task(completing)
    try:
        await asyncio.wait((working,), timeout=patience_s)
        if working.done():
            working.result()
        yield _BEGUN
        try:
            completion = await working
        except Exception as error:  # noqa: BLE001 - the status is sent: it can be told in the stream only
            yield error_data(report_problem(error))
            return
        for chunk in chunks(completion, include_usage=include_usage):
            yield chunk
    finally:
        await cancel(working)


def _failure(error: Exception) -> Response:
    """As the rest of the API fails, headers included, but for the body, and 400 where that has 422."""
    said, param = report_problem(error), None
    if isinstance(error, RequestValidationError):
        param = ".".join(str(part) for part in error.errors()[0]["loc"][1:])[:80] or None
    headers = render(said, getattr(error, "headers", None)).headers
    kept = {name: value for name, value in headers.items() if name not in ("content-length", "content-type")}
    return JSONResponse(error_body(said, param), status_of(said), kept)
