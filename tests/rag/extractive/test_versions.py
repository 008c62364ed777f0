"""Where two versions of a document differ, the newer one comes first, and the difference is told."""

from dataclasses import replace

import pytest

from fakes.encoder import WordsEncoder
from fakes.passages import FixedRetriever, passage
from rag.answering.assistant import Assistant
from rag.extractive.versions import LEAD_IN
from rag.extractive.writer import ExtractiveWriter
from rag.types import Answer, Question

QUESTION = "How much does a guest pay for the sauna?"
OLD = "Valid from 1 May 2021.\n\nA guest pays 4 euros for the sauna."
NEW = "Valid from 1 June 2023.\n\nA guest pays 7 euros for the sauna."


async def answered(*given: tuple[str, str], question: str = QUESTION) -> Answer:
    """Asks of passages, given by path and text, in the order of the search. All have one title."""
    found = [replace(passage(text, path=path), title="House rules") for path, text in given]
    writer = ExtractiveWriter(WordsEncoder(), min_confidence=0.2)
    return await Assistant(FixedRetriever(*found), writer).answer(Question(question))


async def test_the_newer_version_comes_first_and_both_are_told_with_their_dates() -> None:
    told = await answered(("rules-a.md", OLD), ("rules-b.md", NEW))
    assert told.text.splitlines() == [
        LEAD_IN,
        "Valid from 1 June 2023. [1]",
        "A guest pays 7 euros for the sauna. [2]",
        "Valid from 1 May 2021. [3]",
        "A guest pays 4 euros for the sauna. [4]",
    ]
    assert told.status == "answered"
    assert {sentence.verdict for sentence in told.sentences} == {"supported"}
    assert LEAD_IN not in {sentence.text for sentence in told.sentences}


async def test_of_two_sentences_that_differ_each_is_told_and_the_date_once() -> None:
    fee = "A guest pays {} euros for the sauna. A guest pays {} euros for the pool."
    old, new = fee.format(4, 2), fee.format(7, 3)
    told = await answered(
        ("a.md", f"Valid from 1 May 2021.\n\n{old}"),
        ("b.md", f"This house policy is valid from 2023.\n\n{new}"),
        question="How much does a guest pay for the sauna and the pool?",
    )
    lines = [line.rpartition(" [")[0] or line for line in told.text.splitlines()]
    assert lines.count("Valid from 1 May 2021.") == lines.count("This house policy is valid from 2023.") == 1
    for matter, before, after in (("sauna", 4, 7), ("pool", 2, 3)):
        first = lines.index(f"A guest pays {after} euros for the {matter}.")
        assert first < lines.index(f"A guest pays {before} euros for the {matter}.")
        assert LEAD_IN in lines[:first]


PRICE = "A guest pays {} euros for the sauna."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("rules-2021.md", PRICE.format(4)), ("rules-2023.md", PRICE.format(7))),
        (("2022/rules.md", PRICE.format(4)), ("2023/rules.md", PRICE.format(7))),
        (("rules.md", OLD), ("sauna.md", f"This version replaces the house rules of 2021. {PRICE.format(7)}")),
        (("rules.md", PRICE.format(4)), ("new.md", f"It supersedes all earlier rules. {PRICE.format(7)}")),
        (("a.md", f"date: 2021-05-01\n\n{PRICE.format(4)}"), ("b.md", f"date: 2021-06-01\n\n{PRICE.format(7)}")),
        (("a.md", f"Stand: Mai 2021\n\n{PRICE.format(4)}"), ("b.md", f"Stand: Juni 2023\n\n{PRICE.format(7)}")),
    ],
)
async def test_which_is_newer_is_told_by_what_it_replaces_by_its_date_or_by_its_name(
    old: tuple[str, str], new: tuple[str, str]
) -> None:
    for order in ((old, new), (new, old)):
        lines = (await answered(*order)).text.splitlines()
        assert lines[0] == LEAD_IN
        prices = [line for line in lines if "sauna." in line and "pays" in line]
        assert "7 euros" in prices[0]
        assert "4 euros" in prices[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("rules.md", PRICE.format(4)), ("sauna.md", PRICE.format(7))),  # nothing dates them
        (("rules-2021.md", PRICE.format(4)), ("rules-2023.md", PRICE.format(4))),
        (("rules-2021.md", PRICE.format(4)), ("rules-2023.md", "A member pays 2 euros for each towel.")),
        (
            ("rules-2021.md", "A guest paid 4 euros for the sauna in 2021."),
            ("rules-2023.md", "A guest paid 7 euros for the sauna in 2023."),
        ),
    ],
)
async def test_what_is_no_other_version_or_says_the_same_is_told_as_before(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    for order in ((one, other), (other, one)):
        assert LEAD_IN not in (await answered(*order)).text


async def test_documents_of_other_names_and_titles_are_no_versions_though_both_are_dated() -> None:
    found = [passage(OLD, path="pool.md"), passage(NEW, path="hotel.md")]
    writer = ExtractiveWriter(WordsEncoder(), min_confidence=0.2)
    told = await Assistant(FixedRetriever(*found), writer).answer(Question(QUESTION))
    assert LEAD_IN not in told.text


async def test_a_question_that_names_a_year_asks_for_that_version() -> None:
    told = await answered(("rules-2021.md", OLD), ("rules-2023.md", NEW), question="What did the sauna cost in 2021?")
    assert LEAD_IN not in told.text


async def test_of_two_price_lists_the_row_of_the_same_key_differs() -> None:
    table = "item | price\nTowel blue | {} EUR\nSoap bar | {} EUR"
    told = await answered(
        ("prices-2021.csv", table.format(3, 5)),
        ("prices-2023.csv", table.format(4, 5)),
        question="What is the price of a blue towel?",
    )
    assert told.text.splitlines() == [
        LEAD_IN,
        "item: Towel blue | price: 4 EUR [1]",
        "item: Towel blue | price: 3 EUR [2]",
    ]
