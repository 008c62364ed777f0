"""Words as they are compared, and documents that a text names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.text.tokenization import (
    content_terms,
    content_words,
    figures,
    identifiers,
    mentions_name,
    possible_names,
    stems,
    terms,
    title_as_name,
    words,
)


def test_words_are_lower_case_and_without_possessives() -> None:
    assert words("The Board's REPORT, the board’s own; O'Neill_x 25 %") == [
        *("the", "board", "report", "the", "board", "own", "o'neill", "x", "25")
    ]


def test_codes_are_identifiers_and_figures_and_words_are_none() -> None:
    assert identifiers("Is VX-21, hn-3/4 or 4.10.2 cheaper?") == {"vx-21", "hn-3/4", "4.10.2"}
    assert identifiers("12.5 per cent, 3-4 days, part-time, 1/2, and/or") == set()


def test_inflected_words_share_a_stem() -> None:
    assert stems("China produces") == stems("china produced")
    assert stems("licences") != stems("magnets")


def test_stop_words_carry_no_matter() -> None:
    assert content_words("What is the share of China in it?") == ["share", "china"]


def test_stop_words_alone_are_kept() -> None:
    assert content_words("To be or not to be") == ["to", "be", "or", "not", "to", "be"]


def test_nothing_but_marks_has_no_words() -> None:
    assert content_words('"" 😀 -- \0 _') == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("1,496.50", "1496.5"), ("0,5", "0.5"), ("0.10", "0.1"), ("1,000,000", "1000000"), ("$44", "44"), ("90%", "90.0")],
)
def test_a_figure_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert figures(one) == figures(other) != set()


@pytest.mark.parametrize(("one", "other"), [("100", "1"), ("90", "9"), ("1.5", "15"), ("2025", "2026")])
def test_figures_that_differ_stay_apart(one: str, other: str) -> None:
    assert figures(one) != figures(other)


@pytest.mark.parametrize(
    ("text", "found_by"),
    [
        ("getUserName", ["getusername", "get", "user", "name"]),
        ("HTTPServer_port", ["httpserver_port", "http", "server", "port"]),
        ("__init__", ["__init__", "init"]),
        ("error E1042", ["error", "e1042", "1042"]),
        ("AB-1234", ["ab", "1234"]),
        ("O'Neal's résumés", ["oneal", "neal", "resum"]),
        ("1,496.50 in 2019", ["1496.5", "in", "2019"]),
        ("東京タワー is", ["東京", "京タ", "タワ", "ワー", "is"]),
        ("Łódź", ["łodz"]),
        ("😀 --", []),
    ],
)
def test_a_text_is_found_by_its_stems_identifiers_and_their_parts(text: str, found_by: list[str]) -> None:
    assert terms(text) == found_by


def test_a_question_is_searched_by_the_terms_that_carry_its_matter() -> None:
    assert content_terms("What does the function read_all do?") == ["function", "read_all", "read", "all"]
    assert content_terms("To be or not to be") == ["to", "be", "or", "not", "to", "be"]


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
