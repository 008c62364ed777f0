"""What is asked of a passage by rule, and what is left alone."""

import pytest

from eval.drafting.templates import Proposal, proposals
from fakes.documents import document
from indexes.ingest.splitting import PassageSplitter
from indexes.types import Kind, Section

TABLE = (
    "office | country | hotel_limit | opening hours\n"
    "Bristol | United Kingdom | GBP 135 | 07:30 to 19:00\n"
    "Lisbon | Portugal | EUR 128 | 08:30 to 19:30"
)


def proposed(text: str, *, kind: Kind = "prose", heading: tuple[str, ...] = (), title: str = "Guide") -> list[Proposal]:
    sections = (Section(0, len(text), kind=kind, heading=heading),)
    doc = document(text, title=title, sections=sections)
    passages = PassageSplitter(lambda said: len(said.split()), 500).split(doc)
    return [one for passage in passages for one in proposals(passage, doc)]


def asked(text: str, rule: str = "sentence") -> list[tuple[str, str]]:
    return [(one.question, one.answer) for one in proposed(text) if one.rule == rule]


def test_a_tables_cell_is_asked_by_its_column_and_row() -> None:
    (one,) = proposed(TABLE, kind="table")
    assert one.rule == "table"
    assert (one.question, one.answer) in {
        ("What is the country for office “Bristol”?", "United Kingdom"),
        ("What is the hotel limit for office “Bristol”?", "GBP 135"),
        ("What are the opening hours for office “Bristol”?", "07:30 to 19:00"),
        ("What is the country for office “Lisbon”?", "Portugal"),
        ("What is the hotel limit for office “Lisbon”?", "EUR 128"),
        ("What are the opening hours for office “Lisbon”?", "08:30 to 19:30"),
    }
    assert TABLE[one.start : one.end].count("\n") == 0
    assert one.answer in TABLE[one.start : one.end]


@pytest.mark.parametrize(
    ("table", "question"),
    [
        ("| Who | Leave |\n|---|---|\n| Main adopter | 8 weeks |", "What is the leave for “Main adopter”?"),
        ("Office | Manager\nBergen | Ingrid Solheim", "Who is the manager for office “Bergen”?"),
        ("Part | EUR price\nLens | 30", "What is the EUR price for part “Lens”?"),
    ],
)
def test_columns_are_read_as_what_they_name(table: str, question: str) -> None:
    assert [one.question for one in proposed(table, kind="table")] == [question]


@pytest.mark.parametrize(
    "table",
    [
        "office | office\nBristol | GBP 135",
        "office | 2023\nBristol | GBP 135",
        "office | \nBristol | GBP 135",
        "office | limit\nBristol | GBP 135\nBristol | GBP 136",
        "date | event\n2024-10 | A takeover",
        "office | limit\nBristol",
        "office | limit\nBristol | ",
        "office | When\nBristol | 2024",
        "office | limit\nThe others | 2024",
        "office",
        "office | owner of Bristol\nBristol | Bristol",
    ],
    ids=[
        "columns of one name",
        "a figure for a column",
        "no name",
        "two rows of one key",
        "dates for keys",
        "a short row",
        "an empty cell",
        "a column that asks",
        "a key that leans on the rows above",
        "no rows",
        "the answer in the question",
    ],
)
def test_a_table_that_is_not_plain_is_left_alone(table: str) -> None:
    assert [one.question for one in proposed(table, kind="table")] == []


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        (
            "The price of a day is 1/260 of your annual salary and is spread over twelve payslips.",
            "According to “Guide”, what is the price of a day?",
            "1/260 of your annual salary",
        ),
        ("The owner of the policy is Marta Lindqvist, Head of People.", None, "Marta Lindqvist"),
        (
            "The out-of-pocket maximum for Northwind Standard is $6,350 per person, and more for families.",
            "What is the out-of-pocket maximum for Northwind Standard?",
            "$6,350 per person",
        ),
        ("The series production of the chip should begin early in 2025.", None, "early in 2025"),
        (
            "The grievance must be filed within 180 days of the decision.",
            "According to “Guide”, when must the grievance be filed?",
            "within 180 days of the decision",
        ),
        (
            "The FSO Car Factory was established in 1951, after the war.",
            "When was the FSO Car Factory established?",
            "in 1951",
        ),
        (
            "The Gdańsk warehouse holds 14 weeks of lens stock, up from 6 weeks before the ban.",
            "How many weeks of lens stock does the Gdańsk warehouse hold?",
            "14 weeks of lens stock",
        ),
        ("The ferry to Oslo takes about 9 hours.", "How long does the ferry to Oslo take?", "about 9 hours"),
        ("A ticket to Oslo costs $120 each way.", "How much does a ticket to Oslo cost each way?", "$120"),
    ],
)
def test_a_plain_sentence_is_turned_into_a_question(sentence: str, question: str | None, answer: str) -> None:
    ((found, told),) = asked(sentence)
    assert told == answer
    assert question in (None, found)


def test_who_is_asked_for_by_what_people_are_called() -> None:
    assert asked("The owner of the whole policy is Marta Lindqvist.")[0][0].startswith("According to “Guide”, who is ")
    assert asked("The capital of the country is Oslo, as always.")[0][0].startswith("According to “Guide”, what is ")


@pytest.mark.parametrize(
    "sentence",
    [
        "It was established in 1951, after the war.",
        "These offices have 14 days of leave.",
        "The report that we wrote is 12 pages long.",
        "For example, in such cases, the fee is 12 euros a day.",
        "The idea is not new in the capital.",
        "the fee for guests is 12 euros a day.",
        "The fee for guests is 12 euros",
        "The fee is 12.",
        "Guests | The fee for guests is 12 euros a day.",
    ],
)
def test_a_sentence_that_does_not_stand_alone_or_states_no_fact_is_left_alone(sentence: str) -> None:
    assert asked(sentence) == []


def test_a_heading_is_asked_about_where_the_sentence_speaks_of_it() -> None:
    text = "Office visits are subject to a charge of $35 today. Telephone calls are charged with 3 % less."
    (one,) = [one for one in proposed(text, heading=("Guide", "2. Office visits")) if one.rule == "heading"]
    assert one.question == "What does “Guide” say about “Office visits”?"
    assert one.answer == "Office visits are subject to a charge of $35 today."


def test_a_gap_stands_for_a_whole_fact_as_a_last_resort() -> None:
    (one,) = proposed("On 1 May 1191, the fleet arrived in the port of Limassol.")
    assert one.rule == "cloze"
    assert one.question == (
        "According to “Guide”, what is missing here: “On ____, the fleet arrived in the port of Limassol.”"
    )
    assert one.answer == "1 May 1191"


@pytest.mark.parametrize("fact", ["30% to 50%", "30-50 %", "$2 trillion", "$1.7 billion to $2 billion"])
def test_a_gap_takes_in_a_whole_range_and_its_scale(fact: str) -> None:
    (one,) = proposed(f"People in the yard used to speak about {fact} quite often.")
    assert one.answer == fact


@pytest.mark.parametrize("fact", ["X.25 links", "the S-15 truck", "the 19th century", "note [3] there", "$1-2 notes"])
def test_a_part_of_a_name_or_a_figure_is_no_gap(fact: str) -> None:
    assert proposed(f"People in the yard used to speak about {fact} quite often.") == []
