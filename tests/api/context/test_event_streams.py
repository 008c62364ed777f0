import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from api.context.event_streams import EventStream, while_connected
from api.schemas.answer import DONE, Frame


class Frames:
    """Many frames, none of which has to be waited for; ``told`` counts them, ``closed`` says that they are over."""

    def __init__(self) -> None:
        self.told = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Frame]:
        try:
            for _ in range(10_000):
                self.told += 1
                yield DONE
        finally:
            self.closed = True


def leaving_after(event: asyncio.Event) -> Receive:
    async def receive() -> Message:
        await event.wait()
        return {"type": "http.disconnect"}

    return receive


async def test_frames_are_closed_by_the_time_a_stream_that_nobody_reads_is_over() -> None:
    frames, left = Frames(), asyncio.Event()
    iterator = aiter(frames)  # held here, so that no garbage collector closes it

    async def stuck(message: Message) -> None:
        if message.get("body"):
            left.set()
            await asyncio.Event().wait()

    await EventStream(iterator)({"type": "http"}, leaving_after(left), stuck)
    assert frames.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_stream_ends_where_neither_frames_nor_server_ever_wait() -> None:
    frames, left = Frames(), asyncio.Event()

    async def swallow(message: Message) -> None:
        left.set()

    await EventStream(aiter(frames))({"type": "http"}, leaving_after(left), swallow)
    assert frames.told < 100
    assert frames.closed


async def test_work_has_ended_by_the_time_its_client_is_said_to_be_gone() -> None:
    ended, left = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        left.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)  # a connection to close
            ended.set()

    with pytest.raises(ClientDisconnect):
        await while_connected(leaving_after(left), work())
    assert ended.is_set()


async def test_work_that_fails_fails_as_itself() -> None:
    async def work() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        await while_connected(leaving_after(asyncio.Event()), work())
