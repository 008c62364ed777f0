"""What documents are labelled with."""

from indexes.access.labels import LabelRule, labels_within

RULES = [
    LabelRule("board/**", ("board",)),
    LabelRule("**/*.zip", ("archive", "old")),
    LabelRule("**/minutes*", ("minutes", "board")),
]


def test_all_rules_that_match_add_up() -> None:
    assert labels_within("board/minutes.txt", "board/minutes.txt", RULES) == ("board", "minutes")
    assert labels_within("news.txt", "news.txt", RULES) == ()


def test_what_lies_in_a_file_has_the_labels_of_all_that_it_lies_in() -> None:
    labels = labels_within("all.zip/2024.zip/minutes.txt", "all.zip", RULES)
    assert labels == ("archive", "board", "minutes", "old")
