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
from api.context.services import Caller, LinksDep, ServicesDep, json_only
from api.core.inquiry import Inquiry, new_id
from api.middleware.failures import fault_of, report_problem
from api.middleware.guards import render
from api.openapi.description import OPENAI
from api.openapi.error_responses import ANSWERING, Responses, problem_responses
from api.schemas.openai_request import ChatRequest, check_model
from api.schemas.openai_response import (
    EMPTY,
    MODELS,
    TEXT_ONLY,
    CompletionBody,
    Data,
    ModelBody,
    ModelsBody,
    chunks,
    completion_body,
    error_body,
    error_data,
    own_completion,
    status_of,
)

_START = Data("")
_STREAMED: Responses = {200: {"content": {EventStream.media_type: {"schema": {"type": "string"}}}}}


class OpenAIRoute(APIRoute):
    """A route whose errors have OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, with errors as OpenAI's: the API's headers, and 400 in place of 422."""
        handle = super().get_route_handler()

        async def handle_with_errors(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - reported, and logged if it is ours
                problem, param = report_problem(error), None
                if isinstance(error, RequestValidationError):
                    param = fault_of(error).place or None
                response = render(problem, getattr(error, "headers", None))
                headers = {k: v for k, v in response.headers.items() if k not in ("content-length", "content-type")}
                return JSONResponse(error_body(problem, param), status_of(problem), headers)

        return handle_with_errors


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
    """Return the checked answer, with an annotation for each footnote: whole, or with ``stream`` in pieces.

    The stream begins when the answer is checked, since a client cannot take back what it showed.
    """

    async def complete() -> CompletionBody:
        if chat.is_chore():
            return own_completion(new_id(), EMPTY)
        if chat.shows_other_than_text():
            return own_completion(new_id(), TEXT_ONLY)
        question = chat.to_question(services.max_question_chars, caller.audience)
        inquiry = Inquiry(question=question, principal=caller, via="openai")
        answer = await services.questions.answer(inquiry)
        return completion_body(answer, inquiry.id, links, sources=chat.sources, annotations=chat.annotations)

    if not chat.stream:
        return await while_connected(request.receive, complete())
    events = _stream_completion(complete(), services.patience_s, include_usage=chat.include_usage)
    await while_connected(request.receive, anext(events))
    return EventStream(events)


@router.get("/models")
async def list_models(caller: Caller) -> ModelsBody:  # noqa: ARG001 - it authenticates
    """List the one model. Which language model the server uses is not shown."""
    return MODELS


@router.get("/models/{model}", responses=problem_responses("no-such-model"))
async def get_model(model: str, caller: Caller) -> ModelBody:  # noqa: ARG001 - likewise
    """Return the model by its name."""
    check_model(model)
    return MODELS.data[0]


async def _stream_completion(
    completing: Coroutine[Any, Any, CompletionBody], patience_s: float, *, include_usage: bool
) -> AsyncGenerator[Data]:
    """Yield an empty event after ``patience_s`` at most, then the completion: an early failure keeps its own status."""
    working = asyncio.create_task(completing)
    try:
        await asyncio.wait((working,), timeout=patience_s)
        if working.done():
            working.result()
        yield _START
        try:
            completion = await working
        except Exception as error:  # noqa: BLE001 - the status is sent: only the stream can tell
            yield error_data(report_problem(error))
            return
        for chunk in chunks(completion, include_usage=include_usage):
            yield chunk
    finally:
        await cancel(working)
