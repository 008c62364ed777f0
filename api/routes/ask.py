"""``/v1/ask``: a question, answered whole or as a stream."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.context.event_streams import EventStream, closing, while_connected
from api.context.services import Caller, LinksDep, ServicesDep, json_only
from api.core.inquiry import Inquiry
from api.history.conversation_store import unknown_conversation
from api.middleware.failures import report_problem
from api.openapi.error_responses import ANSWERING, SEARCHING, problem_responses
from api.schemas.answer import DONE, AnswerBody, AnswerContext, Frame, answer_body, event_frames, problem_frame
from api.schemas.question import AskRequest

router = APIRouter(prefix="/v1", dependencies=[Depends(json_only)], tags=["asking"])


async def make_inquiry(body: AskRequest, services: ServicesDep, caller: Caller) -> Inquiry:
    """Return the caller's inquiry. Raises ``UnknownConversationError`` while the status can still tell."""
    if body.conversation is not None:
        if services.conversations is None:
            raise unknown_conversation()
        await run_in_threadpool(services.conversations.get, caller, body.conversation)
    question = body.to_question(services.max_question_chars, caller.audience)
    return Inquiry(question=question, principal=caller, conversation=body.conversation)


InquiryDep = Annotated[Inquiry, Depends(make_inquiry)]


async def make_context(body: AskRequest, inquiry: InquiryDep, services: ServicesDep, links: LinksDep) -> AnswerContext:
    """Return what the response holds besides the answer."""
    return AnswerContext(services.advice, inquiry.id, inquiry.conversation, links, body.html)


ContextDep = Annotated[AnswerContext, Depends(make_context)]


@router.post(
    "/ask",
    responses=problem_responses(*SEARCHING, "bad-language", *ANSWERING, "not-found", "conversation-busy"),
)
async def ask(inquiry: InquiryDep, context: ContextDep, services: ServicesDep, request: Request) -> AnswerBody:
    """Return the checked answer, with its citations."""
    answer = await while_connected(request.receive, services.questions.answer(inquiry))
    return answer_body(answer, context)


@router.post(
    "/ask/stream",
    status_code=200,
    response_class=EventStream,
    responses=problem_responses(*SEARCHING, "bad-language", "not-found", "too-busy"),
)
async def ask_stream(inquiry: InquiryDep, context: ContextDep, services: ServicesDep) -> EventStream:
    """Stream the answer as it is written: ``retrieval``, ``delta``…, ``citation``…, ``answer``, and last ``done``.

    The text of ``answer`` is checked, and replaces the streamed text. ``error`` comes if the answer fails.
    """
    answering = services.questions.stream(inquiry)

    async def frames() -> AsyncIterator[Frame]:
        try:
            async with closing(answering) as events:
                async for event in events:
                    for frame in event_frames(event, context):
                        yield frame
        except Exception as error:  # noqa: BLE001 - the status is sent: only the stream can tell
            yield problem_frame(report_problem(error))
        yield DONE

    return EventStream(frames())
