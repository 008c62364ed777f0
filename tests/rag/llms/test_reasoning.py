"""Reasoning is no part of a reply, in whatever dress it comes."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.chat import ScriptedChat
from rag.errors import ModelEmptyError
from rag.llms.reasoning import ReasoningFilter, WholeReply, spoken, whole_reply
from rag.types import CutShort, Discarded, ModelPiece, Turn, Usage

ANSWER = "Boats up to 9 m pay 40 crowns [1]."


def read(*pieces: str) -> tuple[str, str]:
    """What is shown while it streams, and what is left at the end."""
    reasoning, shown, left = ReasoningFilter(), "", ""
    for take in (*(lambda piece=piece: reasoning.feed(piece) for piece in pieces), reasoning.finish):
        text = take()
        shown, left = shown + text, text if reasoning.restarted else left + text
    return shown, left


def cut(reply: str, size: int) -> list[str]:
    return [reply[i : i + size] for i in range(0, len(reply), size)]


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>\nThe skipper asks for fees. 60 crowns?\n</think>\n\n{ANSWER}",
        f"\n<thinking>Two sources [2].</thinking>{ANSWER}",
        f'<reasoning effort="low">Hm</reasoning>\n<answer>{ANSWER}</answer>',
        f"<Thought>a</Thought>\n<think>b</think>\n{ANSWER}",
        f"<think>\n\n</think>\n\n{ANSWER}",
        f"[THINK]Let me see[/THINK]{ANSWER}",
        f"◁think▷Let me see◁/think▷{ANSWER}",
        f"<|channel|>analysis<|message|>We look.<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
        f"<|start|>assistant<|channel|>commentary to=x<|message|>y<|end|><|channel|>final<|message|>{ANSWER}",
        f"analysisWe need the fee of a small boat.assistantfinal{ANSWER}",
        f"Okay, the user wants the fee.\nSource 1 has it.\n</think>\n\n{ANSWER}",
        f"<|begin_of_thought|>a<|end_of_thought|>{ANSWER}<|im_end|>",
        ANSWER,
    ],
)
def test_reasoning_is_never_shown_however_the_reply_is_cut(reply: str) -> None:
    for size in (1, 2, 3, 7, len(reply)):
        assert read(*cut(reply, size)) == (ANSWER, ANSWER)


@pytest.mark.parametrize(
    "reply",
    [
        "Okay, boats up to 9 m pay 40 crowns [1].",
        "Analysis of the water is done in May [1].",
        "analysis of the water is done in May [1].",
        "[1] says 40 crowns. A < b, <5 m, <b>bold</b>.",
        "Thoughts run between `<think>` and `</think>` [1].",
        "Let me",
        "<",
        "```\n<p>\n```",
    ],
)
def test_what_is_no_reasoning_stays(reply: str) -> None:
    for size in (1, 2, 3, 7, len(reply)):
        assert read(*cut(reply, size)) == (reply, reply)


def test_reasoning_that_the_template_began_is_taken_back_once_it_ends() -> None:
    reply = f"Boats are named in source 1, so 40.\n</think>\n\n{ANSWER}"
    for size in (1, 5, len(reply)):
        assert read(*cut(reply, size))[1] == ANSWER


def test_reasoning_between_two_sentences_is_left_out() -> None:
    assert read(*cut("It is 40 [1].\n<think>Is it?</think>\nIt is due in May [2].", 4))[1] == (
        "It is 40 [1].\nIt is due in May [2]."
    )


@given(
    st.lists(
        st.sampled_from(
            (
                *(
                    "<think>",
                    "</think>",
                    "<",
                    "`",
                    ">",
                    "a",
                    "\n",
                    " ",
                    "Okay",
                    ",",
                    "<|channel|>",
                    "final",
                    "<|message|>",
                ),
                *("analysis", "[THINK]", "[/THINK]", "<|end|>", "</answer>", "B", "assistantfinal", "[1]"),
            )
        ),
        max_size=12,
    ).map("".join),
    st.lists(st.integers(0, 90), max_size=6),
)
def test_however_it_is_cut_the_same_is_left(reply: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(at, len(reply)) for at in cuts), len(reply)]
    assert read(*(reply[a:b] for a, b in itertools.pairwise(edges)))[1] == read(reply)[1]


@pytest.mark.parametrize("piece", [" ", "<", "<think>", "<think", "</think>", "[", "Okay ", "a", "<|a|>", "`", "\n"])
def test_no_reply_takes_long_to_read(piece: str) -> None:
    began = time.process_time()
    read(*([piece] * 20_000))
    read(piece * 20_000)
    assert time.process_time() - began < 2


async def said(*pieces: ModelPiece) -> list[ModelPiece]:
    return [piece async for piece in spoken(ScriptedChat(*pieces), "", [Turn("user", "How much?")])]


async def test_the_usage_and_the_end_of_a_reply_go_through() -> None:
    cut_short = CutShort("the model was not done")
    assert await said("<think>a</think>", ANSWER, cut_short, Usage(9, 70)) == [ANSWER, cut_short, Usage(9, 70)]


async def test_text_that_was_reasoning_is_discarded_in_words() -> None:
    assert await said("Boats, hm.", "</think>", ANSWER) == ["Boats, hm.", Discarded(), ANSWER]


async def test_reasoning_that_fills_the_reply_is_a_failure_with_a_way_out() -> None:
    with pytest.raises(ModelEmptyError, match=r"scripted wrote reasoning and no answer: raise llm\.max_output_tokens"):
        await said("<think>Boats of 9 m, and then", " again", CutShort("the model was not done after 5 tokens"))


@pytest.mark.parametrize("pieces", [(), ("",), ("\n", " "), ("<think>a</think>",), ("Boats. ", "</think>\n")])
async def test_a_reply_that_says_nothing_is_a_failure(pieces: tuple[str, ...]) -> None:
    with pytest.raises(ModelEmptyError, match="scripted wrote no answer: ask again"):
        await said(*pieces)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (("<think>40?</think>", ANSWER, Usage(9, 70)), ANSWER),
        (("Boats, hm.", "</think>", ANSWER, Usage(9, 70)), ANSWER),
        (("<think>Boats", Usage(9, 70)), ""),
    ],
)
async def test_a_whole_reply_has_no_reasoning_and_counts_its_tokens(pieces: tuple[ModelPiece, ...], text: str) -> None:
    assert await whole_reply(ScriptedChat(*pieces), "", []) == WholeReply(text, Usage(9, 70))


async def test_a_reply_that_runs_on_is_stopped() -> None:
    chat = ScriptedChat(ANSWER, " So do ", "canoes.")
    assert (await whole_reply(chat, "", [], 8)).text == ANSWER
    assert chat.closed
