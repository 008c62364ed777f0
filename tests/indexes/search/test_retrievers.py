"""What is found, in what order, and by whom."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.documents import document, put
from fakes.encoder import WordsEncoder
from fakes.reranker import WordsReranker
from fakes.vectors import Vectors, nearest_of, units
from fakes.vectors import put as put_vectors
from indexes.access.globs import matches
from indexes.protocols import Retriever
from indexes.search.hybrid import HybridRetriever, reciprocal_rank_fusion
from indexes.search.postprocessing import MergingRetriever
from indexes.search.reranking import RerankingRetriever
from indexes.search.retrievers import DenseRetriever, LexicalRetriever, match_expressions
from indexes.storage.catalog import Catalog
from indexes.text.tokenization import terms
from indexes.types import EVERYONE, PUBLIC, Audience, Document, Filters, Hit, Locator, Matrix, Passage, Query
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors

SCRIPTS = "éßñÅøłŁİıσςΣ東京タワー・가각бЯहिअش\u0301²"
HR = Audience(frozenset({"hr"}))


@pytest.fixture
def dense(catalog: Catalog, vectors: ChromaVectors) -> DenseRetriever:
    return DenseRetriever(catalog, vectors, WordsEncoder())


@pytest.fixture
def lexical(catalog: Catalog) -> LexicalRetriever:
    return LexicalRetriever(catalog)


@pytest.fixture(params=["dense", "lexical", "hybrid", "all"])
def retriever(
    request: pytest.FixtureRequest, catalog: Catalog, dense: DenseRetriever, lexical: LexicalRetriever
) -> Retriever:
    hybrid = HybridRetriever(catalog, dense, lexical)
    every: dict[str, Retriever] = {
        "dense": dense,
        "lexical": lexical,
        "hybrid": hybrid,
        "all": MergingRetriever(RerankingRetriever(hybrid, WordsReranker(), candidates=20, seconds=60), catalog),
    }
    return every[request.param]


def paths(hits: list[Hit]) -> list[str]:
    return [hit.passage.path for hit in hits]


def test_the_best_comes_first_and_no_more_than_the_limit(catalog: Catalog, retriever: Retriever) -> None:
    put(catalog, document("Offices open at nine and close at five.", "offices.txt"))
    put(catalog, document("Leave is 25 days a year.", "leave.txt"))
    put(catalog, document("Days are long in June; so are nights in the offices.", "days.txt"))
    hits = retriever.retrieve(Query("How many days of leave?"), limit=2)
    assert paths(hits) == ["leave.txt", "days.txt"]
    assert hits[0].score > hits[1].score


def test_a_hit_is_the_passage_with_its_place(catalog: Catalog, retriever: Retriever) -> None:
    (passage,) = put(catalog, document("Leave is 25 days a year."))
    assert [hit.passage for hit in retriever.retrieve(Query("leave days"), limit=5)] == [passage]


def test_an_empty_index_finds_nothing(retriever: Retriever) -> None:
    assert retriever.retrieve(Query("leave"), limit=5) == []


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
        put(catalog, document(f"Leave is 25 days a year for {name}.", f"{name}.txt", readers=groups))
    if published:
        vectors.publish()
    found = {
        audience: {*paths(retriever.retrieve(Query("leave days", audience=audience), limit=10))}
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
    assert retriever.retrieve(Query("leave"), limit=5)
    put(catalog, document("Leave is 25 days a year.", readers=("hr",)))
    assert retriever.retrieve(Query("leave"), limit=5) == []
    assert paths(retriever.retrieve(Query("leave", audience=HR), limit=5)) == ["a.txt"]


def test_what_was_removed_is_no_answer_any_more(catalog: Catalog, vectors: ChromaVectors, retriever: Retriever) -> None:
    put(catalog, document("Leave is 25 days a year."))
    put(catalog, document("Leave is 30 days a year.", "b.txt"))
    vectors.publish()
    catalog.remove(["a.txt"])
    assert paths(retriever.retrieve(Query("leave days"), limit=5)) == ["b.txt"]


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
    hits = retriever.retrieve(Query("leave days"), limit=3)
    assert {*paths(hits)} == {"seen-0.txt", "seen-1.txt", "seen-2.txt"}


@settings(max_examples=15, deadline=None)
@given(
    readers=st.lists(st.sets(st.sampled_from("abcd")), min_size=12, max_size=12),
    groups=st.frozensets(st.sampled_from("abcde")),
    limit=st.integers(1, 6),
    published=st.booleans(),
    seed=st.integers(0, 99),
)
def test_whoever_asks_finds_what_brute_force_finds_among_what_they_may_read(
    readers: list[set[str]], groups: frozenset[str], limit: int, published: bool, seed: int
) -> None:
    with TemporaryDirectory() as folder, closing(Catalog.create(Path(folder) / "catalog.sqlite3")) as catalog:
        stored: Vectors = {}
        for n, own in enumerate(readers):
            made = put_vectors(catalog, f"doc-{n}", 25, seed=n, readers=tuple(own))
            stored |= made if groups & own else {}
        with closing(ChromaVectors(EmbeddedChroma(Path(folder) / "chroma"), catalog)) as vectors:
            if published:
                vectors.publish()
            query = units(1, seed + 1000)[0]
            dense = DenseRetriever(catalog, vectors, AlwaysEncodes(query), min_cosine=-1)
            found = [hit.passage.id for hit in dense.retrieve(Query("?", audience=Audience(groups)), limit=limit)]
    assert found == (nearest_of(stored, query, limit) if stored else [])


DAYS = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 6, 1)]
FILTERS = st.builds(
    Filters,
    paths=st.lists(st.sampled_from(["hr/*", "hr/**", "**/*.md", "news.?", "nowhere"]), max_size=2).map(tuple),
    media_types=st.lists(st.sampled_from(["text/plain", "text/*", "application/PDF"]), max_size=2).map(tuple),
    labels=st.lists(st.sampled_from("xyz"), max_size=2).map(tuple),
    since=st.none() | st.sampled_from(DAYS),
    until=st.none() | st.sampled_from(DAYS),
)
FACTS = st.fixed_dictionaries(
    {
        "path": st.sampled_from(["hr/a.md", "hr/deep/b.md", "c.md", "news.a", "hr/d.pdf", "e.html"]),
        "media_type": st.sampled_from(["text/plain", "text/markdown", "application/pdf"]),
        "labels": st.sets(st.sampled_from("xyz")).map(tuple),
        "dated": st.none() | st.sampled_from(DAYS),
        "readers": st.sampled_from([(EVERYONE,), ("hr",)]),
    }
)


def is_within(doc: Document, filters: Filters, modified: date) -> bool:
    day = doc.dated or modified
    family = doc.media_type.partition("/")[0] + "/*"
    return (
        (not filters.paths or any(matches(glob, doc.path) for glob in filters.paths))
        and (not filters.media_types or bool({doc.media_type, family} & {kind.lower() for kind in filters.media_types}))
        and (not filters.labels or bool(set(doc.labels) & set(filters.labels)))
        and (filters.since or day) <= day <= (filters.until or day)
    )


@settings(max_examples=40, deadline=None)
@given(
    facts=st.lists(FACTS, min_size=1, unique_by=lambda its: its["path"]),
    filters=FILTERS,
    modified=st.sampled_from(DAYS),
    groups=st.sampled_from([frozenset(), frozenset({"hr"})]),
    published=st.booleans(),
)
def test_a_filtered_search_finds_what_brute_force_finds_by_meaning_and_by_words(
    facts: list[dict[str, Any]], filters: Filters, modified: date, groups: frozenset[str], published: bool
) -> None:
    documents = [document(f"Leave is 25 days a year in {its['path']}.", **its) for its in facts]
    query = Query("leave days", audience=Audience(groups), filters=filters)
    with TemporaryDirectory() as folder, closing(Catalog.create(Path(folder) / "catalog.sqlite3")) as catalog:
        for doc in documents:
            put(catalog, doc, modified=modified.isoformat())
        with closing(ChromaVectors(EmbeddedChroma(Path(folder) / "chroma"), catalog)) as vectors:
            if published:
                vectors.publish()
            dense, lexical = DenseRetriever(catalog, vectors, WordsEncoder()), LexicalRetriever(catalog)
            retrievers = dense, lexical, HybridRetriever(catalog, dense, lexical)
            found = [{*paths(retriever.retrieve(query, limit=9))} for retriever in retrievers]
        within = catalog.documents_within(query.scope)
        days = catalog.search_rows.dates(doc.id for doc in documents)
    readable = [doc for doc in documents if query.audience.may_read(doc.readers)]
    expected = {doc.path for doc in readable if is_within(doc, filters, modified)}
    assert found == [expected] * 3
    assert within == len(expected)
    assert days == {doc.id: doc.dated or modified for doc in documents}


def test_what_is_within_the_filters_is_found_behind_much_that_is_not(
    catalog: Catalog, vectors: ChromaVectors, retriever: Retriever
) -> None:
    for n in range(120):
        put(catalog, document("Leave days.", f"other-{n}.txt"))
    put(catalog, document("Leave days are counted by one office and by nobody else.", "hr/seen.txt"))
    vectors.publish()
    query = Query("leave days", filters=Filters(paths=("hr/**",)))
    assert paths(retriever.retrieve(query, limit=3)) == ["hr/seen.txt"]


class AlwaysEncodes(WordsEncoder):
    def __init__(self, row: Matrix) -> None:
        super().__init__()
        self.row = row

    def encode(self, texts: Sequence[str], /) -> Matrix:
        return np.stack([self.row for _ in texts])


def test_dense_leaves_out_what_is_less_alike_than_was_asked(catalog: Catalog, vectors: ChromaVectors) -> None:
    put(catalog, document("Leave days.", "near.txt", title=""))
    put(catalog, document("Leave the offices open, and call the guard at night about magnets.", "far.txt"))

    def found(least: float) -> list[str]:
        choosy = DenseRetriever(catalog, vectors, WordsEncoder(), min_cosine=least)
        return paths(choosy.retrieve(Query("leave days"), limit=5))

    assert (found(0.0), found(0.9), found(1.1)) == (["near.txt", "far.txt"], ["near.txt"], [])


def test_a_dense_score_is_the_cosine(catalog: Catalog, dense: DenseRetriever) -> None:
    put(catalog, document("Leave days.", title=""))
    (hit,) = dense.retrieve(Query("leave days"), limit=1)
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
    assert paths(retriever.retrieve(Query(query), limit=5)) == ["a.txt"]


@pytest.mark.parametrize("query", ["", "😀", '"""', "\0", "???"], ids=ascii)
def test_a_query_without_words_finds_nothing_by_words(catalog: Catalog, lexical: LexicalRetriever, query: str) -> None:
    put(catalog, document("Leave is 25 days a year."))
    assert lexical.retrieve(Query(query), limit=5) == []


