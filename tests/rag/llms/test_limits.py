"""A model that does not stop is stopped, and what it writes can be encoded."""

import asyncio
import time

import pytest

from fakes.chat import ScriptedChat
from rag.errors import ModelTimeoutError
from rag.llms.limits import BoundedChat
from rag.types import CutShort, Piece, Turn, Usage

TURNS = [Turn("user", "How long?")]


async def said(*pieces: Piece | Exception | float, max_chars: int = 1000, deadline: float = 60) -> list[Piece]:
    model = ScriptedChat(*pieces)
    told = [piece async for piece in BoundedChat(model, max_chars, deadline).stream("", TURNS)]
    assert model.closed
    return told


async def test_what_keeps_within_the_bounds_goes_through_as_it_is() -> None:
    assert await said("Two", " years", Usage(12, 3)) == ["Two", " years", Usage(12, 3)]


async def test_after_so_many_characters_it_is_cut_short() -> None:
    cut = CutShort("the model was not done after 5 characters")
    assert await said("Two ", "years", " [1]", max_chars=5) == ["Two ", "y", cut]


async def test_one_huge_piece_is_cut_too() -> None:
    first, cut = await said("x" * 10_000_000, max_chars=5)
    assert (first, cut) == ("xxxxx", CutShort("the model was not done after 5 characters"))


async def test_after_the_deadline_it_is_cut_short_with_what_there_is() -> None:
    began = time.monotonic()
    assert await said("Two", 60.0, deadline=0.1) == ["Two", CutShort("the model was not done after 0.1 s")]
    assert time.monotonic() - began < 10


async def test_with_nothing_to_show_at_the_deadline_it_fails_in_words() -> None:
    with pytest.raises(
        ModelTimeoutError, match=r"wrote nothing in 0.1 s: try again, or raise FOOTNOTE_LLM__DEADLINE_S\."
    ):
        await said(60.0, deadline=0.1)


@pytest.mark.parametrize("again", ["The cat sat on the mat again. ", "and that it is so, and that it is,\n\n" * 3])
async def test_one_that_says_the_same_over_and_over_is_cut_short(again: str) -> None:
    *_, cut = await said("Two years. ", *[again] * 1000, max_chars=100_000)
    assert cut == CutShort("the model said the same over and over")


@pytest.mark.parametrize(
    "long",
    [
        "-" * 3000,
        "\n".join(f"| {number} | yes | yes | yes |" for number in range(100)),
        "".join(f"On day {number} the shop is open. " for number in range(100)),
        " " * 3000,
    ],
)
async def test_a_table_and_a_rule_across_the_page_are_no_circles(long: str) -> None:
    pieces = [long[i : i + 7] for i in range(0, len(long), 7)]
    assert await said(*pieces, max_chars=100_000) == pieces


async def test_a_character_that_comes_in_two_halves_is_joined_and_half_a_one_is_replaced() -> None:
    told = await said("a \ud83d", "\udc6a b", "\udc6a c", "\ud83d d", "\ud83d")
    text = "".join(str(piece) for piece in told)
    assert text == "a \N{FAMILY} b\ufffd c\ufffd d\ufffd"
    assert text.encode()


async def test_leaving_it_leaves_the_model() -> None:
    model = ScriptedChat("Two", 60.0)
    stream = BoundedChat(model, 1000, 60).stream("", TURNS)
    assert await anext(stream) == "Two"
    await stream.aclose()
    assert model.closed


async def test_cancelling_it_is_no_deadline() -> None:
    task = asyncio.create_task(said("Two", 60.0))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
