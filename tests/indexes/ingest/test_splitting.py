"""Passages: exact, in order, small enough, and nothing left out."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.documents import document
from fakes.encoder import WordsEncoder
from indexes.ingest.embedding import encoder_text
from indexes.ingest.splitting import PassageSplitter
from indexes.text.normalization import normalise
from indexes.types import Document, Kind, Passage, Section

LIMIT = 40
COUNT = WordsEncoder().count_tokens
SPLITTER = PassageSplitter(COUNT, LIMIT)
NASTY = [
    *(
        "\n",
        "\n\n\n",
        " ",
        "the same line\n",
        "...,;!",
        "日本語の文章。",
        "😀👩‍👩‍👧",
        "long" * 60,
        "- item one\n",
        "| a | b |\n",
    ),
    *(
        "Dr. Smith said so. ",
        "\u0301",
        "क्षत्रिय ",
        "\u200d",
        "١٢٣",
        "# ",
        "1. ",
        "e.g. this, and that; ",
        "a.b.c.d-" * 20,
    ),
]
PROSE = "The desk answers within six days. Nobody orders before it has answered, and that is the rule. " * 8
ROWS = "Name | Days | Note\n" + "".join(f"Person {n} | {n} | has some {n} days left\n" for n in range(30))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Text that is hard to cut, in up to four sections, which may begin on a new page."""
    pieces = st.lists(st.sampled_from(NASTY) | st.text(max_size=8), min_size=1, max_size=40)
    text = draw(pieces.map("".join).map(normalise).filter(str.strip))
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=3))})
    sections, page = [], 1
    for start, end in pairwise(cuts):
        page += draw(st.integers(0, 1))
        kind: Kind = draw(st.sampled_from(("prose", "table", "code")))
        heading = ("A heading",) * draw(st.integers(0, 2))
        sections.append(Section(start, end, text.count("\n", 0, start) + 1, heading, page, kind=kind))
    return document(text, sections=tuple(sections))


@settings(max_examples=150, deadline=None)
@given(documents())
def test_passages_are_the_document_cut_to_size(doc: Document) -> None:
    passages = SPLITTER.split(doc)
    cursor = 0
    for passage in passages:
        place = passage.locator
        assert doc.text[place.char_start : place.char_end] == passage.text
        assert place.char_start >= cursor
        assert not doc.text[cursor : place.char_start].strip()
        assert passage.text.strip()
        assert COUNT(encoder_text(passage)) <= LIMIT
        assert place.line_start == 1 + doc.text.count("\n", 0, place.char_start)
        pages = {s.page for s in doc.sections if s.char_start < place.char_end and s.char_end > place.char_start}
        assert pages == {place.page}
        cursor = place.char_end
    assert not doc.text[cursor:].strip()
    assert len({passage.id for passage in passages}) == len(passages)
    assert SPLITTER.split(doc) == passages


def split(text: str, kind: Kind = "prose", *sections: Section) -> list[Passage]:
    return SPLITTER.split(document(text, kind=kind, sections=sections))


def test_a_short_text_is_one_passage() -> None:
    (passage,) = split("One sentence. And another.")
    assert passage.text == "One sentence. And another."
    assert (passage.locator.line_start, passage.locator.line_end) == (1, 1)


def test_passages_end_where_sentences_do() -> None:
    assert len(split(PROSE)) > 3
    assert all(passage.text.endswith((".",)) for passage in split(PROSE))


def test_the_same_line_again_and_again_has_a_place_each_time() -> None:
    passages = split("The same line of text.\n" * 60)
    assert len(passages) > 5
    assert len({passage.id for passage in passages}) == len(passages)
    assert [a.locator.char_end <= b.locator.char_start for a, b in pairwise(passages)] == [True] * (len(passages) - 1)


def test_a_word_without_an_end_is_cut_within_the_limit_of_a_character_counter() -> None:
    splitter = PassageSplitter(len, 64)
    passages = splitter.split(document("x" * 1000))
    assert "".join(passage.text for passage in passages) == "x" * 1000
    assert max(len(encoder_text(passage)) for passage in passages) <= 64


