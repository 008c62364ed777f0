"""Connections that hold a place and do nothing are closed, and nobody else's."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from api.app.fastapi_app import create_app
from api.middleware.connections import ConnectionWatch, WatchedServer
from fakes.answerer import EndlessAnswerer, ScriptedAnswerer, answer, telling
from fakes.services import fake_services

JSON = {"Content-Type": "application/json"}
ASK = (
    b"POST /v1/ask/stream HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n"
    b'{"question":"Leave?"}'
)


@dataclass(eq=False)
class Cycle:
    """A request, as uvicorn has it."""

    response_complete: bool = False


@dataclass(eq=False)
class Connection:
    """A connection, as uvicorn has it: its own flow and its own transport."""

    cycle: Cycle | None = None
    write_paused: bool = False
    buffered: int = 0
    flow: Any = field(init=False)
    transport: Any = field(init=False)

    def __post_init__(self) -> None:
        self.flow = self.transport = self

    def get_write_buffer_size(self) -> int:
        return self.buffered


def test_who_sends_no_request_is_closed_when_patience_ends() -> None:
    watch, new, kept_alive = ConnectionWatch(30), Connection(), Connection(Cycle(response_complete=True))
    assert watch.stuck([new, kept_alive], 100) == []
    assert watch.stuck([new, kept_alive], 130) == []
    assert watch.stuck([new, kept_alive], 131) == [new, kept_alive]


def test_who_is_answered_is_left_alone_however_long_it_takes() -> None:
    watch, answered = ConnectionWatch(30), Connection(Cycle())
    assert [watch.stuck([answered], now) for now in (0, 31, 3600)] == [[], [], []]


def test_every_request_is_given_patience_anew() -> None:
    watch, connection = ConnectionWatch(30), Connection(Cycle(response_complete=True))
    for now in (0, 29, 58, 87):
        assert watch.stuck([connection], now) == []
        connection.cycle = Cycle(response_complete=True)


def test_who_takes_nothing_is_closed_and_who_takes_little_is_not() -> None:
    watch, stuck, slow = ConnectionWatch(30), Connection(Cycle(), True, 70_000), Connection(Cycle(), True, 70_000)
    for now in range(0, 30, 10):
        assert watch.stuck([stuck, slow], now) == []
        slow.buffered -= 1
    assert watch.stuck([stuck, slow], 31) == [stuck]


def test_of_too_many_silent_ones_the_longest_silent_are_closed() -> None:
    watch = ConnectionWatch(30, max_silent=2)
    first, second, third, busy = Connection(), Connection(), Connection(), Connection(Cycle())
    assert watch.stuck([first], 0) == []
    assert watch.stuck([busy, second, first], 1) == []
    assert watch.stuck([busy, third, second, first], 2) == [first]


def test_what_was_closed_is_forgotten() -> None:
    watch, connection = ConnectionWatch(30), Connection()
    watch.stuck([connection], 0)
    watch.stuck([], 1)
    assert watch.stuck([connection], 31) == []


# Over sockets


@asynccontextmanager
async def watched(answerer: ScriptedAnswerer, patience_s: float) -> AsyncIterator[int]:
    """The port of a server in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(fake_services(answerer), body_timeout_s=patience_s)
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = WatchedServer(config, ConnectionWatch(patience_s))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join)


async def closed_within(port: int, seconds: float, *pieces: bytes) -> bool:
    """Whether the server closes, in that time, a connection that sends pieces five times a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    until = time.monotonic() + seconds
    try:
        for piece in (*pieces, *[b""] * 1000):
            writer.write(piece)
            await asyncio.sleep(0.2)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    if await reader.read(65536) == b"":
                        return True
            if time.monotonic() > until:
                return False
    except OSError:
        return True
    finally:
        writer.transport.abort()
    return False


async def test_a_head_that_trickles_is_not_waited_for_while_others_are_answered() -> None:
    async with watched(ScriptedAnswerer(*telling(answer("Yes."))), patience_s=1) as port:
        trickle = [b"GET / HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 50]
        slow = [asyncio.create_task(closed_within(port, 10, *trickle)) for _ in range(20)]
        silent = [asyncio.create_task(closed_within(port, 10)) for _ in range(20)]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.post("/v1/ask", json={"question": "Leave?"})).status_code == 200
        assert await asyncio.gather(*slow, *silent) == [True] * 40


async def test_a_head_without_end_is_refused() -> None:
    async with watched(ScriptedAnswerer(), patience_s=60) as port:
        head = b"GET / HTTP/1.1\r\n" + b"X-A: " + b"b" * 100_000
        assert await closed_within(port, 5, head)


async def test_a_head_without_end_is_refused_behind_a_request_that_is_answered_too() -> None:
    async with watched(ScriptedAnswerer(asyncio.Event()), patience_s=60) as port:
        assert await closed_within(port, 5, ASK, b"GET / HTTP/1.1\r\nX-A: " + b"b" * 100_000)


async def test_a_large_body_is_no_long_head() -> None:
    question = json.dumps({"question": "x" * 4000, "history": [{"role": "user", "text": "y" * 900_000}]})
    async with (
        watched(ScriptedAnswerer(*telling(answer("Yes."))), patience_s=60) as port,
        httpx.AsyncClient() as client,
    ):
        for _ in range(2):  # on one connection
            asked = client.post(f"http://127.0.0.1:{port}/v1/ask", content=question, headers=JSON)
            assert (await asked).status_code == 200


async def test_who_reads_nothing_of_a_long_answer_is_closed_and_the_answering_ends() -> None:
    answerer = EndlessAnswerer()
    async with watched(answerer, patience_s=1) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(ASK)
        assert await asyncio.to_thread(ended, answerer, 20)
        writer.transport.abort()


def ended(answerer: EndlessAnswerer, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not answerer.ended.is_set() and time.monotonic() < until:
        time.sleep(0.05)
    return answerer.ended.is_set()
