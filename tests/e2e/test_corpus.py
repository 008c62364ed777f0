"""Press articles that nobody here wrote, asked the questions of the first issue."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes.engines import OpenEngine
from rag.types import Question

RARE_EARTH, OWNERSHIP, MUSK = "003_f563a0760207e36b.txt", "001_aad2a2201807b6da.txt", "000_0ecb36f06e0fe0e3.txt"
DIGEST, HACKERS = "004_5b33a353fc25cadb.txt", "002_dd2a9b736723ae3f.txt"


@dataclass(frozen=True)
class Fact:
    """What the answer must contain, and the file that must be cited for it."""

    words: str
    path: str
    questions: tuple[str, ...]


FACTS = (
    Fact(
        "90%",
        RARE_EARTH,
        (
            "What share of the world's rare earths does China produce?",
            "How much of the world's rare-earth materials comes from China?",
        ),
    ),
    Fact(
        "50%",
        OWNERSHIP,
        (
            "What is the ownership threshold of the new US export rule?",
            "How much of a subsidiary must a sanctioned company own for the new US rule to apply?",
        ),
    ),
    Fact("$44 billion", MUSK, ("How much did Musk pay for Twitter?", "What was the price of the Twitter buyout?")),
    Fact(
        "Jiang Fan",
        DIGEST,
        ("Who leads Alibaba's new e-commerce unit?", "Who heads the new Alibaba e-commerce unit?"),
    ),
    Fact(
        "20%",
        DIGEST,
        ("What is the yield of the Ascend 910C?", "What production yield does Huawei's Ascend 910C reach?"),
    ),
    Fact(
        "0.1%",
        RARE_EARTH,
        (
            "What is the value threshold above which a product needs a Chinese licence?",
            "How much Chinese rare earth may a product contain before it needs a Chinese export licence?",
        ),
    ),
    Fact(
        "Integrity Technology Group",
        HACKERS,
        (
            "Which firm did the US Treasury sanction in January 2025?",
            "Which company was sanctioned by the US Treasury in January 2025?",
        ),
    ),
)
PHRASINGS = [pytest.param(fact, question, id=question) for fact in FACTS for question in fact.questions]


@pytest.mark.parametrize(("fact", "question"), PHRASINGS)
async def test_the_fact_is_in_the_answer_and_its_file_is_cited(
    corpus_index: Path, opened: OpenEngine, fact: Fact, question: str
) -> None:
    answer = await opened(corpus_index).assistant.answer(Question(question))
    assert fact.words in answer.text
    assert fact.words in " ".join(citation.quote for citation in answer.citations if citation.passage.path == fact.path)


@pytest.mark.parametrize("question", ["Who won the 2022 World Cup?", "Who won the World Cup in 2022?"])
async def test_what_no_article_says_is_declined_without_sources(
    corpus_index: Path, opened: OpenEngine, question: str
) -> None:
    answer = await opened(corpus_index).assistant.answer(Question(question))
    assert (answer.status, answer.citations) == ("declined", ())


async def test_every_quote_is_the_text_of_its_article_at_its_span(corpus_index: Path, opened: OpenEngine) -> None:
    engine = opened(corpus_index)
    for question in (question for fact in FACTS for question in fact.questions):
        for citation in (await engine.assistant.answer(Question(question))).citations:
            document, place = engine.catalog.document(citation.passage.document_id), citation.locator
            assert document
            assert document.text[place.char_start : place.char_end] == citation.quote
            assert document.locate(place.char_start, place.char_end) == place
