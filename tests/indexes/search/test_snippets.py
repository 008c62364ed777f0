"""Which words of a query stand in a passage, and a snippet around them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.passages import passage
from indexes.search.snippets import MatchedWords, match_words, snippet
from indexes.types import Query

FILLER = "Nothing of note is told in this sentence. " * 20


def test_words_are_found_in_any_form_in_text_title_and_headings() -> None:
    found = passage("Staff produced 25 days of leave.")
    found = replace(found, title="Leaving", locator=replace(found.locator, heading=("All days", "Sick")))
    asked = Query("How many days of leave does the staff produce?", ("And of sick pay?",))
    assert match_words(asked, found) == MatchedWords(
        ("days", "leave", "staff", "produce"), ("leave",), ("days", "sick")
    )


def test_a_snippet_is_where_most_words_stand_together() -> None:
    text = f"Leave. {FILLER}Staff get 25 days of leave. {FILLER}"
    shown = snippet(Query("days of leave"), text)
    assert "Staff get 25 days of leave." in shown
    assert shown.startswith("…")
    assert shown.endswith("…")


def test_a_short_text_is_shown_whole_on_one_line() -> None:
    assert snippet(Query("leave"), "Leave is\n25  days.") == "Leave is 25 days."


@pytest.mark.parametrize("text", ["x" * 5000, FILLER, "leave " + "x" * 5000, "x" * 5000 + " leave"])
def test_a_snippet_is_short_whatever_the_text(text: str) -> None:
    assert 100 < len(snippet(Query("leave"), text)) <= 282


@given(st.text("ab .\n", max_size=900), st.text("ab ", min_size=1, max_size=9))
def test_a_snippet_is_a_piece_of_the_text(text: str, asked: str) -> None:
    assert snippet(Query(asked), text).strip("…") in " ".join(text.split())