def test_a_query_of_stop_words_finds_them(catalog: Catalog, lexical: LexicalRetriever) -> None:
    put(catalog, document("To be, or not to be: that is what he asks."))
    put(catalog, document("Leave days.", "b.txt"))
    assert paths(lexical.retrieve(Query("to be or not to be"), limit=5)) == ["a.txt"]


def test_fusion_adds_up_reciprocal_ranks() -> None:
    one, two, three = (Hit(passage(name), 9.0) for name in ("one", "two", "three"))
    fused = reciprocal_rank_fusion([[one, two], [three, two]])
    assert [hit.passage.id for hit in fused] == ["two", "one", "three"]
    np.testing.assert_allclose([hit.score for hit in fused], [2 / 62, 1 / 61, 1 / 61])


def test_fusion_of_nothing_is_nothing() -> None:
    assert reciprocal_rank_fusion([]) == reciprocal_rank_fusion([[], []]) == []


def test_a_lexical_score_is_the_share_of_what_the_question_allows(catalog: Catalog, lexical: LexicalRetriever) -> None:
    put(catalog, document("Leave days, leave days, days of leave.", "all.txt", title="Leave days"))
    put(catalog, document("Days are long in June.", "some.txt"))
    scores = [hit.score for hit in lexical.retrieve(Query("leave days"), limit=5)]
    assert 1 > scores[0] > 0.5 > scores[1] > 0


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("user name", "Call getUserName first."),
        ("getUserName", "Call getUserName first."),
        ("get_user_name", "Call getUserName first."),
        ("E1042", "On error E1042, restart."),
        ("error 1042", "On error E1042, restart."),
        ("read all", "def read_all(path): ..."),
        ("read_all", "def read_all(path): ..."),
        ("東京", "今日は東京タワーに行く。"),
        ("タワー", "今日は東京タワーに行く。"),
        ("ピクチャーズ", "ソニー・ピクチャーズ"),
        ("resume", "Send résumés by post."),
        ("λόγος", "Ο λόγος της χώρας."),
        ("ΛΟΓΟΣ", "Ο λόγος της χώρας."),
        ("STRASSE", "In der Straße."),
        ("1,496.50", "It costs 1496.5 euros."),
    ],
)
def test_identifiers_accents_and_scripts_without_blanks_are_found_in_the_real_index(
    catalog: Catalog, lexical: LexicalRetriever, asked: str, text: str
) -> None:
    put(catalog, document(text, "one.txt"))
    put(catalog, document("Of something else altogether.", "other.txt"))
    assert paths(lexical.retrieve(Query(asked), limit=5)) == ["one.txt"]


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(st.characters(codec="ascii", min_codepoint=32) | st.sampled_from(SCRIPTS), max_size=30)))
def test_sqlite_knows_each_term_and_how_many_passages_have_it(texts: list[str]) -> None:
    with TemporaryDirectory() as folder, closing(Catalog.create(Path(folder) / "catalog.sqlite3")) as catalog:
        for n, text in enumerate(texts):
            put(catalog, document(f"{text}.", f"{n}.txt", title=""))
        counted = Counter(term for text in texts for term in {*terms(text)})
        lengths = [len(terms(text)) for text in texts]
        assert {term: catalog.search_rows.frequency(term, None) for term in counted} == counted
        assert catalog.search_rows.size(None) == (len(texts), pytest.approx(sum(lengths) / max(1, len(texts))))


