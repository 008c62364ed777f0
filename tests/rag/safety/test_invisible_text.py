"""What cannot be seen is not given to a model; what languages are spelled with is."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.safety.invisible_text import strip_invisible

JOINERS = "\u200c\u200d"
SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Format characters that are drawn: signs over numbers."""
DRAWN = {*SEEN, *map(chr, range(0x13430, 0x13456))}


def test_no_control_or_format_character_is_left_but_those_that_are_drawn() -> None:
    others = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs")}
    assert {c for c in others - DRAWN - {*"\n\t"} if strip_invisible(f"a{c}b") not in ("ab", "a\nb")} == set()


@pytest.mark.parametrize("code", [0x34F, 0x115F, 0x3164, 0xFFA0, 0xFE00, 0xFE0F, 0xE0100, 0xE01EF, 0xE0041, 0x180B])
def test_fillers_tags_and_variation_selectors_are_left_out(code: int) -> None:
    assert strip_invisible(f"a{chr(code)}b") == "ab"


@pytest.mark.parametrize("text", ["می‌خواهم", "क्‍ष", "👩‍👩‍👧", "a\tb\nc", "Größe 10 m²", "年假 25 天"])
def test_languages_and_emoji_keep_their_spelling(text: str) -> None:
    assert strip_invisible(text) == text


@pytest.mark.parametrize("hidden", ["\u200d", "\u200c\u200d\u200c", "\u200b\u200d\u200b"])
def test_joiners_that_join_nothing_are_left_out(hidden: str) -> None:
    assert strip_invisible(f"pass{hidden}word 25{hidden}") == "password 25"


def test_a_row_of_joiners_carries_no_message_in_persian_either() -> None:
    assert strip_invisible("می" + "\u200c\u200d" * 8 + "خواهم") == "می\u200cخواهم"


def test_other_newlines_are_newlines() -> None:
    assert strip_invisible("a\r\nb\u2028c\x85d") == "a\nb\nc\nd"


@given(st.text())
def test_what_was_made_visible_stays_as_it_is(text: str) -> None:
    assert strip_invisible(strip_invisible(text)) == strip_invisible(text)
