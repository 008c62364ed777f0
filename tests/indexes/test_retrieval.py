"""What is found, in what order, and by whom."""

import numpy as np
import pytest

from fakes.documents import document, put
from fakes.encoder import WordsEncoder
from indexes.catalog import Catalog
from indexes.protocols import Retriever
from indexes.ranking import reciprocal_rank_fusion
from indexes.retrieval import DenseRetriever, FusedRetriever, LexicalRetriever
from indexes.types import EVERYONE, PUBLIC, Audience, Hit, Locator, Passage
from indexes.vectors import ChromaVectors

HR = Audience(frozenset({"hr"}))


@pytest.fixture
def dense(catalog: Catalog, vectors: ChromaVectors) -> DenseRetriever:
    return DenseRetriever(catalog, vectors, WordsEncoder())


@pytest.fixture
def lexical(catalog: Catalog) -> LexicalRetriever:
    return LexicalRetriever(catalog)


@pytest.fixture(params=["dense", "lexical", "fused"])
def retriever(request: pytest.FixtureRequest, dense: DenseRetriever, lexical: LexicalRetriever) -> Retriever:
    every: dict[str, Retriever] = {
        "dense": dense,
        "lexical": lexical,
        "fused": FusedRetriever([dense, lexical]),
    }
    return every[request.param]


def paths(hits: list[Hit]) -> list[str]:
    return [hit.passage.path for hit in hits]


def test_the_best_comes_first_and_no_more_than_the_limit(catalog: Catalog, retriever: Retriever) -> None:
    put(catalog, document("Offices open at nine and close at five.", "offices.txt"))
    put(catalog, document("Leave is 25 days a year.", "leave.txt"))
    put(catalog, document("Days are long in June; so are nights in the offices.", "days.txt"))
    hits = retriever.retrieve("How many days of leave?", limit=2, audience=PUBLIC)
    assert paths(hits) == ["leave.txt", "days.txt"]
    assert hits[0].score > hits[1].score


def test_a_hit_is_the_passage_with_its_place(catalog: Catalog, retriever: Retriever) -> None:
    (passage,) = put(catalog, document("Leave is 25 days a year."))
    assert [hit.passage for hit in retriever.retrieve("leave days", limit=5, audience=PUBLIC)] == [passage]


def test_an_empty_index_finds_nothing(retriever: Retriever) -> None:
    assert retriever.retrieve("leave", limit=5, audience=PUBLIC) == []


@pytest.mark.parametrize("published", [True, False])
def test_nobody_finds_what_they_may_not_read(
    catalog: Catalog, vectors: ChromaVectors, retriever: Retriever, published: bool
) -> None:
    readers: dict[str, tuple[str, ...]] = {
        "all": (EVERYONE,),
        "hr": ("hr",),
        "board": ("board",),
        "both": ("hr", "board"),
        "nobody": (),
    }
    for name, groups in readers.items():
        put(catalog, document("Leave is 25 days a year.", f"{name}.txt", readers=groups))
    if published:
        vectors.publish()
    found = {
        audience: {*paths(retriever.retrieve("leave days", limit=10, audience=audience))}
        for audience in (PUBLIC, HR, Audience(frozenset({"board", "hr"})))
    }
    assert [*found.values()] == [
        {"all.txt"},
        {"all.txt", "hr.txt", "both.txt"},
        {"all.txt", "hr.txt", "both.txt", "board.txt"},
    ]


def test_a_document_whose_readers_change_is_hidden_at_once(
    catalog: Catalog, vectors: ChromaVectors, retriever: Retriever
) -> None:
    put(catalog, document("Leave is 25 days a year."))
    vectors.publish()
    assert retriever.retrieve("leave", limit=5, audience=PUBLIC)
    put(catalog, document("Leave is 25 days a year.", readers=("hr",)))
    assert retriever.retrieve("leave", limit=5, audience=PUBLIC) == []
    assert paths(retriever.retrieve("leave", limit=5, audience=HR)) == ["a.txt"]


def test_what_was_removed_is_no_answer_any_more(catalog: Catalog, vectors: ChromaVectors, retriever: Retriever) -> None:
    put(catalog, document("Leave is 25 days a year."))
    put(catalog, document("Leave is 30 days a year.", "b.txt"))
    vectors.publish()
    catalog.remove(["a.txt"])
    assert paths(retriever.retrieve("leave days", limit=5, audience=PUBLIC)) == ["b.txt"]


