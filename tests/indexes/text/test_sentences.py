"""Where sentences begin and end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.text.sentences import sentence_spans
from indexes.types import Kind

PIECES = [
    "\n",
    "\n\n",
    "  ",
    "Dr. Smith. ",
    "- item\n",
    "| a | b |\n",
    "日本語の文。",
    "😀 ",
    "e.g. ",
    "1. One\n",
    "x" * 70,
    "...",
    ":\n",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=30).map("".join)
KINDS: list[Kind] = ["prose", "table", "code"]


def sentences(text: str, kind: Kind = "prose") -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, kind)]


@given(TEXTS, st.sampled_from(KINDS))
def test_spans_are_in_order_trimmed_and_leave_out_nothing_but_space(text: str, kind: Kind) -> None:
    cursor = 0
    for start, end in sentence_spans(text, kind):
        assert cursor <= start < end <= len(text)
        assert not text[cursor:start].strip()
        assert text[start:end] == text[start:end].strip()
        cursor = end
    assert not text[cursor:].strip()


@pytest.mark.parametrize("text", ["", "  \n\n "])
def test_nothing_has_no_sentences(text: str) -> None:
    assert [sentences(text, kind) for kind in KINDS] == [[], [], []]


def test_a_full_stop_ends_a_sentence_and_an_abbreviation_does_not() -> None:
    text = "Dr. Smith came at 5 p.m. on Monday. U.S. law holds, e.g. for chips. Why? Because!"
    assert sentences(text) == [
        *("Dr. Smith came at 5 p.m. on Monday.", "U.S. law holds, e.g. for chips.", "Why?", "Because!")
    ]


def test_a_decimal_point_ends_nothing() -> None:
    assert sentences("It costs 1,496.50 euros. That is all.") == ["It costs 1,496.50 euros.", "That is all."]


def test_a_sentence_runs_on_over_a_printed_line() -> None:
    text = "The desk answers within six working days,\nand nobody orders before. It is\nthe rule."
    assert sentences(text) == [
        *("The desk answers within six working days,\nand nobody orders before.", "It is\nthe rule.")
    ]


def test_every_bullet_is_its_own() -> None:
    assert sentences("Bring:\n- a pass\n- a pen\n2. the form\n(a) a copy") == [
        *("Bring:", "- a pass", "- a pen", "2. the form", "(a) a copy")
    ]


def test_a_blank_line_ends_a_sentence() -> None:
    assert sentences("A heading without a stop\n\nand text under it") == [
        "A heading without a stop",
        "and text under it",
    ]


def test_a_row_of_a_table_is_one_sentence() -> None:
    assert sentences("Name | Note\nA. B. | One. Two.\n\n", "table") == ["Name | Note", "A. B. | One. Two."]


def test_a_line_of_code_is_one_sentence() -> None:
    assert sentences("x = 1. \n  y = f. g\n", "code") == ["x = 1.", "y = f. g"]


def test_spans_count_characters_not_bytes() -> None:
    assert sentences("Zoë 😀 naïve 日本。 Then it ends.")[-1] == "Then it ends."
