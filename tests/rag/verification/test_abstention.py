"""Declining: before the model is asked, by it, and after it; and what is offered in place of an answer."""

from dataclasses import replace

import pytest

from fakes.chat import ScriptedChat
from fakes.passages import FixedRetriever, passage, with_evidence
from indexes.types import Hit, Locator, Query
from rag.answering.assistant import DECLINED, Assistant
from rag.prompting.context_window import Window
from rag.prompting.llm_writer import LLMWriter
from rag.types import Answer, Near, Question
from rag.verification.abstention import nearest_places
from rag.verification.policy import Policy

LEAVE = passage("Staff get 27 days of leave a year.", path="leave.txt")
PAGER = passage("The pager pays 50 euros a week.", path="pager.txt", start=40)
ASKED = Question("What does the pager pay?")


class Found:
    """Finds the same hits whatever is asked."""

    def __init__(self, *hits: Hit) -> None:
        self._hits = list(hits)

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        return self._hits[:limit]


async def answer(*hits: Hit, said: str = "NO_ANSWER", min_evidence: float = 0.45) -> tuple[Answer, ScriptedChat]:
    model = ScriptedChat(said)
    assistant = Assistant(Found(*hits), LLMWriter(model), policy=Policy(min_evidence=min_evidence))
    return await assistant.answer(ASKED), model


async def test_where_nothing_near_was_found_the_model_is_not_asked() -> None:
    told, model = await answer(with_evidence(LEAVE, 0.2, 0.1), with_evidence(PAGER, 0.3, 0.0))
    assert (told.status, told.declined_by, told.text, model.calls) == ("declined", "search", DECLINED, [])
    assert (told.nearest, told.confidence) == ((), 0.0)


async def test_where_the_model_is_not_asked_the_question_needs_no_room_in_its_window() -> None:
    found, model = Found(with_evidence(LEAVE, 0.2, 0.1)), ScriptedChat("27 days [1].")
    assistant = Assistant(found, LLMWriter(model, Window(tokens=100, reply=99)), policy=Policy(min_evidence=0.45))
    assert (await assistant.answer(ASKED)).declined_by == "search"


@pytest.mark.parametrize(("cosine", "words"), [(0.5, 0.0), (0.1, 0.4)])
async def test_either_meaning_or_words_may_bring_a_passage_near(cosine: float, words: float) -> None:
    _, model = await answer(with_evidence(LEAVE, 0.1, 0.0), with_evidence(PAGER, cosine, words))
    assert len(model.calls) == 1


async def test_without_a_threshold_whatever_was_found_is_read() -> None:
    _, model = await answer(with_evidence(LEAVE, 0.0, 0.0), min_evidence=0)
    assert len(model.calls) == 1


async def test_hits_that_tell_no_evidence_are_taken_for_near() -> None:
    model = ScriptedChat("NO_ANSWER")
    told = await Assistant(FixedRetriever(LEAVE), LLMWriter(model), policy=Policy(min_evidence=0.45)).answer(ASKED)
    assert (len(model.calls), told.nearest) == (1, (Near("leave.txt", "leave.txt", LEAVE.locator),))


async def test_a_declined_answer_names_no_source_and_offers_what_lies_near() -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), with_evidence(LEAVE, 0.3, 0.1))
    assert (told.status, told.citations, told.sentences) == ("declined", (), ())
    assert told.nearest == (Near("pager.txt", "pager.txt", PAGER.locator),)


async def test_an_unverified_answer_keeps_its_source_and_offers_what_lies_near() -> None:
    said = "The pager pays 99 dollars [1].\nNOT_ANSWERED: who carries it"
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), with_evidence(LEAVE, 0.3, 0.1), said=said)
    assert (told.status, told.declined_by, told.unanswered) == ("unverified", None, "who carries it")
    assert ([c.passage.path for c in told.citations], [n.path for n in told.nearest]) == (["pager.txt"], ["pager.txt"])


async def test_an_answer_offers_nothing_beside_its_sources() -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said="The pager pays 50 euros a week [1].")
    assert (told.status, told.nearest, told.declined_by) == ("answered", (), None)


def test_three_documents_are_offered_at_most_each_by_its_best_place() -> None:
    again = replace(LEAVE, id="again", locator=Locator(90, 100, 9, 9))
    others = [passage("More.", path=f"{name}.txt") for name in "abc"]
    found = nearest_places([with_evidence(p, 0.9, 0.5) for p in (LEAVE, again, *others)])
    assert [near.path for near in found] == ["leave.txt", "a.txt", "b.txt"]
    assert found[0].locator == LEAVE.locator


async def test_a_model_that_answers_a_part_is_told_to_say_which_part_is_left() -> None:
    said = "The pager pays 50 euros a week [1].\nNOT_ANSWERED: who carries it"
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said=said)
    assert (told.status, told.text) == ("partly", "The pager pays 50 euros a week [1].")
    assert told.unanswered == "who carries it"


async def test_a_part_is_not_left_where_nothing_is_answered() -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said="NOT_ANSWERED: what it pays")
    assert (told.status, told.declined_by, told.unanswered) == ("declined", "model", "")


@pytest.mark.parametrize(
    "lack",
    [
        "The sources do not say who carries it.",
        "Who carries it is not mentioned in the provided documents.",
        "The document gives no name [1].",
        "In den Quellen wird nicht erwähnt, wer ihn trägt.",
        "Les documents ne mentionnent pas qui le porte.",
        "Los documentos no mencionan quién lo lleva.",
    ],
)
async def test_a_sentence_that_says_what_the_sources_lack_is_no_claim_and_makes_the_answer_partial(lack: str) -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said=f"The pager pays 50 euros a week [1]. {lack}")
    assert ([s.verdict for s in told.sentences], told.status) == (["supported"], "partly")
    assert told.unanswered == lack


@pytest.mark.parametrize("said", ["The sources do not say what it pays.", "Nothing on it is said in the documents."])
async def test_a_model_that_declines_in_words_of_its_own_declines(said: str) -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said=said)
    assert (told.status, told.declined_by, told.text) == ("declined", "model", DECLINED)


@pytest.mark.parametrize(
    "claim", ["Documents do not expire.", "The passage is not lit.", "The text must not be copied."]
)
async def test_a_claim_on_documents_is_a_claim_all_the_same(claim: str) -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said=f"The pager pays 50 euros a week [1]. {claim}")
    assert ([s.verdict for s in told.sentences], told.status) == (["supported", "uncited"], "answered")