def test_a_table_is_cut_between_rows_and_its_header_goes_with_every_piece() -> None:
    first, *others = split(ROWS, "table")
    assert first.text.startswith("Name | Days | Note\nPerson 0 |")
    assert first.context == "A title"
    assert len(others) > 3
    assert {passage.context for passage in others} == {"A title\nName | Days | Note"}
    assert all(line.startswith("Person") and line.endswith("left") for p in others for line in p.text.split("\n"))


def test_a_header_too_long_for_the_context_is_cut_short() -> None:
    rows = " | ".join(f"column {n}" for n in range(40)) + "\n" + "a | b\n" * 60
    passages = split(rows, "table")
    assert max(COUNT(encoder_text(passage)) for passage in passages) <= LIMIT
    assert passages[-1].context.startswith("A title\ncolumn 0 | column 1")
    assert rows.split("\n")[0] not in passages[-1].context


def test_headings_and_title_are_the_context_each_once() -> None:
    text = "Some text.\n"
    (passage,) = split(text, "prose", Section(0, len(text), heading=("A title", "Leave", "Sick leave")))
    assert passage.context == "A title > Leave > Sick leave"


def test_a_heading_alone_joins_what_follows_it() -> None:
    text = f"Leave\n{PROSE}"
    sections = (Section(0, 6, heading=("Leave",)), Section(6, len(text), 2, heading=("Leave", "Rules")))
    assert split(text, "prose", *sections)[0].text.startswith("Leave\nThe desk answers")


@pytest.mark.parametrize("field", ["page", "sheet", "slide"])
def test_no_passage_crosses_a_page_sheet_or_slide(field: str) -> None:
    values = ("one", "two") if field == "sheet" else (1, 2)
    sections = tuple(Section(n * 6, n * 6 + 6, **{field: value}) for n, value in enumerate(values))  # type: ignore[arg-type]
    passages = split("First\nOther\n", "prose", *sections)
    assert [passage.text for passage in passages] == ["First", "Other"]
    assert [getattr(passage.locator, field) for passage in passages] == list(values)


def test_ids_change_with_the_document_and_its_text_only() -> None:
    first = SPLITTER.split(document(PROSE))
    assert [p.id for p in SPLITTER.split(document(PROSE, title="Another"))] == [p.id for p in first]
    assert not {p.id for p in SPLITTER.split(document(PROSE, "b.txt"))} & {p.id for p in first}
    changed = SPLITTER.split(document(PROSE + "A last word."))
    assert changed[0].id == first[0].id
    assert changed[-1].id != first[-1].id


def test_a_long_document_is_split_in_time_that_grows_with_its_length() -> None:
    rows = "a | b | c\n" + "some | cells | here\n" * 60_000
    calls = 0

    def count(text: str) -> int:
        nonlocal calls
        calls += len(text)
        return len(text) // 4

    passages = PassageSplitter(count, 256).split(document(rows, kind="table"))
    assert len(passages) > 1000
    assert calls < 20 * len(rows)


@pytest.mark.parametrize("line", ["One line. And its end.\n", "word " * 60_000 + "end.\n", "x" * 300_000])
def test_a_long_text_is_given_to_the_splitter_in_runs_of_whole_lines(line: str) -> None:
    text = line * (450_000 // len(line))
    longest = 0

    def count(piece: str) -> int:
        nonlocal longest
        longest = max(longest, len(piece))
        return max(1, len(piece) // 4)

    passages = PassageSplitter(count, 256).split(document(text))
    assert longest <= 200_000
    assert all(text[p.locator.char_start : p.locator.char_end] == p.text for p in passages)
    assert "".join("".join(p.text for p in passages).split()) == "".join(text.split())
    assert all(not line.startswith("One") or p.text.endswith(".") for p in passages)
