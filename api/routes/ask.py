"""``/v1/ask``: a question, answered whole or as it is written."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.context.event_streams import EventStream, closing, while_connected
from api.context.services import Caller, LinksDep, Services, ServicesDep, json_only
from api.core.inquiry import Inquiry
from api.core.principals import Principal
from api.history.conversation_store import unknown_conversation
from api.middleware.failures import report_problem
from api.openapi.error_responses import ANSWERING, SEARCHING, problem_responses
from api.schemas.answer import DONE, AnswerBody, AnswerContext, Frame, answer_body, event_frames, problem_frame
from api.schemas.question import AskRequest
from rag.types import Event

router = APIRouter(prefix="/v1", dependencies=[Depends(json_only)], tags=["asking"])


async def _ask(body: AskRequest, services: ServicesDep, caller: Caller) -> Inquiry:
    """Raises ``UnknownConversationError`` before a stream begins, while a status can tell."""
    if body.conversation is not None:
        await run_in_threadpool(_look_up, services, caller, body.conversation)
    question = body.to_question(services.max_question_chars, caller.audience)
    return Inquiry(question=question, principal=caller, conversation=body.conversation)


def _look_up(services: Services, caller: Principal, conversation: str) -> None:
    if services.conversations is None:
        raise unknown_conversation()
    services.conversations.get(caller, conversation)


Asked = Annotated[Inquiry, Depends(_ask)]


async def _telling(body: AskRequest, asked: Asked, services: ServicesDep, links: LinksDep) -> AnswerContext:
    return AnswerContext(services.advice, asked.id, asked.conversation, links, body.html)


Told = Annotated[AnswerContext, Depends(_telling)]


@router.post(
    "/ask", responses=problem_responses(*SEARCHING, "bad-language", *ANSWERING, "not-found", "conversation-busy")
)
async def ask(asked: Asked, telling: Told, services: ServicesDep, request: Request) -> AnswerBody:
    """The checked answer, with its citations."""
    answer = await while_connected(request.receive, services.questions.answer(asked))
    return answer_body(answer, telling)


@router.post(
    "/ask/stream",
    status_code=200,
    response_class=EventStream,
    responses=problem_responses(*SEARCHING, "bad-language", "not-found", "too-busy"),
)
async def ask_stream(asked: Asked, telling: Told, services: ServicesDep) -> EventStream:
    """The answer as it is written: events ``retrieval``, ``delta``…, ``citation``…, ``answer``, and last ``done``.

    The text of ``answer`` is checked and stands in for what was streamed. ``error`` comes where the answer fails.
    """
    return EventStream(_frames(services.questions.stream(asked), telling))


async def _frames(answering: AsyncIterator[Event], telling: AnswerContext) -> AsyncIterator[Frame]:
    """What there is to tell, and whatever happens, ``done``."""
    try:
        async with closing(answering) as events:
            async for event in events:
                for frame in event_frames(event, telling):
                    yield frame
    except Exception as error:  # noqa: BLE001 - the status is sent: what fails now can be told in the stream only
        yield problem_frame(report_problem(error))
    yield DONE
