"""A second reading while there is time."""

import time
from collections.abc import Sequence

import pytest

from fakes.passages import FixedRetriever, passage
from fakes.reranker import WordsReranker
from indexes.search.reranking import RerankingRetriever
from indexes.types import Hit, Query, Signal

FIVE = [passage(f"text {name}", path=name, context="Of it") for name in "abcde"]


class Reranker:
    """Scores by a text's last letter, and takes its time: ``loading`` seconds for the first, then ``reading``."""

    name = "fake"

    def __init__(self, scores: dict[str, float] | None = None, *, loading: float = 0.0, reading: float = 0.0) -> None:
        self.scores = scores or {}
        self.loading, self.reading = loading, reading
        self.asked: list[tuple[str, list[str]]] = []

    def score(self, query: str, texts: Sequence[str], /) -> list[float]:
        time.sleep(self.reading if self.asked else self.loading)
        self.asked.append((query, [*texts]))
        return [self.scores.get(text[-1:], 0.0) for text in texts]


class Found:
    def __init__(self, **scores: float) -> None:
        self.hits = [Hit(passage(f"text {name}", path=name), score) for name, score in scores.items()]

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        return self.hits[:limit]


def paths(hits: list[Hit]) -> str:
    return "".join(hit.passage.path for hit in hits)


def test_hits_are_ordered_by_both_scores() -> None:
    found = Found(a=0.9, b=0.8, c=0.7)
    reranked = RerankingRetriever(found, Reranker({"b": 3.0, "c": 4.0}), candidates=3, seconds=60)
    hits = reranked.retrieve(Query("?"), limit=3)
    assert paths(hits) == "bac"
    assert [hit.score for hit in hits] == pytest.approx([0.8 + 0.04 * 3, 0.9, 0.7 + 0.04 * 4])


def test_a_logit_says_no_more_beyond_8() -> None:
    found = Found(a=0.5, b=0.5, c=0.5)
    reranked = RerankingRetriever(found, Reranker({"a": -100.0, "b": 8.0, "c": 100.0}), candidates=3, seconds=60)
    hits = reranked.retrieve(Query("?"), limit=3)
    assert [(hit.passage.path, hit.score) for hit in hits] == [
        ("b", pytest.approx(0.82)),
        ("c", pytest.approx(0.82)),
        ("a", pytest.approx(0.18)),
    ]


def test_what_is_read_tells_its_logit_and_rank_behind_the_signals_it_had() -> None:
    dense = Signal("dense", 0.9, 1)
    found = Found(a=0.9, b=0.8, c=0.1)
    found.hits[0] = Hit(found.hits[0].passage, 0.9, (dense,))
    reranked = RerankingRetriever(found, Reranker({"b": 7.5}), candidates=2, seconds=60)
    assert {hit.passage.path: hit.signals for hit in reranked.retrieve(Query("?"), limit=3)} == {
        "b": (Signal("reranked", 7.5, 1),),
        "a": (dense, Signal("reranked", 0.0, 2)),
        "c": (),
    }


def test_reading_stops_before_the_time_is_over_and_the_unread_keep_their_order_behind() -> None:
    reranker = Reranker({"a": -8.0}, reading=0.2)
    found = Found(a=0.9, b=0.8, c=0.7, d=0.7, e=0.1)
    began = time.perf_counter()
    hits = RerankingRetriever(found, reranker, candidates=5, seconds=0.5).retrieve(Query("?"), limit=5)
    read = [hit for hit in hits if hit.signals]
    assert 1 <= len(read) <= 2
    assert hits[: len(read)] == read
    assert time.perf_counter() - began < 0.9
    assert paths(hits[len(read) :]) == "abcde"[len(read) :]
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_at_least_one_is_read_however_little_time_there_is() -> None:
    hits = RerankingRetriever(FixedRetriever(*FIVE), Reranker(), candidates=5, seconds=0).retrieve(Query("?"), limit=5)
    assert [bool(hit.signals) for hit in hits] == [True, False, False, False, False]


def test_the_model_is_loaded_once_and_in_no_questions_time() -> None:
    reranker = Reranker(loading=0.6)
    reranked = RerankingRetriever(FixedRetriever(*FIVE), reranker, candidates=5, seconds=0.5)
    for _ in range(2):
        assert all(hit.signals for hit in reranked.retrieve(Query("?"), limit=5))
    assert len(reranker.asked) == 1 + 2 * 5


def test_each_candidate_is_read_alone_with_its_context_against_all_that_was_asked() -> None:
    reranker = Reranker()
    query = Query("And Lyon?", earlier=("How high is it?",))
    RerankingRetriever(FixedRetriever(*FIVE), reranker, candidates=2, seconds=60).retrieve(query, limit=5)
    assert reranker.asked[1:] == [(query.whole, [f"Of it\ntext {name}"]) for name in "ab"]


def test_candidates_beyond_the_limit_are_read_and_no_more_than_the_limit_comes_back() -> None:
    found = FixedRetriever(*FIVE)
    hits = RerankingRetriever(found, Reranker({"d": 8.0}), candidates=4, seconds=60).retrieve(Query("?"), limit=2)
    assert paths(hits) == "ad"
    assert len(RerankingRetriever(found, Reranker(), candidates=2, seconds=60).retrieve(Query("?"), limit=4)) == 4


def test_nothing_found_is_nothing_read() -> None:
    reranker = Reranker()
    assert RerankingRetriever(FixedRetriever(), reranker, candidates=5, seconds=60).retrieve(Query("?"), limit=5) == []
    assert reranker.asked == []


def test_a_word_of_the_question_moves_a_passage_up() -> None:
    found = Found(a=0.5, b=0.49)
    found.hits[1] = Hit(passage("leave days", path="b"), 0.49)
    reranked = RerankingRetriever(found, WordsReranker(), candidates=5, seconds=60)
    assert paths(reranked.retrieve(Query("leave days?"), limit=5)) == "ba"
