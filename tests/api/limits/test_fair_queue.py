"""One queue for HTTP and Slack: keys take turns, a lane has one holder at a time."""

import asyncio
from collections.abc import Hashable

import pytest

from api.core.retry_errors import TooBusyError
from api.limits.fair_queue import FairQueue


class Holders:
    """Holders of turns, each of which ends when it is told to."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.order: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def add(self, name: str, key: Hashable, lane: Hashable | None = None) -> None:
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._hold(name, key, lane))
        await settle()

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
            await settle()

    async def leave(self, name: str) -> None:
        self._tasks[name].cancel()
        await settle()

    async def _hold(self, name: str, key: Hashable, lane: Hashable | None) -> None:
        async with self.queue.turn(key, lane):
            self.order.append(name)
            await self._ends[name].wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_keys_take_turns_and_each_serves_first_come_first() -> None:
    holders = Holders(FairQueue(1))
    for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
        await holders.add(name, key=name[0])
    await holders.end("a1", "a2", "b1", "c1", "a3", "b2")
    assert holders.order == ["a1", "a2", "b1", "c1", "a3", "b2"]
    assert (holders.queue.running, holders.queue.waiting) == (0, 0)


async def test_a_lane_has_one_holder_at_a_time_and_others_of_its_key_pass() -> None:
    holders = Holders(FairQueue(3))
    for name, lane in (("1", "x"), ("2", "x"), ("3", "y"), ("4", "x"), ("5", None)):
        await holders.add(name, key="channel", lane=lane)
    assert holders.order == ["1", "3", "5"]
    await holders.end("1", "3", "5", "2", "4")
    assert holders.order == ["1", "3", "5", "2", "4"]


async def test_whoever_leaves_passes_the_turn_and_the_lane_on() -> None:
    holders = Holders(FairQueue(1))
    for name in ("1", "2", "3"):
        await holders.add(name, key="channel", lane="x")
    await holders.leave("2")
    assert (holders.queue.running, holders.queue.waiting) == (1, 1)
    await holders.leave("1")
    assert holders.order == ["1", "3"]
    await holders.end("3")
    assert (holders.queue.running, holders.queue.waiting) == (0, 0)


async def test_where_no_more_may_wait_a_newcomer_is_refused() -> None:
    holders = Holders(FairQueue(1, max_waiting=1))
    await holders.add("1", key="a")
    await holders.add("2", key="b")
    with pytest.raises(TooBusyError, match="1 questions wait already"):
        holders.queue.check_capacity()
    await holders.end("1")
    await holders.end("2")
