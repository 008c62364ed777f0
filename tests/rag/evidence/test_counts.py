"""Numbers of things that a claim gives and a source leaves to its reader to count."""

import pytest

from fakes.passages import passage
from indexes.types import Passage
from rag.citations.markers import Place
from rag.evidence.counts import is_count, recount
from rag.evidence.figures.quantities import amounts
from rag.evidence.scoring import verdict
from rag.verification.claims import Proof

HEAD = "Shop | Region | Opens | Staff\n--- | --- | --- | ---\n"
ROWS = (
    "Aston | North | 07:30 | 12",
    "Bath | West | 06:00 | 7",
    "Crewe | North | 09:00 | 30",
    "Dover | East | 08:00 | 4",
)
SHOPS = passage(f"These are ours.\n\n{HEAD}" + "\n".join(ROWS) + "\n\nAsk for a key.")
FIRST_SHOPS = passage(HEAD + "\n".join(ROWS[:2]))
LAST_SHOPS = passage("\n".join(ROWS[2:]), start=900, context=HEAD.splitlines()[0])
STEPS = passage(
    "Follow these steps to join:\n\n- Fill in the form.\n- Sign it.\n- Post it.\n\nOur vans are red, blue and green."
)


def counted(claim: str, *passages: Passage, asked: str = "") -> list[tuple[str, bool | None]]:
    figures = sorted(filter(is_count, amounts(claim).quantities), key=lambda q: q.value)
    found = (recount(figure, claim, passages, asked) for figure in figures)
    return [(count.words, count.agrees) for count in found if count]


@pytest.mark.parametrize(
    ("claim", "found", "words"),
    [
        ("There are four shops.", SHOPS, "4 rows"),
        ("There are 4 shops in total.", SHOPS, "4 rows"),
        ("The table has four rows.", SHOPS, "4 rows"),
        ("The shops are in three regions.", SHOPS, "3 kinds of Region"),
        ("Two shops are in the North.", SHOPS, "2 rows"),
        ("Three shops open at 08:00 or earlier.", SHOPS, "3 rows"),
        ("Two shops have more than 10 staff.", SHOPS, "2 rows"),
        ("Three shops open by 8: Aston (07:30), Bath (06:00) and Dover (08:00).", SHOPS, "3 listed"),
        ("Joining takes three steps.", STEPS, "3 items"),
        ("There are three vans.", STEPS, "3 listed"),
    ],
)
def test_a_count_that_is_right_is_told_with_what_was_counted(claim: str, found: Passage, words: str) -> None:
    assert (words, True) in counted(claim, found)


@pytest.mark.parametrize(
    ("claim", "found", "words"),
    [
        ("There are seven shops.", SHOPS, "4 rows"),
        ("There are three shops.", SHOPS, "4 rows"),
        ("The shops are in 5 regions.", SHOPS, "3 kinds of Region"),
        ("Three shops are in the North.", SHOPS, "2 rows"),
        ("Joining takes 4 steps.", STEPS, "3 items"),
        ("Joining takes 2 steps.", STEPS, "3 items"),
    ],
)
def test_a_count_that_is_wrong_where_all_is_in_view_is_contradicted(claim: str, found: Passage, words: str) -> None:
    assert counted(claim, found) == [(words, False)]


def test_rows_of_a_table_in_several_passages_are_counted_together() -> None:
    assert counted("There are four shops.", FIRST_SHOPS, LAST_SHOPS) == [("4 rows", True)]


@pytest.mark.parametrize(
    "claim", ["There are four shops.", "There are 7 shops.", "Five shops are in the North.", "Nine shops sell bread."]
)
def test_what_may_stand_in_rows_that_are_not_in_view_is_unknown(claim: str) -> None:
    assert [agrees for _, agrees in counted(claim, FIRST_SHOPS)] == [None]


def test_fewer_than_are_in_view_is_wrong_wherever_the_table_ends() -> None:
    long = passage(HEAD + "\n".join(ROWS))
    assert counted("There are three shops.", long) == [("4 rows", False)]


@pytest.mark.parametrize(
    "claim",
    [
        "Three shops sell bread.",
        "Three shops are in the old town.",
        "Two shops open at 07:00 or earlier.",
    ],
)
def test_a_condition_that_no_column_tells_is_unknown(claim: str) -> None:
    assert [agrees for _, agrees in counted(claim, SHOPS)] == [None]


@pytest.mark.parametrize(
    "claim",
    ["Leave lasts 7 weeks.", "Seven people were hurt.", "Aston has 12 staff.", "Five of them: Aston, Bath and Dover."],
)
def test_a_figure_that_counts_nothing_there_is_left_alone(claim: str) -> None:
    assert counted(claim, SHOPS) == []


def test_a_fragment_counts_what_was_asked_for() -> None:
    asked = "How many shops are there?"
    assert counted("Four.", SHOPS, asked=asked) == [("4 rows", True)]
    assert counted("Six.", SHOPS, asked=asked) == [("4 rows", False)]


def test_a_row_that_adds_up_the_others_is_not_counted() -> None:
    with_total = passage(f"Ours.\n\n{HEAD}" + "\n".join((*ROWS, "Total | | | 53")) + "\n\nAsk for a key.")
    assert counted("There are four shops.", with_total) == [("4 rows", True)]


@pytest.mark.parametrize(
    ("claim", "expected", "remark"),
    [
        ("There are four shops.", "weak", "4 = 4 rows: calculated, not in the source"),
        ("There are five shops.", "unsupported", "5: the source has 4 rows"),
        ("Four shops sell bread.", "unsupported", ""),
    ],
)
def test_a_counted_figure_is_never_proven_and_a_wrong_one_is_found(claim: str, expected: str, remark: str) -> None:
    proof = Proof.at([Place(SHOPS, SHOPS.text.index("Bath"), SHOPS.text.index("Crewe"))], claim)
    assert verdict(proof.score(1.0), cited=True) == expected or not remark
    assert verdict(proof.score(1.0), cited=True) != "supported"
    assert remark in proof.evidence.remark
