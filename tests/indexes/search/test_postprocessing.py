"""Hits that stand side by side become one, and hits of several sections stand before many of one."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import passages as fake_passages
from fakes.documents import document, put
from fakes.encoder import WordsEncoder
from fakes.passages import FixedRetriever
from indexes.search.postprocessing import DiverseRetriever, MergingRetriever
from indexes.storage.catalog import Catalog
from indexes.types import Document, Hit, Passage, Query, Section

LINES = [f"This is sentence number {n} of the text\nand here it ends." for n in range(8)]


def small(catalog: Catalog, doc: Document) -> list[Passage]:
    """Its passages, of a sentence or two."""
    passages = put(catalog, doc, WordsEncoder(max_tokens=32))
    assert len(passages) > 1
    return passages


def prose(*lines: str, path: str = "a.txt", between: str = "\n\n") -> Document:
    return document(between.join(lines), path, title="T")


def whole(catalog: Catalog, passages: Sequence[Passage], limit: int = 9) -> list[Hit]:
    return MergingRetriever(FixedRetriever(*passages), catalog).retrieve(Query("?"), limit=limit)


def texts(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.text for hit in hits]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_that_follow_each_other_are_one_that_is_the_documents_text_and_scores_as_the_better(
    catalog: Catalog, order: tuple[int, int]
) -> None:
    doc = prose(*LINES)
    passages = small(catalog, doc)
    hits = whole(catalog, [passages[n] for n in order])
    (hit,) = hits
    first, last = passages[0].locator, passages[1].locator
    assert hit.passage.text == doc.text[first.char_start : last.char_end]
    assert hit.passage.locator == doc.locate(first.char_start, last.char_end)
    assert hit.score == 1
    assert (hit.passage.title, hit.passage.context, hit.passage.path) == ("T", "T", "a.txt")


@pytest.mark.parametrize("order", [(2, 3, 4), (4, 3, 2), (2, 4, 3), (3, 2, 4)])
def test_three_become_one_in_whatever_order_they_were_found(catalog: Catalog, order: Sequence[int]) -> None:
    doc = prose(*LINES)
    passages = small(catalog, doc)
    start, end = passages[2].locator.char_start, passages[4].locator.char_end
    assert texts(whole(catalog, [passages[n] for n in order])) == [doc.text[start:end]]


def test_three_at_most_become_one(catalog: Catalog) -> None:
    doc = prose(*LINES)
    passages = small(catalog, doc)
    hits = whole(catalog, passages[:5])
    assert [hit.passage.id.count("+") + 1 for hit in hits] == [3, 2]
    assert " ".join(" ".join(texts(hits)).split()) == " ".join(" ".join(p.text for p in passages[:5]).split())


def test_what_stands_alone_is_left_as_it_was_and_in_its_place(catalog: Catalog) -> None:
    passages = small(catalog, prose(*LINES))
    (other, *_) = small(catalog, prose(*LINES[::-1], path="b.txt"))
    hits = whole(catalog, [passages[0], other, passages[5], passages[3], passages[1]])
    assert [hit.passage.path for hit in hits] == ["a.txt", "b.txt", "a.txt", "a.txt"]
    assert [hit.passage for hit in hits[1:]] == [other, passages[5], passages[3]]
    assert [hit.score for hit in hits] == [1, 1 / 2, 1 / 3, 1 / 4]


def test_the_room_that_joining_leaves_is_filled_with_what_comes_after_and_is_not_joined(catalog: Catalog) -> None:
    passages = small(catalog, prose(*LINES))
    asked = [passages[n] for n in (0, 1, 2, 3, 6)]
    hits = whole(catalog, asked, limit=2)
    assert len(hits) == 2
    assert hits[0].passage.text.endswith(passages[1].text)
    assert hits[1].passage == passages[2]


def test_a_span_of_what_was_joined_is_located_where_it_stands_in_the_document(catalog: Catalog) -> None:
    doc = prose("Before it all\nis this.", *LINES)
    (hit,) = whole(catalog, small(catalog, doc)[1:3])
    start = hit.passage.text.index("sentence number 1")
    found = hit.passage.locate(start, start + len("sentence number 1 of the text\nand here"))
    assert doc.text[found.char_start : found.char_end] == "sentence number 1 of the text\nand here"
    assert found == doc.locate(found.char_start, found.char_end)


def sections(doc: Document, *own: dict[str, object]) -> tuple[Section, ...]:
    """Two of them, cut in the middle: between two passages."""
    middle = doc.text.index(LINES[4])
    line = doc.text.count("\n", 0, middle) + 1
    spans = [{"char_start": 0, "char_end": middle}, {"char_start": middle, "char_end": len(doc.text), "line": line}]
    return tuple(Section(**span | its) for span, its in zip(spans, own, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "own",
    [
        ({"page": 1}, {"page": 2}),
        ({"sheet": "One"}, {"sheet": "Two"}),
        ({"slide": 1}, {"slide": 2}),
        ({"heading": ("One",)}, {"heading": ("Two",)}),
        ({"heading": ("One",)}, {"heading": ("One", "Two")}),
        ({}, {"line": 99}),
        ({"line": 5}, {}),
    ],
    ids=["pages", "sheets", "slides", "headings", "depths", "lines", "lines before"],
)
def test_nothing_is_joined_across_places_or_where_lines_would_be_told_wrong(
    catalog: Catalog, own: tuple[dict[str, object], ...]
) -> None:
    plain = prose(*LINES)
    passages = small(catalog, document(plain.text, title="T", sections=sections(plain, *own)))
    (at,) = [n for n, passage in enumerate(passages) if passage.text.startswith(LINES[4])]
    pair = passages[at - 1 : at + 1]
    assert [hit.passage for hit in whole(catalog, pair)] == pair


def test_sections_under_one_heading_are_joined(catalog: Catalog) -> None:
    plain = prose(*LINES)
    passages = small(catalog, document(plain.text, title="T", sections=sections(plain, {}, {})))
    (at,) = [n for n, passage in enumerate(passages) if passage.text.startswith(LINES[4])]
    assert len(whole(catalog, passages[at - 1 : at + 1])) == 1


def test_documents_are_not_joined_however_their_characters_are_counted(catalog: Catalog) -> None:
    one = small(catalog, prose(*LINES))
    other = small(catalog, prose(*LINES, path="b.txt"))
    assert [hit.passage for hit in whole(catalog, [one[0], other[1]])] == [one[0], other[1]]


def test_a_gap_that_is_wide_or_holds_something_is_not_closed(catalog: Catalog) -> None:
    passages = small(catalog, prose(*LINES, between="\n\n\n\n\n\n\n\n"))
    assert len(whole(catalog, passages[:2])) == 2
    passages = small(catalog, prose(*LINES, path="b.txt"))
    assert len(whole(catalog, [passages[0], passages[2]])) == 2


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_where_the_document_changes_under_a_search_its_passages_are_left_as_they_were_found(
    catalog: Catalog, change: str
) -> None:
    passages = small(catalog, prose(*LINES))
    if change == "gone":
        catalog.remove(["a.txt"])
    else:
        put(catalog, prose(*(line.replace("text", "page") for line in LINES)))
    assert [hit.passage for hit in whole(catalog, passages[:2])] == passages[:2]


def test_nothing_found_is_nothing(catalog: Catalog) -> None:
    assert whole(catalog, []) == []


PARTS = st.tuples(
    st.sampled_from(["\n", "\n\n", "\n\n\n", " "]),
    st.sampled_from([("One",), ("Two",)]),
    st.sampled_from([None, None, 1, 2]),
    st.integers(1, 25),
)


def laid_out(parts: Sequence[tuple[str, tuple[str, ...], int | None, int]]) -> Document:
    """A section a part; lines count on within a page, and from 1 on each that is new."""
    text, made, line, on = "", [], 1, None
    for n, (blank, heading, page, count) in enumerate(parts):
        line = 1 if page != on else line
        own = f"Part {n} 日本 has {'words and ' * count}an end.{blank}"
        made.append(Section(len(text), len(text) + len(own), line, heading, page))
        text, line, on = text + own, line + own.count("\n"), page
    return document(text, title="T", sections=tuple(made))


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(PARTS, min_size=1, max_size=12), seed=st.integers(0, 99), limit=st.integers(1, 15))
def test_whatever_is_joined_is_the_documents_text_and_nothing_is_lost(
    parts: list[tuple[str, tuple[str, ...], int | None, int]], seed: int, limit: int
) -> None:
    doc, random = laid_out(parts), Random(seed)
    with TemporaryDirectory() as folder, closing(Catalog.create(Path(folder) / "catalog.sqlite3")) as catalog:
        passages = put(catalog, doc, WordsEncoder(max_tokens=32))
        found = random.sample(passages, random.randint(1, len(passages)))
        hits = whole(catalog, found, limit)
    assert len(hits) <= limit
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for passage in (hit.passage for hit in hits):
        place = passage.locator
        assert passage.text == doc.text[place.char_start : place.char_end]
        located = doc.locate(place.char_start, place.char_end)
        assert (place.page, place.line_start, place.line_end) == (located.page, located.line_start, located.line_end)
        assert passage.id.count("+") < 3
        last = passage.locate(len(passage.text.rstrip()) - 1, len(passage.text.rstrip()))
        assert last.line_start == doc.locate(last.char_start, last.char_end).line_start
    for passage in found[:limit]:
        spans = [(hit.passage.locator.char_start, hit.passage.locator.char_end) for hit in hits]
        within = [s for s in spans if s[0] <= passage.locator.char_start and passage.locator.char_end <= s[1]]
        assert len(within) == 1


class Scored:
    """Finds these, best first."""

    def __init__(self, *hits: tuple[str, float, tuple[str, ...]]) -> None:
        self.hits = [Hit(_passage(name, heading), score) for name, score, heading in hits]

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        return self.hits[:limit]


def _passage(name: str, heading: tuple[str, ...]) -> Passage:
    made = fake_passages.passage(name, path=name.partition("-")[0])
    return replace(made, locator=replace(made.locator, heading=heading))


def diverse(*hits: tuple[str, float, tuple[str, ...]], limit: int = 9) -> list[tuple[str, float]]:
    varied = DiverseRetriever(Scored(*hits), loss=0.1).retrieve(Query("?"), limit=limit)
    return [(hit.passage.text, round(hit.score, 6)) for hit in varied]


PAY, LEAVE = ("Pay",), ("Leave",)


def test_a_further_hit_of_a_section_stands_behind_one_of_another_that_is_nearly_as_good() -> None:
    assert diverse(("a-1", 1.0, PAY), ("a-2", 0.95, PAY), ("a-3", 0.9, LEAVE)) == [
        ("a-1", 1.0),
        ("a-3", 0.9),
        ("a-2", 0.85),
    ]


def test_each_hit_before_it_costs_as_much_again() -> None:
    told = diverse(("a-1", 1.0, PAY), ("a-2", 1.0, PAY), ("a-3", 1.0, PAY))
    assert told == [("a-1", 1.0), ("a-2", 0.9), ("a-3", 0.8)]


def test_one_that_is_far_better_stays_before_others() -> None:
    assert [name for name, _ in diverse(("a-1", 1.0, PAY), ("a-2", 0.9, PAY), ("a-3", 0.5, LEAVE))] == [
        "a-1",
        "a-2",
        "a-3",
    ]


@pytest.mark.parametrize("hits", [[("a-1", 1.0, PAY), ("b-1", 0.95, PAY)], [("a-1", 1.0, ()), ("a-2", 0.95, ())]])
def test_other_documents_and_text_without_headings_lose_nothing(hits: list[tuple[str, float, tuple[str, ...]]]) -> None:
    assert diverse(*hits) == [(name, score) for name, score, _ in hits]


def test_the_limit_holds_and_nothing_found_is_nothing() -> None:
    assert diverse(("a-1", 1.0, PAY), ("a-2", 0.99, PAY), ("a-3", 0.9, LEAVE), limit=2) == [("a-1", 1.0), ("a-3", 0.9)]
    assert diverse() == []


def test_what_a_hit_lost_is_told() -> None:
    _, second = DiverseRetriever(Scored(("a-1", 1.0, PAY), ("a-2", 1.0, PAY)), loss=0.1).retrieve(Query("?"), limit=2)
    assert [(signal.name, round(signal.score, 6)) for signal in second.signals] == [("same section", -0.1)]
