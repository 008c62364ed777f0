"""Who may read which document."""

import pytest

from indexes.access.rules import AccessRule, is_wider, readers_of, readers_within
from indexes.types import EVERYONE


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("hr/*.pdf", "hr/pay.pdf", True),
        ("hr/*.pdf", "hr/2024/pay.pdf", False),
        ("hr/**/*.pdf", "hr/2024/q1/pay.pdf", True),
        ("hr/**/*.pdf", "hr/pay.pdf", True),
        ("hr/**", "hr/2024/pay.pdf", True),
        ("**", "anything/at.all", True),
        ("*.md", "notes/a.md", False),
        ("**/*.md", "a.md", True),
        ("a?.txt", "ab.txt", True),
        ("a?.txt", "a/.txt", False),
        ("a+[b].txt", "a+[b].txt", True),
        ("line*", "line\nbreak", True),
    ],
)
def test_stars_stay_in_a_folder_unless_doubled(glob: str, path: str, matches: bool) -> None:
    assert AccessRule(glob, ("hr",)).matches(path) is matches


def test_the_first_rule_that_matches_decides_and_without_one_everyone_may() -> None:
    rules = [AccessRule("hr/public/**", (EVERYONE,)), AccessRule("hr/**", ("hr", "board"))]
    assert readers_of("hr/public/leave.pdf", rules) == (EVERYONE,)
    assert readers_of("hr/pay.pdf", rules) == ("hr", "board")
    assert readers_of("news.md", rules) == (EVERYONE,)


@pytest.mark.parametrize(
    ("rules", "readers"),
    [
        ([], ("everyone",)),
        ([AccessRule("hr/*.zip", ("hr",))], ("hr",)),
        ([AccessRule("**/*pay.txt", ("pay",))], ("pay",)),
        ([AccessRule("hr/*.zip", ("hr", "board")), AccessRule("**/inner.zip", ("board", "pay"))], ("board",)),
        ([AccessRule("**/*pay.txt", ("everyone",)), AccessRule("hr/**", ("hr",))], ("hr",)),
        ([AccessRule("hr/*.zip", ("hr",)), AccessRule("**/*pay.txt", ("pay",))], ()),
    ],
)
def test_what_lies_in_a_file_is_for_those_who_may_read_all_that_it_lies_in(
    rules: list[AccessRule], readers: tuple[str, ...]
) -> None:
    assert readers_within("hr/all.zip/inner.zip/pay.txt", "hr/all.zip", rules) == readers


@pytest.mark.parametrize(
    ("path", "file", "folders", "readers"),
    [
        ("docs/hr/pay.md", "docs/hr/pay.md", {"docs", "more"}, ("hr",)),
        ("docs/hr/pay.md", "docs/hr/pay.md", set(), ("everyone",)),
        ("docs/hr/all.zip/pay.md", "docs/hr/all.zip", {"docs", "more"}, ("hr",)),
        ("else/hr/pay.md", "else/hr/pay.md", {"docs", "more"}, ("everyone",)),
        ("hr/pay.md", "hr/pay.md", {"hr", "more"}, ("hr",)),
        ("mail.eml/hr/pay.md", "mail.eml", {"mail.eml", "more"}, ("everyone",)),
    ],
)
def test_a_rule_is_about_the_path_and_about_the_path_below_its_folder(
    path: str, file: str, folders: set[str], readers: tuple[str, ...]
) -> None:
    assert readers_within(path, file, [AccessRule("hr/**", ("hr",))], folders) == readers


@pytest.mark.parametrize(
    ("before", "now", "wider"),
    [
        ({"hr"}, {"hr"}, False),
        ({"hr"}, {"hr", "board"}, True),
        ({"hr"}, {"board"}, True),
        ({"hr", "board"}, {"hr"}, False),
        ({"hr"}, {EVERYONE}, True),
        ({EVERYONE}, {"hr"}, False),
        (set(), {"hr"}, True),
        ({"hr"}, set(), False),
    ],
)
def test_wider_is_what_someone_may_read_who_could_not(before: set[str], now: set[str], wider: bool) -> None:
    assert is_wider(frozenset(now), frozenset(before)) is wider
