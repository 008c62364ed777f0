"""One ranking out of meaning, words, neighbours and names."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.documents import document, put
from fakes.encoder import WordsEncoder
from indexes.access.globs import matches
from indexes.search.hybrid import HybridRetriever
from indexes.search.retrievers import DenseRetriever, LexicalRetriever
from indexes.storage.catalog import Catalog
from indexes.types import EVERYONE, Audience, Filters, Hit, Matrix, Query, Section
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors

SIGNALS = ["dense", "lexical", "together", "around", "named", "fused"]
TODAY = datetime.now(UTC).date()


class Cosines(WordsEncoder):
    """What a text's cosine with every question is, by a word in it; of a question with another, 1."""

    def __init__(self, cosines: Mapping[str, float], *, otherwise: float = 0.5) -> None:
        super().__init__()
        self.cosines, self.otherwise = cosines, otherwise

    def encode(self, texts: Sequence[str], /) -> Matrix:
        cosines = [next((self.cosines[w] for w in self.cosines if w in text), self.otherwise) for text in texts]
        return np.array([(cosine, (1 - cosine**2) ** 0.5) for cosine in cosines], np.float32)

    def encode_query(self, texts: Sequence[str], /) -> Matrix:
        return np.array([(1, 0) for _ in texts], np.float32)


class Index:
    def __init__(self, catalog: Catalog, vectors: ChromaVectors) -> None:
        self.catalog, self.vectors = catalog, vectors
        self.encoder: WordsEncoder = Cosines({})

    def put(self, path: str, *pages: str, title: str = "a title", **its: Any) -> None:
        """Each page becomes a passage."""
        text = "\n".join(pages)
        starts = [sum(len(page) + 1 for page in pages[:n]) for n in range(len(pages))]
        ends = [*starts[1:], len(text)]
        sections = tuple(Section(a, b, page=n) for n, (a, b) in enumerate(zip(starts, ends, strict=True), start=1))
        passages = put(self.catalog, document(text, path, title=title, sections=sections, **its), self.encoder)
        assert len(passages) == len(pages)

    def find(
        self, query: Query | str, *, limit: int | None = None, candidates: int = 50, min_cosine: float = -1.0
    ) -> list[Hit]:
        dense = DenseRetriever(self.catalog, self.vectors, self.encoder, min_cosine=min_cosine)
        hybrid = HybridRetriever(self.catalog, dense, LexicalRetriever(self.catalog), candidates=candidates)
        return hybrid.retrieve(Query(query) if isinstance(query, str) else query, limit=limit or candidates)


@pytest.fixture
def index(catalog: Catalog, vectors: ChromaVectors) -> Index:
    return Index(catalog, vectors)


def paths(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.path for hit in hits]


def signals(hit: Hit) -> dict[str, float]:
    return {signal.name: signal.score for signal in hit.signals}


def ranks(hits: Sequence[Hit], name: str) -> list[int | None]:
    return [signal.rank for hit in hits for signal in hit.signals if signal.name == name]


def test_of_passages_without_a_word_of_the_question_the_nearest_comes_first(index: Index) -> None:
    index.encoder = Cosines({"dog": 0.6, "feline": 0.9})
    index.put("dog.txt", "The dog barks.")
    index.put("feline.txt", "A feline purrs.")
    hits = index.find("cats?")
    assert paths(hits) == ["feline.txt", "dog.txt"]
    assert [signals(hit)["dense"] for hit in hits] == pytest.approx([0.9, 0.6])


def test_of_passages_as_near_the_one_with_the_words_comes_first(index: Index) -> None:
    index.put("a.txt", "Offices open at nine.")
    index.put("b.txt", "Leave is counted in days.")
    hits = index.find("days of leave")
    assert paths(hits) == ["b.txt", "a.txt"]
    assert signals(hits[0])["lexical"] > signals(hits[1])["lexical"] == 0


def test_words_outweigh_some_nearness_and_much_nearness_outweighs_a_word(index: Index) -> None:
    index.encoder = Cosines({"nearer": 0.7, "nearest": 0.99}, otherwise=0.6)
    index.put("nearest.txt", "nearest of all.")
    index.put("nearer.txt", "nearer to it.")
    index.put("words.txt", "The tower stands in the harbour of Gdansk.")
    assert paths(index.find("tower in the harbour of Gdansk"))[0] == "words.txt"
    assert paths(index.find("tower barley kiln lantern candle"))[0] == "nearest.txt"


