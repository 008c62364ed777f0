"""``/v1/ask``: a question, answered whole or as it is written."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api.ask_wire import AskRequest
from api.asking import Ask
from api.desk import AtDesk, Caller, Desk, ToSources, json_only
from api.failures import PROBLEMS, told
from api.links import Links
from api.refusals import INDEX, MODEL, SEARCHING, refusals
from api.streams import EventStream, closing, while_connected
from api.wire import DONE, AnswerBody, Frame, answer_body, event_frames, problem_frame

router = APIRouter(prefix="/v1", responses=PROBLEMS, dependencies=[Depends(json_only)], tags=["asking"])


async def _ask(asked: AskRequest, desk: AtDesk, caller: Caller) -> Ask:
    return Ask(question=asked.to_question(desk.max_question_chars, caller.audience), principal=caller)


Asked = Annotated[Ask, Depends(_ask)]


@router.post("/ask", responses=refusals(*SEARCHING, *INDEX, *MODEL))
async def ask(asked: Asked, desk: AtDesk, links: ToSources, request: Request) -> AnswerBody:
    """The checked answer, with its citations."""
    answer = await while_connected(request.receive, desk.asking.answer(asked))
    return answer_body(answer, desk.advice, asked.id, links)


@router.post(
    "/ask/stream",
    status_code=200,
    response_class=EventStream,
    responses=refusals(*SEARCHING),
)
async def ask_stream(asked: Asked, desk: AtDesk, links: ToSources) -> EventStream:
    """The answer as it is written: events ``retrieval``, ``delta``…, ``citation``…, ``answer``, and last ``done``.

    The text of ``answer`` is checked and stands in for what was streamed. ``error`` comes where the answer fails.
    """
    return EventStream(_frames(desk, asked, links))


async def _frames(desk: Desk, asked: Ask, links: Links) -> AsyncIterator[Frame]:
    """What there is to tell, and whatever happens, ``done``."""
    try:
        async with closing(desk.asking.stream(asked)) as events:
            async for event in events:
                for frame in event_frames(event, desk.advice, asked.id, links):
                    yield frame
    except Exception as error:  # noqa: BLE001 - the status is sent: what fails now can be told in the stream only
        yield problem_frame(told(error))
    yield DONE
