"""What a source says otherwise is told from what it says nothing of."""

import pytest

from rag.evidence.scoring import Evidence, gather_evidence
from rag.evidence.source_text import SourceText
from rag.evidence.tables.cell_claims import Reading
from rag.evidence.tables.relations import read_tables

LEAVE = "Staff get 27 days of leave a year. The harbour pays Ann for it. Holidays come on top."
BERTHS = "| berth | night | week |\n|---|---|---|\n| Inner | EUR 31 | EUR 190 |\n| Outer | NOK 250 | NOK 1,400 |"


def evidence(claim: str, source: str, question: str = "") -> Evidence:
    text = SourceText(source, around=source, tables=read_tables(source))
    return gather_evidence(claim, text, Reading(claim, (question,) if question else ()))


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("Staff get 30 days of leave a year.", "the source says 27, not 30"),
        ("The harbour pays Bob for it.", "the source says ann, not bob"),
        ("Yes, holidays are included.", "the source says “Holidays come on top.”"),
        ("Holidays do not come on top.", "the source says it without “do not”"),
        ("Staff do not get 27 days of leave a year.", "the source says it without “do not”"),
    ],
)
def test_what_the_source_says_otherwise_is_told_in_its_words(claim: str, said: str) -> None:
    told = evidence(claim, LEAVE)
    assert (told.contradicts, told.finding.rpartition("; ")[2]) == (True, said)


@pytest.mark.parametrize(
    "claim",
    [
        "Managers get 30 days of leave in June.",
        "Staff get 27 days of leave a year, and a bonus of 500 euros.",
        "The mooring fee is 30 %.",
        "The harbour master is called Bob.",
    ],
)
def test_what_the_source_says_nothing_of_is_absent_and_not_contradicted(claim: str) -> None:
    told = evidence(claim, LEAVE)
    assert (told.contradicts, told.finding.endswith(": in no source")) == (False, True)


@pytest.mark.parametrize(
    ("claim", "question", "cell"),
    [
        ("Outer: EUR 31", "What does a night cost?", "NOK 250"),
        ("A night at the outer berth costs NOK 255.", "", "NOK 250"),
        ("A week at the inner berth costs EUR 180.", "What does a week cost?", "EUR 190"),
    ],
)
def test_the_cell_that_a_claim_speaks_of_is_told(claim: str, question: str, cell: str) -> None:
    told = evidence(claim, BERTHS, question)
    assert (told.contradicts, told.finding.rpartition("; ")[2]) == (True, f"the source says {cell}")


@pytest.mark.parametrize("claim", ["The outer berth has 40 places.", "A night at the outer berth lasts 12 hours."])
def test_a_figure_of_another_kind_than_the_cells_contradicts_no_cell(claim: str) -> None:
    assert not evidence(claim, BERTHS).contradicts


@pytest.mark.parametrize("claim", ["Staff get 27 days of leave a year.", "Holidays come on top.", "Outer: NOK 250"])
def test_what_is_borne_out_contradicts_nothing(claim: str) -> None:
    assert not evidence(claim, f"{LEAVE}\n\n{BERTHS}").contradicts
