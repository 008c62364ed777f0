"""Which paths a glob means, and that none takes long to say so."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.access.globs import matches, may_match_beneath


def by_regular_expression(glob: str, path: str) -> bool:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    expression = "".join(parts.get(piece) or re.escape(piece) for piece in pieces)
    return re.fullmatch(expression, path, re.DOTALL) is not None


@given(
    st.lists(st.sampled_from(["a", "b", "/", ".", "*", "**", "**/", "?"]), max_size=7).map("".join),
    st.text("ab/.", max_size=9),
)
def test_a_glob_means_what_the_regular_expression_of_it_means(glob: str, path: str) -> None:
    assert matches(glob, path) is by_regular_expression(glob, path)


@pytest.mark.parametrize("glob", ["**?" * 20 + "z", "**a" * 20 + "z", "*a" * 20 + "z"])
def test_no_glob_takes_longer_than_its_path_is_long(glob: str) -> None:
    assert not matches(glob, "a" * 1000)  # a regular expression would not come to an end
    assert matches(glob, "a" * 1000 + "z")


def test_accents_are_compared_as_they_are_seen() -> None:
    assert matches("caf\u00e9/*", "cafe\u0301/menu.txt")


@pytest.mark.parametrize(
    ("glob", "folder", "may"),
    [
        ("hr/**", "hr/all.zip", True),
        ("hr/*.zip", "hr/all.zip", False),
        ("hr/all.zip/pay.txt", "hr/all.zip", True),
        ("**/pay.txt", "all.zip", True),
        ("hr/**", "open/all.zip", False),
        ("*", "all.zip", False),
    ],
)
def test_a_glob_may_match_what_lies_in_a_folder_or_not(glob: str, folder: str, may: bool) -> None:
    assert may_match_beneath(glob, folder) is may
