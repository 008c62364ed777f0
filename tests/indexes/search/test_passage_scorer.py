"""How well a passage's words are those that are wanted."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.search.passage_scorer import QueryTerms, query_terms, rarity

WORDS = st.sampled_from("leave day tower harbour the of e1042".split())
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)


def asked(*terms: str, mean_length: float = 4.0) -> QueryTerms:
    """Each weighs 1."""
    return QueryTerms(dict.fromkeys(terms, 1.0), [*pairwise(terms)], mean_length)


def test_rarity_is_that_of_lucene() -> None:
    assert rarity(10, 2) == pytest.approx(math.log(1 + 8.5 / 2.5))
    assert rarity(10, 10) == pytest.approx(math.log(1 + 0.5 / 10.5))
    assert rarity(10, 10) > 0


def test_a_share_is_bm25_by_the_most_that_it_could_be() -> None:
    weighed = QueryTerms({"leave": 2.0, "day": 0.5, "tower": 1.5}, [], mean_length=8.0)
    norm = 1.2 * (1 - 0.75 + 0.75 * 6 / 8)
    expected = (2.0 * 2 / (2 + norm) + 0.5 * 1 / (1 + norm)) / (2.0 + 0.5 + 1.5)
    assert weighed.shares("", "leave day leave is a year")[0] == pytest.approx(expected)


def test_a_term_in_the_context_counts_as_two_in_the_text() -> None:
    terms = asked("leave")
    in_context, in_text, once = (
        terms.shares(*pair)[0] for pair in (("leave", "a"), ("", "leave leave"), ("", "leave a"))
    )
    assert in_context == in_text > once
    both = 3 / (3 + 1.2 * (0.25 + 0.75 * 2 / 4))
    assert terms.shares("leave", "leave")[0] == pytest.approx(both)


def test_a_long_passage_scores_less_for_the_same_words() -> None:
    terms = asked("leave")
    assert terms.shares("", "leave a")[0] > terms.shares("", "leave a b c d e f g h")[0]


def test_a_rare_term_scores_more_than_a_common_one() -> None:
    terms = query_terms([["rare", "common"]], 100, {"rare": 1, "common": 90}, 4.0)
    assert terms.shares("", "rare")[0] > 0.5 > terms.shares("", "common")[0]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("leave day", 1),
        ("leave x y day", 1),
        ("leave x y z day", 0),
        ("leave of the day", 1),
        ("leave x the y of a day", 1),
        ("day leave", 0),
        ("leave", 0),
        ("day x y z leave w day", 1),
        ("", 0),
    ],
    ids=str,
)
def test_a_pair_is_together_where_the_second_follows_within_reach_stop_words_not_counted(text: str, share: int) -> None:
    assert asked("leave", "day").shares("", text)[1] == share


def test_a_stop_word_that_is_wanted_stands_in_its_place() -> None:
    assert asked("be", "not").shares("", "be or not")[1] == 1
    assert asked("be", "not").shares("", "be x y z not")[1] == 0


def test_pairs_share_by_what_their_terms_weigh() -> None:
    weighed = QueryTerms({"a1": 3.0, "b1": 1.0, "c1": 2.0}, [("a1", "b1"), ("b1", "c1")], 4.0)
    assert weighed.shares("", "a1 b1")[1] == pytest.approx(4 / 7)
    assert weighed.shares("", "b1 c1")[1] == pytest.approx(3 / 7)
    assert weighed.shares("a1 b1", "c1")[1] == pytest.approx(1)


def test_each_turn_back_weighs_half_and_a_term_of_two_turns_by_the_later() -> None:
    terms = query_terms([["leave"], ["tower", "leave"], ["harbour"]], 10, {"leave": 3, "tower": 3, "harbour": 3}, 4.0)
    assert terms.weights == pytest.approx(
        {"leave": rarity(10, 3), "tower": rarity(10, 3) / 2, "harbour": rarity(10, 3) / 4}
    )


def test_only_what_is_asked_now_stands_together() -> None:
    terms = query_terms([["leave", "day", "leave"], ["tower", "harbour"]], 10, {}, 4.0)
    assert list(terms.together) == [("leave", "day")]


@pytest.mark.parametrize("turns", [[], [[]], [[], []]], ids=str)
def test_nothing_asked_shares_nothing(turns: list[list[str]]) -> None:
    assert query_terms(turns, 0, {}, 0.0).shares("leave", "leave day") == (0.0, 0.0)


def test_an_empty_passage_and_an_empty_index_share_nothing() -> None:
    assert query_terms([["leave"]], 0, {}, 0.0).shares("", "") == (0.0, 0.0)


@given(
    turns=st.lists(st.lists(WORDS, max_size=5), max_size=3),
    context=TEXTS,
    text=TEXTS,
    passages=st.integers(1, 50),
    having=st.integers(0, 50),
    mean_length=st.floats(0, 100),
)
def test_a_share_is_from_0_to_1_and_nothing_without_a_word(
    turns: list[list[str]], context: str, text: str, passages: int, having: int, mean_length: float
) -> None:
    every = {term for turn in turns for term in turn}
    terms = query_terms(turns, passages, dict.fromkeys(every, min(having, passages)), mean_length)
    by_words, together = terms.shares(context, text)
    assert 0 <= by_words <= 1 + 1e-9
    assert 0 <= together <= 1 + 1e-9
    assert (by_words > 0) == bool(every & {*context.split(), *text.split()})
    assert by_words or not together


@given(terms=st.lists(WORDS, min_size=1, max_size=5, unique=True), text=TEXTS)
def test_one_word_more_that_is_asked_for_never_lowers_the_share_but_by_length(terms: list[str], text: str) -> None:
    wide = asked(*terms, mean_length=10**9)  # so long that length tells nothing
    assert wide.shares("", f"{text} {terms[0]}")[0] > wide.shares("", text)[0] - 1e-9
