"""Sentences of an answer, completed by the lines before them and by the question, then checked."""

import asyncio

import pytest

from fakes.engines import RememberingEncoder
from fakes.passages import passage
from indexes.types import Passage
from rag.citations.markers import MarkerStream
from rag.evidence.tables.cell_claims import Reading
from rag.types import Sentence
from rag.verification.checker import Checker
from rag.verification.readings import read_with_lines_before

LEAVE = passage("Days at home by who asks for them\n\nBirth parent | 26 weeks\nOther parent | 8 weeks")
RATES = passage(
    "Mooring | Night rate | Winter rate\nNorth quay | EUR 31 | EUR 18\nSouth quay | EUR 44 | EUR 27", path="rates.csv"
)


def sentences(written: str, question: str) -> tuple[Sentence, ...]:
    sources = (LEAVE, RATES, FERRY)
    stream = MarkerStream(sources)
    stream.feed(written)
    stream.finish()
    return asyncio.run(Checker().check(stream.text, stream.marks(), sources, question)).sentences


@pytest.mark.parametrize(
    ("written", "before", "text", "lead"),
    [
        ("- EUR 18", "On the north quay:\n- EUR 31 [2]\n", "- EUR 18", "On the north quay:"),
        ("It is EUR 18.", "You asked for the north quay [2]. ", "It is EUR 18.", "You asked for the north quay."),
        ("| North quay | EUR 31 |", "| Quay | Night |\n|---|---|\n", "Quay North quay; Night EUR 31", ""),
        ("EUR 18.", "Of the south quay.\n\n", "EUR 18.", ""),
    ],
    ids=["item", "sentence", "row", "paragraph"],
)
def test_a_sentence_is_completed_by_what_stands_before_it(written: str, before: str, text: str, lead: str) -> None:
    leads = (lead, "How much?") if lead else ("How much?",)
    assert read_with_lines_before(written, before, "How much?") == Reading(text, leads)


@pytest.mark.parametrize(
    ("written", "question", "verdicts"),
    [
        ("26 weeks [1]", "How long may the other parent stay at home?", ["unsupported"]),
        ("26 weeks [1]", "How long may fathers stay at home?", ["weak"]),
        ("26 weeks [1]", "How long may a birth parent stay at home?", ["supported"]),
        ("Birth parent | 26 weeks [1]", "How long may parents stay at home?", ["supported"]),
        ("EUR 31 [2]", "What is the winter rate on the north quay?", ["unsupported"]),
        ("EUR 18 [2]", "What is the winter rate on the north quay?", ["supported"]),
        ("South quay:\n- EUR 31 [2]", "What does a night cost?", ["uncited", "unsupported"]),
        ("South quay:\n- EUR 44 [2]", "What does a night cost?", ["uncited", "supported"]),
        (
            "| Quay | Winter rate |\n|---|---|\n| North quay | EUR 31 [2] |\n| South quay | EUR 27 [2] |",
            "Which rates are there?",
            ["uncited", "unsupported", "supported"],
        ),
    ],
)
def test_a_fragment_is_held_against_the_cell_that_the_question_asks_for(
    written: str, question: str, verdicts: list[str]
) -> None:
    assert [s.verdict for s in sentences(written, question)] == verdicts


def test_a_finding_in_a_table_names_the_rows() -> None:
    (sentence,) = sentences("South quay: EUR 31 [2]", "What does a night on the south quay cost?")
    assert sentence.finding == "31: in the row of North quay, not of South quay; the source says EUR 44"
    assert sentence.contradicted


FERRY = passage("Cats are not allowed on the night ferry. Tickets are sold on board.", path="ferry.txt")


@pytest.mark.parametrize(
    ("written", "question", "verdict"),
    [
        ("Yes [3]", "Are cats allowed on the night ferry?", "unsupported"),
        ("No [3]", "Are cats allowed on the night ferry?", "supported"),
        ("Yes [3]", "Are tickets sold on board?", "supported"),
        ("No [3]", "Are tickets sold on board?", "unsupported"),
        ("No, cats are not allowed on the night ferry [3]", "Are cats allowed on the night ferry?", "supported"),
        ("Yes, cats are not allowed on the night ferry [3]", "Are cats allowed on the night ferry?", "unsupported"),
    ],
)
def test_yes_and_no_are_read_with_their_question(written: str, question: str, verdict: str) -> None:
    assert [s.verdict for s in sentences(written, question)] == [verdict]


HOME = passage("Who | At home\nBirth parent | 26 weeks\nOther parent | 8 weeks\nAdoptive parent | 20 weeks")
BATHS = passage("Who | Day ticket\nAdults | EUR 14\nChildren | EUR 6")
CLUB = passage("Who | Court fee\nMembers | EUR 4\nGuests | EUR 9")
HOURS = passage("Day | Opens\nWeekdays | 08:00\nWeekends | 10:30")


@pytest.mark.parametrize(
    ("source", "written", "question", "is_wrong"),
    [
        (HOME, "26 weeks [1]", "How long can fathers stay off?", True),
        (HOME, "Fathers have 26 weeks at home [1]", "How long can fathers stay off?", True),
        (HOME, "8 weeks [1]", "How long can fathers stay off?", False),
        (HOME, "8 weeks [1]", "How long can mothers stay off?", True),
        (HOME, "26 weeks [1]", "How long can mothers stay off?", False),
        (HOME, "26 weeks [1]", "How long is the leave?", False),
        (HOME, "The birth parent has 26 weeks [1]", "How long can fathers stay off?", False),
        (BATHS, "EUR 14 [1]", "What do kids pay?", True),
        (BATHS, "EUR 6 [1]", "What do kids pay?", False),
        (BATHS, "EUR 14 [1]", "What does it cost to swim?", False),
        (CLUB, "EUR 4 [1]", "What do visitors pay?", True),
        (CLUB, "EUR 9 [1]", "What do visitors pay?", False),
        (HOURS, "10:30 [1]", "When do you open on Tuesday?", True),
        (HOURS, "08:00 [1]", "When do you open on Tuesday?", False),
    ],
)
def test_of_rows_for_different_parties_the_one_asked_about_is_meant(
    source: Passage, written: str, question: str, *, is_wrong: bool, encoder: RememberingEncoder
) -> None:
    stream = MarkerStream((source,))
    stream.feed(written)
    stream.finish()
    told = asyncio.run(Checker(encoder).check(stream.text, stream.marks(), (source,), question))
    (sentence,) = told.sentences
    assert (sentence.verdict == "unsupported", sentence.contradicted) == (is_wrong, is_wrong), sentence
