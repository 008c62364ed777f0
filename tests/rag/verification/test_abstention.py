"""Declining: before the model is asked, by it, and after it; and what is offered in place of an answer."""

from dataclasses import replace

import pytest

from fakes.chat import ScriptedChat
from fakes.passages import FixedRetriever, passage, with_evidence
from indexes.types import Hit, Locator, Query, Scope
from rag.answering.assistant import DECLINED, Assistant
from rag.answering.query_rewriting import OFFLINE, ModelRewriter
from rag.prompting.context_window import Window
from rag.prompting.llm_writer import LLMWriter
from rag.protocols import Rewriter
from rag.types import Answer, Completed, Delta, Near, Question
from rag.verification.abstention import is_foreign, is_relevant, nearest_places
from rag.verification.policy import Policy

LEAVE = passage("Staff get 27 days of leave a year.", path="leave.txt")
PAGER = passage("The pager pays 50 euros a week.", path="pager.txt", start=40)
ASKED = Question("What does the pager pay?")
FOREIGN = "How high is the tower of the church?"


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


def read_on(*hits: Hit, languages: str = "en", text: str = "What does the parking of a boat cost?") -> bool:
    """Whether a model is to read the hits."""
    return not is_foreign(hits, Query(text), 0.45, frozenset(languages.split()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Parking is 3 euros a night.", True),  # one word of three, and some likeness
        ("A boat's parking is free.", True),
        ("The pager pays 50 euros a week.", False),
    ],
)
def test_to_a_model_only_what_is_plainly_foreign_is_not_shown(text: str, *, expected: bool) -> None:
    found = with_evidence(passage(text), 0.2, 0.02)
    assert (read_on(found), is_relevant([found], 0.45)) == (expected, False)


def test_a_code_that_the_question_names_is_near_wherever_it_stands() -> None:
    found = [with_evidence(passage("VX-20 | Gasket thin\nVX-21 | Gasket thick"), 0.1, 0.1)]
    assert is_relevant(found, 0.45, "What does vx-21 cost?")
    assert not is_relevant(found, 0.45, "What does VX-22 cost?")
    assert not is_relevant(found, 0.45, "What does a gasket cost?")


def test_what_suffices_without_a_model_suffices_with_one() -> None:
    assert read_on(with_evidence(PAGER, 0.5, 0.0))
    assert read_on(with_evidence(PAGER, 0.1, 0.4))
    assert read_on(Hit(PAGER, 0.1))  # it tells no evidence


@pytest.mark.parametrize("languages", ["", "de", "fr it"])
def test_words_speak_against_nothing_where_the_languages_may_differ(languages: str) -> None:
    assert read_on(with_evidence(PAGER, 0.1, 0.0), languages=languages)
    assert not read_on(languages=languages)  # nothing was found at all
    assert read_on(with_evidence(PAGER, 0.1, 0.0), text="Bootsplatz?")


def test_an_earlier_question_and_each_part_may_bring_a_passage_near() -> None:
    found = with_evidence(PAGER, 0.2, 0.0)
    for query in (Query(FOREIGN, ("What does the pager pay?",)), Query(FOREIGN, parts=("What does the pager pay?",))):
        assert is_foreign([found], Query(FOREIGN), 0.45, frozenset({"en"}))
        assert not is_foreign([found], query, 0.45, frozenset({"en"}))


class Holding:
    """A library of documents in these languages."""

    def __init__(self, *languages: str) -> None:
        self._languages = frozenset(languages)

    def languages(self, scope: Scope) -> frozenset[str]:
        return self._languages


@pytest.mark.parametrize("rewriter", [OFFLINE, ModelRewriter(ScriptedChat("Wie viel zahlt der Piepser in der Woche?"))])
async def test_a_declined_question_in_another_language_is_told_what_was_searched(rewriter: Rewriter) -> None:
    question = Question("Wie viel zahlt der Piepser in der Woche?")
    assistant = Assistant(Found(), LLMWriter(ScriptedChat("")), library=Holding("en", "fr"), rewriter=rewriter)
    events = [event async for event in assistant.stream(question)]
    assert isinstance(events[-1], Completed)
    told = events[-1].answer
    assert told.retrieval.searched_languages == ("English", "French")
    told_of = "Only English and French were searched, the languages of the documents: ask in English or French."
    assert told.text == f"{DECLINED} {told_of}"
    assert events[1] == Delta(told.text)


@pytest.mark.parametrize("languages", [(), ("de",)])
async def test_a_declined_question_in_the_documents_language_is_told_no_more(languages: tuple[str, ...]) -> None:
    assistant = Assistant(Found(), LLMWriter(ScriptedChat("")), library=Holding(*languages))
    told = await assistant.answer(Question("Wie viel zahlt der Piepser in der Woche?"))
    assert (told.text, told.retrieval.searched_languages) == (DECLINED, ())


async def test_a_translated_question_was_searched_for_in_the_documents_language() -> None:
    rewriter = ModelRewriter(ScriptedChat("How much does the pager pay a week?"))
    found = Found(with_evidence(PAGER, 0.6, 0.3))
    assistant = Assistant(found, LLMWriter(ScriptedChat("NO_ANSWER")), library=Holding("en"), rewriter=rewriter)
    told = await assistant.answer(Question("Wie viel zahlt der Piepser in der Woche?"))
    assert (told.declined_by, told.text, told.retrieval.searched_languages) == ("model", DECLINED, ())


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


@pytest.mark.parametrize(
    "said",
    [
        "The sources do not say what it pays.",
        "Nothing on it is said in the documents.",
        "I'm sorry, but I cannot find what it pays in the texts you gave me.",
        "Based on these documents, I cannot answer that.",
        "I do not have enough information on the pager.",
        "None of the sources mention its pay.",
        "There is no mention of what it pays.",
        "What it pays cannot be determined from the passages.",
        "I'm unable to help with that.",
        "Je ne trouve pas ce montant dans les documents.",
    ],
)
async def test_a_model_that_declines_in_words_of_its_own_declines(said: str) -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said=said)
    assert (told.status, told.declined_by, told.text) == ("declined", "model", DECLINED)


@pytest.mark.parametrize(
    "claim", ["Documents do not expire.", "The passage is not lit.", "The text must not be copied."]
)
async def test_a_claim_on_documents_is_a_claim_all_the_same(claim: str) -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said=f"The pager pays 50 euros a week [1]. {claim}")
    assert ([s.verdict for s in told.sentences], told.status) == (["supported", "uncited"], "answered")


@pytest.mark.parametrize(
    "claim", ["You cannot find it in July.", "No pager may be lent.", "Carriers cannot answer after six."]
)
async def test_a_claim_with_a_negation_is_unverified_and_not_taken_for_a_refusal(claim: str) -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said=claim)
    assert (told.status, told.text) == ("unverified", claim)


@pytest.mark.parametrize("said", ["Yes.", "No", "**Nein.**"])
async def test_a_bare_yes_or_no_is_a_claim_if_it_is_all_that_is_said(said: str) -> None:
    told, _ = await answer(with_evidence(PAGER, 0.6, 0.3), said=said)
    assert ([s.verdict for s in told.sentences], told.status) == (["uncited"], "unverified")
