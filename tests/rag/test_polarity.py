"""What is denied, and what stands in place of what."""

import pytest

from rag.alignment import conflict
from rag.polarity import flipped, polarity


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
    assert flipped(polarity(claim), polarity(source))
    assert not flipped(polarity(claim), polarity(claim))


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
    assert not flipped(polarity(claim), polarity(source))


@pytest.mark.parametrize(
    ("claim", "source", "found"),
    [
        (
            "The wall divided Berlin from 1989 on.",
            "The wall divided Berlin from 1961 on. It fell in 1989.",
            "1989 for 1961",
        ),
        (
            "The plan of the Bob committee covers glasses.",
            "Bob came. The plan of the Ann committee covers glasses.",
            "bob for ann",
        ),
        ("Oranges are not sold here on market days.", "Oranges are sold here on market days.", "not for nothing"),
        ("You visit an out-of-network doctor today.", "You visit an in-network doctor today.", ""),
        ("Ann paid 1500 dollars for ten boats.", "Ann paid $1,500 for 10 boats.", ""),
        ("Staff are paid on 3 May 2024 by the bank.", "Staff are paid on May 3rd, 2024 by the bank.", ""),
        ("Something else entirely.", "The wall divided Berlin from 1961 on.", ""),
    ],
)
def test_what_stands_in_place_of_a_fact_is_found_where_the_source_has_both(claim: str, source: str, found: str) -> None:
    assert conflict(claim, source) == found