@pytest.mark.parametrize("published", [True, False])
def test_visible_passages_are_found_behind_many_hidden_ones(
    catalog: Catalog, vectors: ChromaVectors, retriever: Retriever, published: bool
) -> None:
    for n in range(120):
        put(catalog, document("Leave days.", f"hidden-{n}.txt", readers=("hr",)))
    for n in range(3):
        put(catalog, document(f"Leave days are counted by office {n} and by nobody else.", f"seen-{n}.txt"))
    if published:
        vectors.publish()
    hits = retriever.retrieve("leave days", limit=3, audience=PUBLIC)
    assert {*paths(hits)} == {"seen-0.txt", "seen-1.txt", "seen-2.txt"}


def test_dense_leaves_out_what_is_less_alike_than_was_asked(catalog: Catalog, vectors: ChromaVectors) -> None:
    put(catalog, document("Leave days.", "near.txt", title=""))
    put(catalog, document("Leave the offices open, and call the guard at night about magnets.", "far.txt"))

    def found(least: float) -> list[str]:
        choosy = DenseRetriever(catalog, vectors, WordsEncoder(), min_cosine=least)
        return paths(choosy.retrieve("leave days", limit=5, audience=PUBLIC))

    assert (found(0.0), found(0.9), found(1.1)) == (["near.txt", "far.txt"], ["near.txt"], [])


def test_a_dense_score_is_the_cosine(catalog: Catalog, dense: DenseRetriever) -> None:
    put(catalog, document("Leave days.", title=""))
    (hit,) = dense.retrieve("leave days", limit=1, audience=PUBLIC)
    assert hit.score == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "query",
    [
        'the "25 days" of leave',
        'leave" OR text : "secret',
        "leave AND NOT (days",
        "leave\0days",
        "leave 😀 👩‍👩‍👧",
        "leave's days* ^leave {days}",
        " ".join(["leave", *(f"word{n}" for n in range(10_000))]),
        "leave " * 10_000,
    ],
    ids=["quotes", "injection", "operators", "nul", "emoji", "marks", "10k words", "10k times"],
)
def test_any_query_finds_what_its_words_say_and_nothing_hidden(
    catalog: Catalog, retriever: Retriever, query: str
) -> None:
    put(catalog, document("Leave is 25 days a year.", title=""))
    put(catalog, document("A secret leave of days.", "secret.txt", readers=("hr",)))
    assert paths(retriever.retrieve(query, limit=5, audience=PUBLIC)) == ["a.txt"]


@pytest.mark.parametrize("query", ["", "😀", '"""', "\0", "???"], ids=ascii)
def test_a_query_without_words_finds_nothing_by_words(catalog: Catalog, lexical: LexicalRetriever, query: str) -> None:
    put(catalog, document("Leave is 25 days a year."))
    assert lexical.retrieve(query, limit=5, audience=PUBLIC) == []


def test_a_query_of_stop_words_finds_them(catalog: Catalog, lexical: LexicalRetriever) -> None:
    put(catalog, document("To be, or not to be: that is what he asks."))
    put(catalog, document("Leave days.", "b.txt"))
    assert paths(lexical.retrieve("to be or not to be", limit=5, audience=PUBLIC)) == ["a.txt"]


def test_fusion_adds_up_reciprocal_ranks() -> None:
    one, two, three = (Hit(passage(name), 9.0) for name in ("one", "two", "three"))
    fused = reciprocal_rank_fusion([[one, two], [three, two]])
    assert [hit.passage.id for hit in fused] == ["two", "one", "three"]
    np.testing.assert_allclose([hit.score for hit in fused], [2 / 62, 1 / 61, 1 / 61])


def test_fusion_of_nothing_is_nothing() -> None:
    assert reciprocal_rank_fusion([]) == reciprocal_rank_fusion([[], []]) == []


def test_fused_finds_what_stands_low_in_both_rankings() -> None:
    asked: list[int] = []

    class Listed:
        def __init__(self, *names: str) -> None:
            self.names = names

        def retrieve(self, query: str, *, limit: int, audience: Audience) -> list[Hit]:
            asked.append(limit)
            return [Hit(passage(name), 1.0) for name in self.names][:limit]

    fused = FusedRetriever([Listed("a", "b", "both"), Listed("c", "d", "both")], candidates=20)
    assert [hit.passage.id for hit in fused.retrieve("?", limit=1, audience=PUBLIC)] == ["both"]
    assert asked == [20, 20]


def passage(name: str) -> Passage:
    return Passage(name, name, name, "", "", "text", Locator(0, 4, 1, 1))
