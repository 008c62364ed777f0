"""Names, and whether a source has them."""

import pytest

from indexes.text.tokenization import words
from rag.evidence.wording.names import fold_accents, leading_name, unknown_names


def strangers(claim: str, source: str) -> list[str]:
    return unknown_names(claim, frozenset(words(fold_accents(source))), source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("This is what the WHO said.", "the World Health Organization"),
        ("It was the World Health Organization.", "the WHO"),
        ("Then came J. Smith.", "John Smith"),
        ("The Chinese firm of José", "a firm of Jose in China"),
        ("in the U.S. Army", "the US Army"),
        ("all Normans", "a Norman"),
        ("of O’Neill’s and the Board's", "O’Neill, the board"),
        ("See Mr. Green on the first Monday in May.", "Green, Monday"),
        ("Employees get leave. Others do not.", "staff"),
    ],
)
def test_a_name_is_known_in_full_by_its_initials_or_by_its_people(claim: str, source: str) -> None:
    assert strangers(claim, source) == []


@pytest.mark.parametrize(
    ("claim", "source", "strange"),
    [
        ("This fined Huawei.", "This fined Nvidia.", ["huawei"]),
        ("He went to Austria.", "an Australian", ["austria"]),
        ("It was Henry II.", "Henry I", ["ii"]),
        ("Use E1042 here.", "use E1043", ["e1042"]),
        ("What the UN said", "World Health Organization", ["un"]),
        ("The Center in Scotland is one.", "The Center is one", ["scotland"]),
    ],
)
def test_another_name_is_unknown(claim: str, source: str, strange: list[str]) -> None:
    assert strangers(claim, source) == strange


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("Merkel fined them.", "merkel"),
        ("NASA, which landed", "nasa"),
        ("Employees get leave.", ""),
        ("Eligibility begins later.", ""),
        ("The board met.", ""),
        ("fined", ""),
        ("King plays.", "king"),
    ],
)
def test_a_first_word_may_be_a_name(claim: str, name: str) -> None:
    assert leading_name(claim) == name
