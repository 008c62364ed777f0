"""Documents that a text names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.text.title_mentions import mentions_name, possible_names, title_as_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Nordsund Line", "Nordsund Line"),
        ("Nordsund Line (company)", "Nordsund Line"),
        ("The Tower: a history", "The Tower a history"),
        ("O'Neill's Harbour", "O'Neill's Harbour"),
        ("Gdańsk", "Gdańsk"),
        ("2001 A Space Odyssey", "2001 A Space Odyssey"),
        ("東京タワー", "東京タワー"),
    ],
)
def test_a_title_is_a_name_as_prose_has_it(title: str, name: str) -> None:
    assert title_as_name(title) == name


@pytest.mark.parametrize(
    "title",
    ["", "  ", "(aside)", "minutes of the board", "iPhone", "It", "The", "Us", "2019", "a" * 3, "One " * 11, "--"],
    ids=repr,
)
def test_what_could_be_any_words_is_no_name(title: str) -> None:
    assert title_as_name(title) == ""


def test_a_text_may_name_all_runs_of_words_that_begin_with_no_small_letter() -> None:
    assert possible_names("by Nordsund line, 2019") == {
        *("Nordsund", "Nordsund line", "Nordsund line 2019"),
        "2019",
    }
    assert possible_names("nothing of that") == possible_names("") == set()


def test_a_name_is_ten_words_at_most() -> None:
    ten = "One two three four five six seven eight nine ten"
    assert title_as_name(ten) == ten
    assert max(possible_names(f"{ten} eleven"), key=len) == ten


@given(
    st.lists(st.sampled_from(["Nordsund", "Line", "of", "the", "Łódź", "X1", "東京"]), min_size=1, max_size=10).map(
        " ".join
    )
)
def test_every_name_is_found_in_a_text_that_has_it(title: str) -> None:
    if name := title_as_name(title):
        text = f"It is said, by «{title}», and nobody else."
        assert name in possible_names(text)
        assert mentions_name(name, text)
        assert mentions_name(name, text.upper())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("who owns nordsund line?", True),
        ("Nordsund-Line?", True),
        ("NORDSUND  LINE", True),
        ("Nordsund Liner", False),
        ("Line Nordsund", False),
        ("Old Nordsund Lines", False),
        ("", False),
    ],
)
def test_a_text_has_a_name_however_it_is_written(text: str, named: bool) -> None:
    assert mentions_name("Nordsund Line", text) is named
