"""So many answers at once, the others in turn, none for longer than the deadline."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from api.context.question_service import QuestionService
from api.core.inquiry import Inquiry
from api.core.principals import Principal
from api.core.retry_errors import DeadlineError, TooBusyError
from api.limits.fair_queue import FairQueue
from fakes.answerer import EndlessAnswerer, ScriptedAnswerer, answer, telling
from indexes.types import PUBLIC
from rag.protocols import Answerer
from rag.types import Completed, Delta, Event, Question

LEAVE = answer("Staff get 25 days [1].", {1: "25 days"})


def ask(who: str = "anna", text: str = "Leave?") -> Inquiry:
    return Inquiry(question=Question(text), principal=Principal(who, who, PUBLIC))


def limited(answerer: Answerer, queue: FairQueue, deadline_s: float) -> QuestionService:
    return QuestionService(answerer=answerer, queue=queue, deadline_s=deadline_s)


class Gated(Answerer):
    """Notes who is answered, in order, and answers when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gate = asyncio.Event()

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        self.begun.append(question.text)
        await self.gate.wait()
        yield Completed(LEAVE)


async def settle() -> None:
    """Lets all that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_told_is_what_the_answerer_tells() -> None:
    questions = limited(ScriptedAnswerer(*telling(LEAVE)), FairQueue(1, 0), 5)
    assert tuple([event async for event in questions.stream(ask())]) == telling(LEAVE)


async def test_what_fails_fails_as_itself_and_gives_its_turn_on() -> None:
    questions = limited(ScriptedAnswerer(Delta("Staff"), TimeoutError("its own")), FairQueue(1, 0), 5)
    for _ in range(2):
        with pytest.raises(TimeoutError, match="its own"):
            await questions.answer(ask())


async def test_no_more_are_answered_at_once_than_may_be() -> None:
    gated = Gated()
    questions = limited(gated, FairQueue(2, 3), 5)
    answers = [asyncio.create_task(questions.answer(ask(text=str(n)))) for n in range(5)]
    await settle()
    assert gated.begun == ["0", "1"]
    gated.gate.set()
    assert await asyncio.gather(*answers) == [LEAVE] * 5
    assert gated.begun == ["0", "1", "2", "3", "4"]


async def test_who_finds_the_queue_full_is_told_at_once_when_to_come_again() -> None:
    gated = Gated()
    questions = limited(gated, FairQueue(1, 1), 5)
    answers = [asyncio.create_task(questions.answer(ask())) for _ in range(2)]
    await settle()
    with pytest.raises(TooBusyError) as refused:
        questions.stream(ask())  # before anything is awaited: a stream's status is not sent yet
    assert refused.value.retry_after > 0
    gated.gate.set()
    await asyncio.gather(*answers)
    assert await questions.answer(ask()) is LEAVE


async def test_who_asks_much_is_answered_in_turn_with_the_others() -> None:
    gated = Gated()
    questions = limited(gated, FairQueue(1, 9), 5)
    wanted = [
        ("anna", "a0"),
        ("anna", "a1"),
        ("anna", "a2"),
        ("anna", "a3"),
        ("bob", "b1"),
        ("cem", "c1"),
        ("bob", "b2"),
    ]
    answers = []
    for who, text in wanted:
        answers.append(asyncio.create_task(questions.answer(ask(who, text))))
        await settle()
    gated.gate.set()
    await asyncio.gather(*answers)
    assert gated.begun == ["a0", "a1", "b1", "c1", "a2", "b2", "a3"]


async def test_who_leaves_the_queue_frees_the_place_at_once() -> None:
    gated, queue = Gated(), FairQueue(1, 1)
    questions = limited(gated, queue, 5)
    answering, waiting = (asyncio.create_task(questions.answer(ask(text=text))) for text in ("first", "second"))
    await settle()
    assert (queue.running, queue.waiting) == (1, 1)
    waiting.cancel()
    await settle()
    assert (queue.running, queue.waiting) == (1, 0)
    third = asyncio.create_task(questions.answer(ask(text="third")))
    await settle()
    gated.gate.set()
    await asyncio.gather(answering, third)
    assert gated.begun == ["first", "third"]
    assert (queue.running, queue.waiting) == (0, 0)


async def test_who_leaves_while_answered_frees_the_turn_for_the_next() -> None:
    answerer, queue = ScriptedAnswerer(Delta("Staff"), asyncio.Event()), FairQueue(1, 1)
    questions = limited(answerer, queue, 5)
    async with aclosing(questions.stream(ask())) as events:
        await anext(events)
        assert queue.running == 1
    assert answerer.ended.is_set()
    assert queue.running == 0


@pytest.mark.parametrize("steps", range(12))
async def test_at_whatever_moment_somebody_leaves_no_turn_is_lost(steps: int) -> None:
    gated, queue = Gated(), FairQueue(1, 3)
    gated.gate.set()
    questions = limited(gated, queue, 5)
    answers = [asyncio.create_task(questions.answer(ask(text=str(n)))) for n in range(4)]
    for _ in range(steps):
        await asyncio.sleep(0)
    answers[1].cancel()
    await asyncio.gather(*answers, return_exceptions=True)
    assert (queue.running, queue.waiting) == (0, 0)
    assert await asyncio.wait_for(questions.answer(ask()), 1) is LEAVE


async def test_an_answer_is_given_up_at_the_deadline_in_words() -> None:
    answerer, queue = ScriptedAnswerer(Delta("Staff"), asyncio.Event()), FairQueue(1, 1)
    with pytest.raises(DeadlineError, match=r"within 0.05 s"):
        await limited(answerer, queue, 0.05).answer(ask())
    assert answerer.ended.is_set()
    assert (queue.running, queue.waiting) == (0, 0)


async def test_waiting_counts_towards_the_deadline() -> None:
    gated, queue = Gated(), FairQueue(1, 1)
    first = asyncio.create_task(limited(gated, queue, 5).answer(ask(text="first")))
    await settle()
    with pytest.raises(DeadlineError):
        await limited(gated, queue, 0.05).answer(ask(text="second"))
    assert (gated.begun, queue.waiting) == (["first"], 0)
    gated.gate.set()
    await first


async def test_who_reads_slowly_holds_up_nobody() -> None:
    questions = limited(ScriptedAnswerer(*telling(LEAVE)), FairQueue(1, 1), 5)
    async with aclosing(questions.stream(ask("slow"))) as events:
        await anext(events)
        assert await asyncio.wait_for(questions.answer(ask("quick")), 1) == LEAVE
        assert [type(event) for event in [event async for event in events]][-1] is Completed


async def test_an_answer_without_end_that_nobody_reads_ends_at_the_deadline() -> None:
    answerer, queue = EndlessAnswerer(), FairQueue(1, 0)
    async with aclosing(limited(answerer, queue, 0.2).stream(ask())) as events:
        await anext(events)
        await asyncio.wait_for(answerer.ended.wait(), 5)
        assert queue.running == 0
        with pytest.raises(DeadlineError):
            [event async for event in events]
