"""Answers are kept for who asks the same again, and for no one else."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.engines import OpenEngine
from indexes.ingest.sync import SyncListener
from indexes.types import Audience, Filters
from rag.answering.cache import AnswerCache, CachingAnswerer
from rag.engine.engine import open_writer
from rag.errors import ModelError
from rag.types import Answer, Completed, Delta, Event, Question, Retrieved, Turn, Usage

ASKED = Question(
    "How much leave?", (Turn("user", "Hello"),), Audience(frozenset({"hr", "it"})), Filters(paths=("a/**",))
)
SAID = replace(answer("Staff get 25 days [1].", {1: "Staff get 25 days."}), question=ASKED)


@pytest.fixture
def cache(tmp_path: Path) -> AnswerCache:
    return AnswerCache(tmp_path / "answers.sqlite3", megabytes=1, days=30)


def keeping(cache: AnswerCache, *, state: str = "1", said: Answer = SAID) -> tuple[CachingAnswerer, ScriptedAnswerer]:
    asked = ScriptedAnswerer(*telling(said))
    return CachingAnswerer(asked, cache, lambda: state), asked


async def events(answerer: CachingAnswerer, question: Question) -> list[Event]:
    return [event async for event in answerer.stream(question)]


async def test_who_asks_the_same_again_gets_the_whole_answer_and_is_told(cache: AnswerCache) -> None:
    answerer, asked = keeping(cache)
    first, again = await answerer.answer(ASKED), await answerer.answer(ASKED)
    assert (len(asked.asked), first.cached, again.cached) == (1, False, True)
    assert again == replace(first, cached=True, usage=Usage(0, 0), timings=again.timings)
    assert again.timings.keys() == {"total"}


async def test_it_is_streamed_as_an_answer_is(cache: AnswerCache) -> None:
    answerer, _ = keeping(cache)
    assert await events(answerer, ASKED) == list(telling(SAID))
    found, text, end = await events(answerer, ASKED)
    assert (found, text) == (Retrieved(SAID.retrieval), Delta(SAID.text))
    assert isinstance(end, Completed)
    assert end.answer.cached


async def test_what_was_kept_outlives_the_process(cache: AnswerCache) -> None:
    await keeping(cache)[0].answer(ASKED)
    later, asked = keeping(cache)
    assert (await later.answer(ASKED)).cached
    assert asked.asked == []


OTHERS: dict[str, Any] = {
    "text": "How much leave, then?",
    "history": (),
    "audience": Audience(frozenset({"hr"})),
    "filters": Filters(paths=("a/**",), since=date(2026, 1, 1)),
    "recency_days": 30.0,
    "language": "de",
}


@pytest.mark.parametrize("field", [field.name for field in fields(Question)])
async def test_another_question_is_asked_anew(cache: AnswerCache, field: str) -> None:
    answerer, asked = keeping(cache)
    await answerer.answer(ASKED)
    other = replace(ASKED, **{field: OTHERS[field]})
    assert not (await answerer.answer(other)).cached
    assert asked.asked == [ASKED, other]


async def test_the_order_of_groups_makes_no_other_audience(cache: AnswerCache) -> None:
    answerer, asked = keeping(cache)
    for groups in (["hr", "it"], ["it", "hr"]):
        await answerer.answer(replace(ASKED, audience=Audience(frozenset(groups))))
    assert len(asked.asked) == 1


async def test_with_another_state_it_is_asked_anew(cache: AnswerCache) -> None:
    await keeping(cache)[0].answer(ASKED)
    assert not (await keeping(cache, state="2")[0].answer(ASKED)).cached


async def test_an_answer_during_which_the_state_changed_is_not_kept(cache: AnswerCache) -> None:
    states: Iterator[str] = iter(["1", "2", "1", "1", "1"])
    answerer = CachingAnswerer(ScriptedAnswerer(*telling(SAID)), cache, lambda: next(states))
    assert [(await answerer.answer(ASKED)).cached for _ in range(3)] == [False, False, True]


async def test_a_failure_is_not_kept(cache: AnswerCache) -> None:
    failing = CachingAnswerer(ScriptedAnswerer(ModelError("It went away.")), cache, lambda: "1")
    with pytest.raises(ModelError):
        await failing.answer(ASKED)
    assert not (await keeping(cache)[0].answer(ASKED)).cached


async def test_one_that_was_cut_short_is_not_kept(cache: AnswerCache) -> None:
    answerer, asked = keeping(cache, said=replace(SAID, cut_short="the model was not done after 9 tokens"))
    for _ in range(2):
        assert not (await answerer.answer(ASKED)).cached
    assert len(asked.asked) == 2


async def test_what_is_too_old_is_asked_anew(cache: AnswerCache) -> None:
    await keeping(cache)[0].answer(ASKED)
    await asyncio.sleep(0.02)
    assert not (await keeping(replace(cache, days=0.01 / 86400))[0].answer(ASKED)).cached


async def test_the_least_lately_used_make_room(cache: AnswerCache) -> None:
    small = replace(cache, megabytes=0.0065)
    answerer, asked = keeping(small)
    for text in ("a", "b", "a", "c", "d", "a"):
        await answerer.answer(Question(text))
        await asyncio.sleep(0.002)
    assert sum(question.text == "a" for question in asked.asked) == 1
    with closing(sqlite3.connect(small.file)) as db:
        ((size, count),) = db.execute("SELECT sum(length(answer)), count(*) FROM answers").fetchall()
    assert 0 < size <= 6500
    assert count < 4


@pytest.mark.parametrize("spoilt", [b"not a database, but long enough to be looked at as one" * 9, None])
async def test_a_file_that_cannot_be_used_keeps_nothing_and_is_told(
    cache: AnswerCache, spoilt: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    cache.file.write_bytes(spoilt) if spoilt else cache.file.mkdir()
    answerer, asked = keeping(cache)
    assert [(await answerer.answer(ASKED)).cached for _ in range(2)] == [False, False]
    assert len(asked.asked) == 2
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    assert "answers.sqlite3 cannot be used" in caplog.text


async def test_an_answer_that_cannot_be_read_back_is_asked_anew(cache: AnswerCache) -> None:
    await keeping(cache)[0].answer(ASKED)
    with closing(sqlite3.connect(cache.file)) as db, db:
        db.execute("UPDATE answers SET answer = '{}'")
    answerer, _ = keeping(cache)
    assert [(await answerer.answer(ASKED)).cached for _ in range(2)] == [False, True]


# Of an index


async def test_a_kept_answer_of_an_index_is_the_one_that_was_checked(own_index: Path, opened: OpenEngine) -> None:
    question = Question("How long can fathers and other second parents stay off on full pay?")
    first = await opened(own_index, answer={"cache_mb": 1}).assistant.answer(question)
    again = await opened(own_index, answer={"cache_mb": 1}).assistant.answer(question)
    assert again == replace(first, cached=True, usage=Usage(0, 0), timings=again.timings)
    assert "8 weeks" in again.text
    assert not (await opened(own_index).assistant.answer(question)).cached
    assert not (
        await opened(own_index, answer={"cache_mb": 1}, retrieval={"limit": 3}).assistant.answer(question)
    ).cached


async def test_any_change_of_the_index_asks_anew(tmp_path: Path, opened: OpenEngine, encoder: Any) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    engine, question = (
        opened(tmp_path / "index", answer={"cache_mb": 1}),
        Question("How many days of leave do staff get?"),
    )
    told = []
    for days in (25, 26):
        (docs / "leave.txt").write_text(f"Staff get {days} days of leave each year.")
        with open_writer(engine.settings, encoder) as writer:
            writer.run([docs], SyncListener())
        told += [await engine.assistant.answer(question) for _ in range(2)]
    assert [(f"{days} days" in said.text, said.cached) for days, said in zip((25, 25, 26, 26), told, strict=True)] == [
        (True, False),
        (True, True),
        (True, False),
        (True, True),
    ]
