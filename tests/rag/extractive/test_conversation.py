"""The offline answerer in a conversation: asked is what a question stands for, and each that is joined in it."""

from collections.abc import AsyncGenerator, Sequence

import pytest

from fakes.encoder import WordsEncoder
from rag.extractive.conversation import OfflineConversation
from rag.extractive.model import NAME, OfflineChat
from rag.prompting import prompts
from rag.types import Confidence, Piece, Turn

LEAVE = "Full-time staff get 25 days of leave a year. Part-time staff get 12 days of leave a year."
PAGER = "The pager pays 50 euros a week. Anna Berg carries the pager in May."
SOURCES = [prompts.Source(n, f"{n}.txt", "line 1", "", text) for n, text in enumerate((LEAVE, PAGER), start=1)]
FULL, PART = "Full-time staff get 25 days of leave a year. [1]\n", "Part-time staff get 12 days of leave a year. [1]\n"
PAYS = "The pager pays 50 euros a week. [2]\n"


class Noting:
    """The offline answerer, and what it was asked, with what it was told was asked before."""

    name = NAME

    def __init__(self) -> None:
        self._model = OfflineChat(WordsEncoder(), min_confidence=0.35)
        self.asked: list[tuple[str, ...]] = []

    def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        self.asked.append((*(turn.text for turn in turns[:-1]), prompts.read_user_turn(turns[-1])[0]))
        return self._model.stream(system, turns)


async def told(*turns: str) -> tuple[str, list[Piece], Noting]:
    """What is said to the last of a user's turns, each but the last of them answered."""
    model = Noting()
    before = [turn for text in turns[:-1] for turn in (Turn("user", text), Turn("assistant", "So it is."))]
    stream = OfflineConversation(model, WordsEncoder()).stream(
        prompts.SYSTEM, [*before, prompts.user_turn(turns[-1], SOURCES)]
    )
    pieces = [piece async for piece in stream]
    return "".join(piece for piece in pieces if isinstance(piece, str)), pieces, model


async def test_a_question_is_asked_as_it_is() -> None:
    said, pieces, model = await told("What does the pager pay a week?")
    assert (said, model.asked) == (PAYS, [("What does the pager pay a week?",)])
    assert isinstance(pieces[0], Confidence)


@pytest.mark.parametrize("doubt", ["Are you sure?", "Where does it say that?", "Summarise that, please", "In German"])
async def test_a_question_about_the_answer_is_answered_by_its_proof(doubt: str) -> None:
    said, _, model = await told("What does the pager pay a week?", doubt)
    assert (said, model.asked) == (PAYS, [("What does the pager pay a week?",)])


async def test_a_correction_is_answered_in_place_of_what_it_corrects() -> None:
    said, _, model = await told("How many days of leave do staff get?", "No, I meant part-time staff")
    assert model.asked == [("How many days of leave do staff get, part-time staff?",)]
    assert PART in said


async def test_a_follow_up_is_asked_with_the_question_before_it() -> None:
    _, _, model = await told("What does the pager pay a week?", "And who carries it?")
    assert model.asked == [("What does the pager pay a week?", "And who carries it?")]


async def test_each_of_two_questions_is_answered() -> None:
    said, _, model = await told("How much leave do full-time staff get, and what does the pager pay?")
    assert model.asked == [("How much leave do full-time staff get?",), ("what does the pager pay?",)]
    assert FULL in said
    assert PAYS in said


async def test_the_sources_of_a_part_are_those_that_are_like_the_whole_question_too() -> None:
    given: list[list[str]] = []

    class Reading(Noting):
        def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
            given.append([source.file for source in prompts.read_user_turn(turns[-1])[1]])
            return super().stream(system, turns)

    texts = ("Leave pay comes in May by post.", "Halifax leave pay comes in May, to a bank.", LEAVE)
    sources = [prompts.Source(n, f"{n}.txt", "line 1", "", text) for n, text in enumerate(texts, start=1)]
    turn = prompts.user_turn("Who runs the Halifax bank, and when does leave pay come?", sources)
    async for _ in OfflineConversation(Reading(), WordsEncoder()).stream(prompts.SYSTEM, [turn]):
        pass
    assert [files[0] for files in given] == ["2.txt", "2.txt"]


async def test_a_question_that_leans_on_the_one_before_it_is_asked_with_it() -> None:
    _, _, model = await told("What does the pager pay, and who carries it in May?")
    assert model.asked == [("What does the pager pay?",), ("What does the pager pay?", "who carries it in May?")]


async def test_the_part_that_has_no_answer_is_told_as_a_model_tells_it() -> None:
    said, pieces, _ = await told("What does the pager pay a week? Who won the 2022 World Cup?")
    assert said == f"{PAYS}{prompts.NOT_ANSWERED}: Who won the 2022 World Cup?\n"
    assert isinstance(pieces[0], Confidence)
    assert pieces[0].value > 0.35


async def test_where_neither_part_has_an_answer_all_is_declined() -> None:
    said, _, model = await told("Who won the 2022 World Cup? When did the moon landing happen?")
    assert said == prompts.NO_ANSWER
    assert model.asked[-1] == ("Who won the 2022 World Cup? When did the moon landing happen?",)


async def test_it_goes_by_the_name_of_the_answerer() -> None:
    assert OfflineConversation(Noting(), WordsEncoder()).name == NAME
