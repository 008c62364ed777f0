"""What is denied, and what stands in place of what."""

import pytest

from rag.evidence.wording.alignment import conflict
from rag.evidence.wording.negation import polarity, polarity_conflict, without_answer_word


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Dogs are not allowed.", "Dogs are allowed."),
        ("Dogs are allowed.", "Dogs are not allowed."),
        ("The fee isn’t refundable.", "The fee is refundable."),
        ("Staff can carry over leave.", "Staff cannot carry over leave."),
        ("Hand it in before June.", "Hand it in after June."),
        ("Sales rose.", "Sales fell."),
    ],
)
def test_the_opposite_is_found(claim: str, source: str) -> None:
    assert polarity_conflict(polarity(claim), polarity(source))
    assert not polarity_conflict(polarity(claim), polarity(claim))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Dogs are not allowed.", "Dogs are prohibited."),
        ("It is not paid.", "It is unpaid."),
        ("No more than five may go.", "At most five may go."),
        ("Cats are allowed.", "Dogs are allowed. Cats are allowed too, birds never."),
        ("He not only sang.", "He sang."),
    ],
)
def test_the_same_in_other_words_is_no_opposite(claim: str, source: str) -> None:
    assert not polarity_conflict(polarity(claim), polarity(source))


@pytest.mark.parametrize(
    ("claim", "source", "found"),
    [
        (
            "The wall divided Berlin from 1989 on.",
            "The wall divided Berlin from 1961 on. It fell in 1989.",
            "1961, not 1989",
        ),
        (
            "The plan of the Bob committee covers glasses.",
            "Bob came. The plan of the Ann committee covers glasses.",
            "ann, not bob",
        ),
        ("Oranges are not sold here on market days.", "Oranges are sold here on market days.", "it without “not”"),
        ("You visit an out-of-network doctor today.", "You visit an in-network doctor today.", ""),
        ("Ann paid 1500 dollars for ten boats.", "Ann paid $1,500 for 10 boats.", ""),
        ("Staff are paid on 3 May 2024 by the bank.", "Staff are paid on May 3rd, 2024 by the bank.", ""),
        ("Something else entirely.", "The wall divided Berlin from 1961 on.", ""),
        ("Ann led the Bob team of Ann's friends.", "Ann led the Ann team of Ann's friends. Bob left.", "ann, not bob"),
        ("It is 40 km ( 30 mi ) off the coast.", "It is 40 km ( 25 mi ) off the coast. 30 live there.", "25, not 30"),
        ("It lies 40 km off the coast.", "It lies 40 km ( 25 mi ) off the coast.", ""),
        ("King is known for his slap style.", "Reading is known for his slap style.", ""),
        ("Here is the seat of Oslo and its port.", "Oslo\nHere is the seat of Bergen and its port.",
         "bergen, not oslo"),
        ("Boats sailed to Lisbon with 30 men in 1607.", "Boats sailed in 1620 to Lisbon with 30 men. In 1607 none did.",
         "1620, not 1607"),
        ("About 1,500 people work there.", "There 1,496 people work.", ""),
        ("At least 10 days and at most 5 days.", "At least 5 days and at most 10 days.", "5, not 10"),
        ("Ann leads Bob.", "Bob leads Ann.", "bob, not ann"),
        ("Ann and Bob lead the team.", "Bob and Ann lead the team.", ""),
        ("Ann met Bob.", "Bob met Ann.", ""),
        (
            "Acme pays claims correctly by checking your plan, and asks for leave before you go to a doctor abroad.",
            "Northwind pays claims correctly. You see a bill of Acme. Ask for leave before you go to a doctor abroad.",
            "northwind, not acme",
        ),
    ],
)  # fmt: skip
def test_what_stands_in_place_of_a_fact_is_found_where_the_source_has_both(claim: str, source: str, found: str) -> None:
    assert conflict(claim, source) == found


def test_a_first_word_that_the_passage_has_as_a_name_is_one() -> None:
    claim, source = "Education is a band of four.", "Circus Diablo is a band of four."
    assert conflict(claim, source) == ""
    assert conflict(claim, source, frozenset({"education"})) == "circus diablo, not education"


@pytest.mark.parametrize(
    ("claim", "rest"),
    [
        ("No, meals are paid for separately.", "meals are paid for separately."),
        ("No. Meals are paid for separately.", "Meals are paid for separately."),
        ("**Yes** – meals are free.", "meals are free."),
        ("Nein, das Essen kostet extra.", "das Essen kostet extra."),
        ("No meals are served.", "No meals are served."),
        ("No. 5 leads to the port.", "No. 5 leads to the port."),
        ("Yes.", "Yes."),
        ("No-one, says Ann, may go.", "No-one, says Ann, may go."),
    ],
)
def test_a_yes_or_no_before_a_claim_is_no_part_of_it(claim: str, rest: str) -> None:
    assert without_answer_word(claim) == rest


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Breakfast is included.", "Breakfast comes on top."),
        ("The fee comes on top.", "The fee is included."),
        ("Wages go on during the strike.", "Wages stop during the strike."),
        ("Payments continue abroad.", "Payments end abroad."),
    ],
)
def test_the_opposite_is_found_in_idioms(claim: str, source: str) -> None:
    assert polarity_conflict(polarity(claim), polarity(source))


def test_to_go_on_leave_is_not_to_continue() -> None:
    assert not polarity_conflict(polarity("Staff go on parental leave."), polarity("Staff stop before parental leave."))
