"""A reply is asked for once: it is kept whole, by all that it depends on."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from eval.runs.llm_cache import CachedChat, CacheError, replayed
from fakes.chat import ScriptedChat
from fakes.engines import ROOT
from rag.errors import ModelBusyError
from rag.types import Confidence, Piece, Turn, Usage

ASKED = [Turn("user", "How much leave?")]
REPLY: tuple[Piece, ...] = ("27 ", "days ä\u2028", Confidence(0.5), Usage(7, None))


async def said(model: CachedChat, system: str = "Be brief.", turns: Sequence[Turn] = ASKED) -> list[Piece]:
    return [piece async for piece in model.stream(system, turns)]


async def test_a_reply_is_asked_for_once_and_comes_again_piece_by_piece(tmp_path: Path) -> None:
    model = ScriptedChat(*REPLY)
    cached = CachedChat(model, tmp_path / "deep" / "cache.sqlite3", "tiny")
    assert await said(cached) == list(REPLY)
    assert replayed.get() is False
    assert await said(cached) == list(REPLY)
    assert replayed.get() is True
    assert (len(model.calls), cached.name) == (1, "scripted")


async def test_a_reply_is_known_to_the_next_process_that_opens_the_file(tmp_path: Path) -> None:
    await said(CachedChat(ScriptedChat(*REPLY), tmp_path / "cache", "tiny"))
    assert await said(CachedChat(ScriptedChat("another"), tmp_path / "cache", "tiny")) == list(REPLY)


@pytest.mark.parametrize(
    ("identity", "system", "turns"),
    [
        ("large", "Be brief.", ASKED),
        ("tiny", "Be long.", ASKED),
        ("tiny", "Be brief.", [Turn("user", "How much?")]),
        ("tiny", "Be brief.", [Turn("assistant", "How much leave?")]),
        ("tiny", "Be brief.", [*ASKED, Turn("user", "")]),
        ("tiny", "Be brief.", [Turn("user", "How much"), Turn("user", " leave?")]),
        ("tiny", "Be brief.How much leave?", []),
    ],
)
async def test_all_that_a_reply_depends_on_tells_it_from_others(
    tmp_path: Path, identity: str, system: str, turns: list[Turn]
) -> None:
    await said(CachedChat(ScriptedChat("27 days"), tmp_path / "cache", "tiny"))
    other = CachedChat(ScriptedChat("another"), tmp_path / "cache", identity)
    assert await said(other, system, turns) == ["another"]
    assert replayed.get() is False


async def test_a_reply_that_broke_off_is_asked_for_again(tmp_path: Path) -> None:
    with pytest.raises(ModelBusyError):
        await said(CachedChat(ScriptedChat("27 ", ModelBusyError("It is busy.")), tmp_path / "cache", "tiny"))
    assert await said(CachedChat(ScriptedChat(*REPLY), tmp_path / "cache", "tiny")) == list(REPLY)


async def test_a_reply_that_no_one_read_to_its_end_is_not_kept_and_its_model_is_told(tmp_path: Path) -> None:
    model = ScriptedChat(*REPLY)
    async with aclosing(CachedChat(model, tmp_path / "cache", "tiny").stream("Be brief.", ASKED)) as pieces:
        assert await anext(pieces) == "27 "
    assert model.closed
    assert await said(CachedChat(ScriptedChat("anew"), tmp_path / "cache", "tiny")) == ["anew"]


async def test_an_empty_reply_is_a_reply(tmp_path: Path) -> None:
    await said(CachedChat(ScriptedChat(), tmp_path / "cache", "tiny"))
    assert await said(CachedChat(ScriptedChat("another"), tmp_path / "cache", "tiny")) == []


class Echo:
    """Says what it was asked, a while later."""

    name = "echo"

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        for word in turns[-1].text.split():
            await asyncio.sleep(0.001)
            yield word


async def test_many_tasks_get_each_its_own_reply_and_know_whether_it_was_kept(tmp_path: Path) -> None:
    cached = CachedChat(Echo(), tmp_path / "cache", "echo")

    async def asked(number: int) -> tuple[list[Piece], bool]:
        pieces = await said(cached, turns=[Turn("user", f"number {number}")])
        return pieces, replayed.get()

    first = await asyncio.gather(*map(asked, range(30)))
    again = await asyncio.gather(*map(asked, range(15, 45)))
    assert [pieces for pieces, _ in (*first, *again)] == [["number", str(n)] for n in (*range(30), *range(15, 45))]
    assert [kept for _, kept in (*first, *again)] == [False] * 30 + [True] * 15 + [False] * 15


class Counting:
    """Never says the same twice."""

    name = "counting"

    def __init__(self) -> None:
        self.asked = 0

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        self.asked += 1
        reply = f"reply {self.asked}"
        await asyncio.sleep(0.01)
        yield reply


async def test_who_asks_the_same_thing_meanwhile_gets_the_reply_that_is_kept(tmp_path: Path) -> None:
    model = Counting()
    cached = CachedChat(model, tmp_path / "cache", "counting")

    async def asked() -> tuple[list[Piece], bool]:
        return await said(cached), replayed.get()

    told = await asyncio.gather(*(asked() for _ in range(3)))
    assert told == [(["reply 1"], False), (["reply 1"], True), (["reply 1"], True)]
    assert (model.asked, await said(cached)) == (1, ["reply 1"])


async def test_who_waits_for_a_reply_that_breaks_off_asks_for_it(tmp_path: Path) -> None:
    cached = CachedChat(ScriptedChat("27 ", ModelBusyError("It is busy.")), tmp_path / "cache", "tiny")
    told = await asyncio.wait_for(asyncio.gather(*(said(cached) for _ in range(3)), return_exceptions=True), 10)
    assert [type(one) for one in told] == [ModelBusyError] * 3


def test_the_same_thing_may_be_asked_at_once_in_one_loop_after_another(tmp_path: Path) -> None:
    cached = CachedChat(Counting(), tmp_path / "cache", "counting")

    async def together(text: str) -> list[list[Piece]]:
        return await asyncio.gather(*(said(cached, turns=[Turn("user", text)]) for _ in range(2)))

    assert asyncio.run(together("a")) == [["reply 1"]] * 2
    with closing(sqlite3.connect(tmp_path / "cache")) as db, db:
        db.execute("DELETE FROM replies")
    assert asyncio.run(together("a")) == [["reply 2"]] * 2


@pytest.mark.parametrize("blob", [b"", b"[", b"{}", b"\xff"])
async def test_a_reply_that_cannot_be_read_is_asked_for_again_and_kept(tmp_path: Path, blob: bytes) -> None:
    await said(CachedChat(ScriptedChat("spoilt"), tmp_path / "cache", "tiny"))
    with closing(sqlite3.connect(tmp_path / "cache")) as db, db:
        db.execute("UPDATE replies SET pieces = ?", (blob,))
    cached = CachedChat(model := ScriptedChat(*REPLY), tmp_path / "cache", "tiny")
    assert (await said(cached), await said(cached)) == (list(REPLY), list(REPLY))
    assert len(model.calls) == 1


async def test_of_two_processes_the_first_reply_is_kept(tmp_path: Path) -> None:
    late = CachedChat(ScriptedChat("27 ", "late"), tmp_path / "cache", "tiny")
    async with aclosing(late.stream("Be brief.", ASKED)) as pieces:
        assert await anext(pieces) == "27 "
        await said(CachedChat(ScriptedChat("first"), tmp_path / "cache", "tiny"))
        assert await anext(pieces) == "late"
        assert [piece async for piece in pieces] == []
    assert await said(late) == ["first"]


FILLING = """
import asyncio, sys
from pathlib import Path
from eval.runs.llm_cache import CachedChat
from fakes.chat import ScriptedChat
from rag.types import Turn

