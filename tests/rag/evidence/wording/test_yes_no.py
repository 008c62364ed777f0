"""Yes and no, held against the words after them and the question."""

import pytest

from rag.evidence.wording.yes_no import answer_conflict, in_full

CATS = "Are cats allowed on the night ferry?"
STOPS = "Does the heating stop at night?"


@pytest.mark.parametrize(
    ("claim", "question", "is_wrong"),
    [
        ("Yes, cats are allowed on the ferry.", CATS, False),
        ("Yes, cats are not allowed on the night ferry.", CATS, True),
        ("No, cats are not allowed.", CATS, False),
        ("No, cats are allowed on the night ferry.", CATS, True),
        ("No, only cats in a box are allowed on the night ferry.", CATS, False),
        ("No, cats are allowed on the night ferry until 8.", CATS, False),
        ("Yes, the heating stops at night.", STOPS, False),
        ("Yes, the heating continues at night.", STOPS, True),
        ("No, the heating continues at night.", STOPS, False),
        ("Yes, the shop is closed.", CATS, False),
        ("Yes, cats are not allowed.", "Which animals are allowed?", False),
        ("Yes, cats are not allowed.", "Aren't cats not allowed?", False),
        ("No, dogs are allowed.", "Are cats or dogs allowed?", False),
        ("Cats are not allowed on the night ferry.", CATS, False),
    ],
)
def test_an_answer_word_that_its_own_sentence_denies_is_found(claim: str, question: str, *, is_wrong: bool) -> None:
    assert bool(answer_conflict(claim, question)) == is_wrong


@pytest.mark.parametrize(
    ("claim", "question", "statement"),
    [
        ("Yes.", CATS, "cats allowed on the night ferry"),
        ("No", CATS, "not cats allowed on the night ferry"),
        ("Yes.", "Who feeds the cats?", "Yes."),
        ("Yes, at night.", CATS, "Yes, at night."),
    ],
)
def test_a_bare_answer_is_the_statement_of_its_question(claim: str, question: str, statement: str) -> None:
    assert in_full(claim, question) == statement