def test_of_passages_with_the_same_words_the_one_that_has_them_together_comes_first(index: Index) -> None:
    index.put("apart.txt", "Harbour walls keep out what the open sea brings of water and cold grey deep.")
    index.put("joined.txt", "Walls keep out what the open sea brings of cold grey deep water harbour and.")
    joined, apart = index.find("deep water harbour")
    assert paths([joined, apart]) == ["joined.txt", "apart.txt"]
    assert signals(joined)["lexical"] == pytest.approx(signals(apart)["lexical"])
    assert (signals(joined)["together"], signals(apart)["together"]) == (1, 0)


def test_a_passage_among_others_on_the_matter_comes_before_one_like_it_that_stands_among_none(index: Index) -> None:
    index.put("stray.txt", "Of barley and kilns.", "Leave is counted in days here.", "Of ferries and jetties.")
    index.put("matter.txt", "Leave days are told.", "Leave is counted in days now.", "Days of leave are kept.")
    hits = [hit for hit in index.find("days of leave") if "counted" in hit.passage.text]
    assert paths(hits) == ["matter.txt", "stray.txt"]
    assert signals(hits[0])["around"] > signals(hits[1])["around"]
    assert signals(hits[0])["lexical"] == pytest.approx(signals(hits[1])["lexical"])


def test_neighbours_are_of_the_same_document_also_where_another_follows_it_in_the_catalog(index: Index) -> None:
    index.put("a.txt", "Leave is counted in days.")
    index.put("b.txt", "Leave days are what the office is asked of the most.")
    for hit in index.find("days of leave"):
        alone = signals(hit)["dense"] + 1.25 * signals(hit)["lexical"]
        assert signals(hit)["around"] == pytest.approx(0.8 * alone)


def test_neighbours_that_were_not_found_count_alike(index: Index) -> None:
    index.encoder = Cosines({"before": 0.3, "counted": 0.9, "after": 0.5})
    index.put("a.txt", "What comes before.", "Leave is counted in days.", "What comes after.")
    (hit,) = index.find("barley?", candidates=1)
    assert signals(hit)["around"] == pytest.approx((0.3 + 0.5) / 2)
    assert hit == index.find("barley?")[0]


def test_what_hidden_neighbours_say_counts_for_nobody_who_may_not_read_them(index: Index) -> None:
    index.put("a.txt", "Barley.", "Leave is counted in days.", "Kilns.", readers=("hr",))
    assert index.find("days of leave") == []
    assert len(index.find(Query("days of leave", audience=Audience(frozenset({"hr"}))))) == 3


def harbour(index: Index, *, named: str = "Nordsund Line", cosine: float = 0.3, **its: Any) -> None:
    """A question's answer that names another document, which has no word of it, and twenty that lie nearer."""
    index.encoder = Cosines({"Who": 0.9, "company": cosine, "filler": 0.4}, otherwise=0.9)
    index.put("ferry.txt", f"The ferry to the island is run by {named} all year.", title="The ferry to the island")
    for n in range(20):
        index.put(f"{n}.txt", f"filler number {n}.")
    index.put("line.txt", "Once a company of sealers.", "A company with its seat abroad.", title="Nordsund Line", **its)


ASKED = "Who runs the ferry to the island, and where is its seat?"
ISLAND = "Who runs the ferry to the island?"


def test_a_document_that_the_best_passage_names_is_found_without_a_word_of_the_question(index: Index) -> None:
    harbour(index)
    hits = index.find(ISLAND, candidates=3)
    assert paths(hits)[:2] == ["ferry.txt", "line.txt"]
    assert signals(hits[1])["named"] > 0
    assert (signals(hits[1])["lexical"], ranks(hits[1:2], "dense"), ranks(hits[1:2], "lexical")) == (0, [None], [None])


def test_one_passage_of_a_named_document_is_lifted_its_best(index: Index) -> None:
    harbour(index)
    named = [hit for hit in index.find(ASKED, candidates=3) if hit.passage.path == "line.txt"]
    assert [signals(hit)["named"] > 0 for hit in named] == [True, *[False] * (len(named) - 1)]
    assert "seat" in named[0].passage.text


