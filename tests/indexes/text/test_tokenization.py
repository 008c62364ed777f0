"""Words as they are compared."""

import pytest

from indexes.text.tokenization import content_terms, content_words, figures, stems, terms, words


def test_words_are_lower_case_and_without_possessives() -> None:
    assert words("The Board's REPORT, the board’s own; O'Neill_x 25 %") == [
        *("the", "board", "report", "the", "board", "own", "o'neill", "x", "25")
    ]


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