def test_terms_are_counted_as_documents_come_change_and_go(catalog: Catalog) -> None:
    put(catalog, document("Leave days leave.", title=""))
    put(catalog, document("Leave the office.", "b.txt", title=""))
    put(catalog, document("Leave days.", title=""))
    counts = [catalog.search_rows.frequency(term, None) for term in ("leav", "day", "no")]
    assert (catalog.search_rows.size(None), counts) == ((2, 2.5), [2, 1, 0])
    catalog.remove(["a.txt", "b.txt"])
    assert (catalog.search_rows.size(None), catalog.search_rows.frequency("leav", None)) == ((0, 0.0), 0)


def test_terms_are_counted_in_what_may_be_read(catalog: Catalog, lexical: LexicalRetriever) -> None:
    alone = lexical.query_terms(Query("leave days"))
    put(catalog, document("Leave days leave.", title=""))
    public = lexical.query_terms(Query("leave days"))
    put(catalog, document("Leave for the board alone.", "b.txt", title="", readers=("board",)))
    assert lexical.query_terms(Query("leave days")) == public != alone
    assert lexical.query_terms(Query("leave days", audience=Audience(frozenset({"board"})))) != public
    assert catalog.search_rows.all_visible(Audience(frozenset({"board"})))


def test_a_word_that_becomes_common_weighs_less_at_once(catalog: Catalog, lexical: LexicalRetriever) -> None:
    put(catalog, document("Leave.", "leave.txt"))
    before = lexical.query_terms(Query("leave")).weights["leav"]
    for n in range(9):
        put(catalog, document(f"Leave {n}.", f"{n}.txt"))
    assert lexical.query_terms(Query("leave")).weights["leav"] < before