def test_a_document_that_nothing_names_is_not_found_so(index: Index) -> None:
    harbour(index, named="somebody")
    hits = index.find(ISLAND, candidates=3)
    assert "line.txt" not in paths(hits)
    assert {signals(hit)["named"] for hit in hits} == {0}


@pytest.mark.parametrize("cosine", [0.2, 0.5, 0.8, 0.85])
@pytest.mark.parametrize("question", [ISLAND, "barley?"])
def test_what_is_named_never_overtakes_the_best_passage_by_that(index: Index, question: str, cosine: float) -> None:
    harbour(index, cosine=cosine)
    hits = index.find(question, candidates=3)
    assert paths(hits)[:2] == ["ferry.txt", "line.txt"]
    assert hits[0].score > hits[1].score
    assert signals(hits[1])["named"] > 0


@pytest.mark.parametrize(
    "question", ["Does Nordsund Line run the ferry to the island?", "nordsund line: ferry, island?"]
)
def test_a_name_that_the_question_has_itself_is_no_link(index: Index, question: str) -> None:
    harbour(index)
    assert {signals(hit)["named"] for hit in index.find(question)} == {0}


def test_a_name_that_an_earlier_question_had_is_no_link(index: Index) -> None:
    harbour(index)
    query = Query(ISLAND, earlier=("What is Nordsund Line?",))
    assert {signals(hit)["named"] for hit in index.find(query)} == {0}


def test_a_passage_that_names_its_own_document_lifts_nothing(index: Index) -> None:
    index.encoder = Cosines({"best": 0.9, "seat": 0.6, "Line": 0.8})
    index.put("best.txt", "Nobody is best.")
    index.put("line.txt", "Nordsund Line is what it is.", "Its seat is abroad.", title="Nordsund Line")
    hits = index.find("barley?")
    assert paths(hits)[:2] == ["best.txt", "line.txt"]
    assert {signals(hit)["named"] for hit in hits} == {0}


@pytest.mark.parametrize(
    "its", [{"readers": ("hr",)}, {"readers": ()}, {"labels": ()}], ids=["group", "nobody", "label"]
)
def test_a_link_leads_to_nothing_out_of_scope(index: Index, its: dict[str, Any]) -> None:
    harbour(index, **its)
    filters = Filters(labels=("public",)) if "labels" in its else Filters()
    index.put(
        "ferry.txt", "The ferry to the island is run by Nordsund Line all year.", title="Ferry", labels=("public",)
    )
    hits = index.find(Query(ISLAND, filters=filters), candidates=3)
    assert "ferry.txt" in paths(hits)
    assert "line.txt" not in paths(hits)


def test_a_document_that_answers_better_is_linked_from_for_those_who_may_read_it_only(index: Index) -> None:
    harbour(index)
    index.put("ferry.txt", "The ferry to the island is run by Nordsund Line.", title="Ferry", readers=("hr",))
    assert "line.txt" not in paths(index.find(ISLAND, candidates=3))
    hr = Audience(frozenset({"hr"}))
    assert "line.txt" in paths(index.find(Query(ISLAND, audience=hr), candidates=3))


def test_of_passages_that_read_alike_the_best_stays_in_its_place(index: Index) -> None:
    index.encoder = Cosines({"First": 0.9, "Second": 0.8, "Third": 0.7})
    index.put("third.txt", "Copied  TEXT\nhere.", title="Third")
    index.put("second.txt", "Another text.", title="Second")
    index.put("first.txt", "Copied text here.", title="First")
    hits = index.find("barley?")
    assert paths(hits) == ["first.txt", "second.txt"]
    assert index.find("barley?", limit=1) == hits[:1]


def test_the_same_text_in_another_layout_takes_no_room(index: Index) -> None:
    index.encoder = Cosines({"Page": 0.9, "Mail": 0.8, "Version": 0.7})
    index.put("page.md", "- **New staff** get `26` days.", title="Page")
    index.put("mail.txt", "New staff get\n26 days.", title="Mail")
    index.put("version.txt", "New staff get 28 days.", title="Version")
    assert paths(index.find("barley?")) == ["page.md", "version.txt"]


def test_copies_take_no_room_from_what_else_there_is(index: Index) -> None:
    for n in range(5):
        index.put(f"copy-{n}.txt", "Leave is counted in days.")
    index.put("other.txt", "Leave of absence.")
    assert len({*paths(index.find("days of leave", limit=2))} - {"other.txt"}) == 1


