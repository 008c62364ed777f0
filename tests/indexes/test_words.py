"""Words as they are compared."""

import pytest

from indexes.words import content_words, figures, stems, words


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