def test_a_follow_up_is_searched_by_its_own_words_first_and_by_those_before(
    catalog: Catalog, retriever: Retriever
) -> None:
    put(catalog, document("The tower of Gdansk is 78 metres high.", "gdansk.txt"))
    put(catalog, document("The tower of Lyon was built in 1894.", "lyon.txt"))
    put(catalog, document("Gdansk exports amber.", "amber.txt"))
    query = Query("And the one of Lyon?", earlier=("How high is the tower of Gdansk?",))
    assert paths(retriever.retrieve(query, limit=3))[:2] == ["lyon.txt", "gdansk.txt"]


@pytest.mark.parametrize(
    ("rows", "tried"),
    [
        ([], []),
        ([1, 2, 3], ['"a" OR "b" OR "c"']),
        ([1, 9_999], ['"a" OR "b"']),
        ([1, 10_000], ['"a"', '"b"']),
        ([12_000], ['"a"']),
        ([12_000, 14_000], ['"a" AND "b"', '"a"']),
        ([12_000] * 4, ['"a" AND "b" AND "c"', '"a" AND "b"', '"a"']),
    ],
)
def test_common_terms_are_left_to_rare_ones_and_asked_for_together_where_there_are_none(
    rows: list[int], tried: list[str]
) -> None:
    assert list(match_expressions(list(zip(rows, "abcd", strict=False)))) == tried


def test_where_the_rare_words_are_hidden_the_common_ones_find_what_is_not(
    catalog: Catalog, lexical: LexicalRetriever
) -> None:
    put_vectors(catalog, "common.txt", 10_001)  # each of them is "text"
    put(catalog, document("An aardvark on text.", "hidden.txt", readers=("hr",)))
    assert {*paths(lexical.retrieve(Query("aardvark text"), limit=3))} == {"common.txt"}
    assert paths(lexical.retrieve(Query("aardvark text", audience=HR), limit=3)) == ["hidden.txt"]


def passage(name: str) -> Passage:
    return Passage(name, name, name, "", "", "text", Locator(0, 4, 1, 1))


def test_the_words_of_a_translated_question_are_searched_for_where_documents_have_them(
    catalog: Catalog, lexical: LexicalRetriever
) -> None:
    put(catalog, document("The move is paid for by form.", "move.txt"))
    put(catalog, document("Umzug is what the Berlin office calls it.", "berlin.txt"))
    plain = Query("Who pays for the move?")
    translated = Query(plain.text, original="bezahlt Umzug Erstattungsantrag")
    assert paths(lexical.retrieve(plain, limit=5)) == ["move.txt"]
    assert paths(lexical.retrieve(translated, limit=5)) == ["move.txt", "berlin.txt"]
    lacking = Query(plain.text, original="Erstattungsantrag")
    assert lexical.retrieve(lacking, limit=5) == lexical.retrieve(plain, limit=5)