def test_a_question_in_parts_finds_what_each_of_them_finds(index: Index) -> None:
    index.encoder = WordsEncoder()
    index.put("gdansk.txt", "The tower of Gdansk is 78 metres high.")
    index.put("lyon.txt", "The basilica of Lyon is 86 metres high.")
    for n in range(9):
        index.put(f"{n}.txt", f"Which is higher, number {n} or another, nobody knows who asks which.")
    whole = Query("Which of both is the higher one, nobody knows?")
    parts = ("How many metres has the tower of Gdansk?", "How many metres has the basilica of Lyon?")
    assert not {"gdansk.txt", "lyon.txt"} & {*paths(index.find(whole, limit=4, candidates=4))}
    both = Query(whole.text, parts=parts)
    hits = index.find(both, limit=4, candidates=4)
    assert {"gdansk.txt", "lyon.txt"} <= {*paths(hits)}
    assert all([signal.name for signal in hit.signals] == SIGNALS for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    alone = [index.find(Query(text), limit=1)[0].score for text in (whole.text, *parts)]
    assert hits[0].score == pytest.approx(max(alone))  # as comparable with other evidence as those of a single question


def test_what_is_found_for_the_whole_and_for_a_part_is_found_once_and_first(index: Index) -> None:
    index.encoder = WordsEncoder()
    for place in ("Gdansk", "Lyon", "Riga"):
        index.put(f"{place}.txt", f"The tower of {place} is old.")
    hits = index.find(Query("towers?", parts=("Riga tower", "Riga")))
    assert paths(hits)[0] == "Riga.txt"
    assert len(hits) == 3


@pytest.mark.parametrize(("recency", "first"), [(None, "old.txt"), (30.0, "new.txt")])
def test_the_newer_of_two_comes_first_where_that_is_asked_for(index: Index, recency: float | None, first: str) -> None:
    index.encoder = Cosines({"old": 0.7, "new": 0.6})
    index.put("old.txt", "An old rule.", dated=TODAY - timedelta(60))
    index.put("new.txt", "A new rule.", dated=TODAY)
    assert paths(index.find(Query("barley?", recency_days=recency)))[0] == first


@pytest.mark.parametrize(("age", "worth"), [(0, 1.0), (30, 0.75), (60, 0.625), (30_000, 0.5), (-10, 1.0)], ids=str)
def test_age_takes_half_of_a_score_at_most_and_the_score_tells(index: Index, age: int, worth: float) -> None:
    index.put("a.txt", "A rule.", dated=TODAY - timedelta(age))
    (plain,) = index.find("rule")
    (hit,) = index.find(Query("rule", recency_days=30))
    assert hit.score == pytest.approx(worth * plain.score, rel=0.02)
    assert hit.score >= plain.score / 2


def test_an_old_document_that_is_twice_as_good_stays_first(index: Index) -> None:
    index.encoder = Cosines({"old": 0.9, "new": 0.4})
    index.put("old.txt", "An old rule.", dated=date(1900, 1, 1))
    index.put("new.txt", "A new thing.", dated=TODAY)
    hits = index.find(Query("barley?", recency_days=1))
    assert paths(hits) == ["old.txt", "new.txt"]
    assert hits[0].score > hits[1].score


def test_signals_are_complete_add_up_to_the_score_and_their_ranks_are_right(index: Index) -> None:
    harbour(index)
    index.put("days.txt", "Seats on the ferry.", "The island.", "The seat of a company on an island, a ferry.")
    hits = index.find(ASKED)
    assert all([signal.name for signal in hit.signals] == SIGNALS for hit in hits)
    assert ranks(hits, "fused") == [*range(1, len(hits) + 1)]
    assert {*ranks(hits, "together"), *ranks(hits, "around"), *ranks(hits, "named")} == {None}
    for hit in hits:
        its = signals(hit)
        parts = its["dense"] + 1.25 * its["lexical"] + 0.35 * its["together"]
        assert hit.score == its["fused"] == pytest.approx(parts + 0.15 * its["around"] + 0.35 * its["named"])
        assert 0 <= its["lexical"] <= 1
        assert 0 <= its["together"] <= 1
        assert 0 <= its["named"] <= 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for name in ("dense", "lexical"):
        ranked = [(signal.rank, -signal.score) for hit in hits for signal in hit.signals if signal.name == name]
        those = sorted((rank, score) for rank, score in ranked if rank)
        assert [rank for rank, _ in those] == [*range(1, len(those) + 1)]
        assert [score for _, score in those] == sorted(score for _, score in those)
    assert all(
        (signals(hit)["lexical"] > 0) == (rank is not None)
        for hit, rank in zip(hits, ranks(hits, "lexical"), strict=True)
    )


@pytest.mark.parametrize("question", ["", "?", "\0", "barley", "😀"], ids=ascii)
def test_nothing_there_is_nothing_found(index: Index, question: str) -> None:
    assert index.find(question) == []
    index.put("hidden.txt", "Barley.", readers=("hr",))
    assert index.find(question) == []
    assert index.find(Query(question, parts=(question, "barley"), recency_days=1)) == []
    index.put("far.txt", "Kiln.")
    assert index.find(question, min_cosine=0.9) == []


def test_a_document_that_is_removed_is_linked_to_no_more(index: Index) -> None:
    harbour(index)
    index.vectors.publish()
    index.catalog.remove(["line.txt"])
    assert paths(index.find(ISLAND, candidates=3))[0] == "ferry.txt"
    assert {signals(hit)["named"] for hit in index.find(ISLAND)} == {0}


NAMES = ["Nordsund Line", "Gdansk", "Lyon (city)", "a title"]
SENTENCES = ["Leave days at {}.", "The tower of {} is high.", "Nothing.", "By Nordsund Line and Gdansk.", "Of Lyon."]
DOCUMENTS = st.fixed_dictionaries(
    {
        "path": st.sampled_from(["hr/a.md", "hr/deep/b.md", "c.md", "d.md", "hr/d.pdf", "e.html"]),
        "title": st.sampled_from(NAMES),
        "pages": st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3),
        "readers": st.sampled_from([(EVERYONE,), ("hr",), ("board",), ()]),
        "labels": st.sampled_from([(), ("x",)]),
    }
)
QUESTIONS = st.sampled_from(["leave days", "tower of Gdansk", "Who is named?", "", "nordsund line"])


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(DOCUMENTS, min_size=1, max_size=6, unique_by=lambda its: its["path"]),
    asked=st.builds(
        Query,
        QUESTIONS,
        earlier=st.lists(QUESTIONS, max_size=1).map(tuple),
        parts=st.lists(QUESTIONS, max_size=2).map(tuple),
        audience=st.sampled_from([Audience(), Audience(frozenset({"hr"})), Audience(frozenset({"hr", "board"}))]),
        filters=st.sampled_from([Filters(), Filters(paths=("hr/**",)), Filters(labels=("x",))]),
        recency_days=st.sampled_from([None, 10.0]),
    ),
    candidates=st.sampled_from([1, 2, 50]),
    published=st.booleans(),
)
def test_whatever_is_asked_all_that_is_found_is_within_scope_and_all_within_scope_can_be_found(
    documents: list[dict[str, Any]], asked: Query, candidates: int, published: bool
) -> None:
    within: dict[str, set[str]] = {}
    with (
        TemporaryDirectory() as folder,
        closing(Catalog.create(Path(folder) / "catalog.sqlite3")) as catalog,
        closing(ChromaVectors(EmbeddedChroma(Path(folder) / "chroma"), catalog)) as vectors,
    ):
        index = Index(catalog, vectors)
        index.encoder = WordsEncoder()
        for its in documents:
            pages = [f"{n} {page.format(its['path'])} {its['path']}" for n, page in enumerate(its["pages"])]
            marks = {"readers": its["readers"], "labels": its["labels"]}
            index.put(its["path"], *pages, title=its["title"], **marks)
            if may_be_found(asked, its):
                within[its["path"]] = {*pages}
        if published:
            vectors.publish()
        hits = index.find(asked, candidates=candidates, limit=candidates)
    found = [(hit.passage.path, hit.passage.text.strip()) for hit in hits]
    everything = {(path, page) for path, pages in within.items() for page in pages}
    assert len(found) == len({*found}) <= candidates
    assert {*found} <= everything
    assert len(found) >= min(candidates, len(everything))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def may_be_found(query: Query, its: Mapping[str, Any]) -> bool:
    paths, labels = query.filters.paths, query.filters.labels
    return (
        query.audience.may_read(its["readers"])
        and (not paths or any(matches(glob, its["path"]) for glob in paths))
        and (not labels or bool({*labels} & {*its["labels"]}))
    )