async def fill():
    cached = CachedChat(ScriptedChat("27 days"), Path(sys.argv[1]), "tiny")
    for number in range(60):
        turns = [Turn("user", f"{sys.argv[2]} {number}")]
        assert [piece async for piece in cached.stream("", turns)] == ["27 days"]

asyncio.run(fill())
"""


async def test_two_processes_fill_one_file(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"}
    command = (sys.executable, "-c", FILLING, str(tmp_path / "cache"))
    processes = [
        await asyncio.create_subprocess_exec(*command, name, env=environment, stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    ended = await asyncio.wait_for(asyncio.gather(*(process.communicate() for process in processes)), 60)
    assert [process.returncode for process in processes] == [0, 0], ended
    cached = CachedChat(ScriptedChat("another"), tmp_path / "cache", "tiny")
    for name in ("one", "two"):
        for number in range(60):
            assert await said(cached, "", [Turn("user", f"{name} {number}")]) == ["27 days"]


def test_a_file_that_is_no_cache_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("This is no database, and so long that none could take it for one." * 100)
    with pytest.raises(CacheError, match=r"/cache cannot be used: file is not a database\."):
        CachedChat(ScriptedChat(), tmp_path / "cache", "tiny")


def test_a_place_where_no_file_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match=r"file/cache cannot be written: "):
        CachedChat(ScriptedChat(), tmp_path / "file" / "cache", "tiny")
