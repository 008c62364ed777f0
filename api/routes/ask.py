"""``/v1/ask``: a question, answered whole or as it is written."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.context.event_streams import EventStream, closing, while_connected
from api.context.services import AtDesk, Caller, Desk, ToSources, json_only
from api.core.answerer import Ask
from api.core.principals import Principal
from api.history.conversation_store import no_conversation
from api.middleware.failures import told
from api.openapi.error_responses import ANSWERING, SEARCHING, refusals
from api.schemas.answer import DONE, AnswerBody, Frame, Telling, answer_body, event_frames, problem_frame
from api.schemas.question import AskRequest
from rag.types import Event

router = APIRouter(prefix="/v1", dependencies=[Depends(json_only)], tags=["asking"])


async def _ask(body: AskRequest, desk: AtDesk, caller: Caller) -> Ask:
    """Raises ``UnknownConversationError`` before a stream begins, while a status can tell."""
    if body.conversation is not None:
        await run_in_threadpool(_look_up, desk, caller, body.conversation)
    question = body.to_question(desk.max_question_chars, caller.audience)
    return Ask(question=question, principal=caller, conversation=body.conversation)


def _look_up(desk: Desk, caller: Principal, conversation: str) -> None:
    if desk.conversations is None:
        raise no_conversation()
    desk.conversations.get(caller, conversation)


Asked = Annotated[Ask, Depends(_ask)]


async def _telling(body: AskRequest, asked: Asked, desk: AtDesk, links: ToSources) -> Telling:
    return Telling(desk.advice, asked.id, asked.conversation, links, body.html)


Told = Annotated[Telling, Depends(_telling)]


@router.post("/ask", responses=refusals(*SEARCHING, "bad-language", *ANSWERING, "not-found", "conversation-busy"))
async def ask(asked: Asked, telling: Told, desk: AtDesk, request: Request) -> AnswerBody:
    """The checked answer, with its citations."""
    answer = await while_connected(request.receive, desk.asking.answer(asked))
    return answer_body(answer, telling)


@router.post(
    "/ask/stream",
    status_code=200,
    response_class=EventStream,
    responses=refusals(*SEARCHING, "bad-language", "not-found", "too-busy"),
)
async def ask_stream(asked: Asked, telling: Told, desk: AtDesk) -> EventStream:
    """The answer as it is written: events ``retrieval``, ``delta``…, ``citation``…, ``answer``, and last ``done``.

    The text of ``answer`` is checked and stands in for what was streamed. ``error`` comes where the answer fails.
    """
    return EventStream(_frames(desk.asking.stream(asked), telling))


async def _frames(answering: AsyncIterator[Event], telling: Telling) -> AsyncIterator[Frame]:
    """What there is to tell, and whatever happens, ``done``."""
    try:
        async with closing(answering) as events:
            async for event in events:
                for frame in event_frames(event, telling):
                    yield frame
    except Exception as error:  # noqa: BLE001 - the status is sent: what fails now can be told in the stream only
        yield problem_frame(told(error))
    yield DONE
