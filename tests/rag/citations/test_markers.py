"""Markers: read, dropped, renumbered, and tied to exact quotes."""

import asyncio
import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.passages import passage
from indexes.types import Passage
from rag.citations.markers import MarkerStream
from rag.types import Quoted, Sentence
from rag.verification.checker import Checker

CHINA = passage("China makes 90 % of rare earths. The United States imports most of them.", path="a.txt", start=100)
LEAVE = passage("Staff get 25 days of leave.\nPart-time staff get\nfewer days.", path="b.pdf", page=4)


def settled(text: str, *passages: Passage, cut: list[int] | None = None) -> MarkerStream:
    stream = MarkerStream(passages or (CHINA, LEAVE))
    edges = [0, *sorted(cut or []), len(text)]
    streamed = "".join(stream.feed(text[a:b]) for a, b in itertools.pairwise(edges)) + stream.finish()
    assert streamed == stream.text
    return stream


def checked(stream: MarkerStream) -> tuple[Sentence, ...]:
    return asyncio.run(Checker().check(stream.text, stream.marks(), ())).sentences


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("China makes 90 % of rare earths [1].", "China makes 90 % of rare earths [1]."),
        ("China makes 90 % of rare earths.[1]", "China makes 90 % of rare earths. [1]"),
        ("China makes 90 % of rare earths【1】.", "China makes 90 % of rare earths [1]."),
        ("China makes 90 % of rare earths【1†source】.", "China makes 90 % of rare earths [1]."),
        ("China makes 90 % of rare earths [^1].", "China makes 90 % of rare earths [1]."),
        ("China makes 90 % of rare earths [1][1].", "China makes 90 % of rare earths [1]."),
        ("Staff get 25 days of leave [2].", "Staff get 25 days of leave [1]."),
        ("Staff get 25 days of leave [2, 1].", "Staff get 25 days of leave [1][2]."),
        ("Staff get 25 days of leave [1-2].", "Staff get 25 days of leave [1][2]."),
    ],
)
def test_the_variants_models_write_become_one_form(written: str, read: str) -> None:
    assert settled(written).text == read


STAFF = "Staff get 25 days of leave"


@pytest.mark.parametrize(
    "marker",
    [
        *("[Source 1]", "[source: 1]", "[cite: 1]", "[S1]", "[[1]]", "[^1^]", "[doc 1]", "[1](#x)", "[citation:1]"),
        *("(Source 1)", "(see source 1)", "([1])", "[ref_1]", "[#1]", "[Quelle 1]", "(Quelle 1)", "[fuente: 1]"),
        *(
            "[fonte 1]",
            "(source n°1)",
            "【1†L3-L5】",
            "【Source 1】",
            "<sup>1</sup>",
            "[1, line 3]",
            "[Source 1: b.pdf]",
        ),
        *("[1†L3-L5]", "**[1]**", "\\[1\\]", "[source 1, page 4]", "[[citation:1]]", ", according to source 1"),
        *("[Documento 1]", '[source number="1"]', "[1](b.pdf)", "[Référence 1]"),
        *("[Context 1]", "[chunk 1]", "[id: 1]", "[来源：1]", "[1:3]", "[1 †source]", "[Source: 1 (b.pdf)]"),
        *("[Source 1 - page 4]", "[[1]](b.pdf)", "<source>1</source>", "<ref>1</ref>", "<cite>1</cite>", "(1)"),
    ],
)
def test_a_marker_in_another_dress_is_a_marker(marker: str) -> None:
    text = f"{STAFF} {marker}." if marker[0] != "," else f"{STAFF}{marker}."
    for size in (1, 2, 3, len(text)):
        read = settled(text, LEAVE, cut=list(range(0, len(text), size)))
        assert read.text == f"{STAFF} [1]."
        assert [mark.place.quote for mark in read.marks()] == ["Staff get 25 days of leave."]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"{STAFF} [1 and 2].", f"{STAFF} [1][2]."),
        (f"{STAFF} [Sources 1, 2].", f"{STAFF} [1][2]."),
        (f"{STAFF} [S1, S2].", f"{STAFF} [1][2]."),
        (f"{STAFF} [Source 1, Source 2].", f"{STAFF} [1][2]."),
        (f"{STAFF} [[1], [2]].", f"{STAFF} [1][2]."),
        (f"[1] {STAFF}.", f"{STAFF}. [1]"),
        (f"[1]: {STAFF}.", f"{STAFF}. [1]"),
        (f"[1] states that {STAFF}.", f"{STAFF}. [1]"),
        (f"Source [1] says {STAFF}.", f"{STAFF}. [1]"),
        (f"Sources [1] and [2] say that {STAFF}.", f"{STAFF}. [1][2]"),
        (f"**Source 1:** {STAFF}.", f"{STAFF}. [1]"),
        (f"Source 1:\n{STAFF}.", f"{STAFF}. [1]"),
        (f"From source 1: {STAFF}.", f"{STAFF}. [1]"),
        (f"{STAFF}, per source 1.", f"{STAFF} [1]."),
        (f"{STAFF}. Source: [1]", f"{STAFF}. [1]"),
        (f"Leave:\n[1] {STAFF}.\n[2] They do.", f"Leave:\n{STAFF}. [1]\nThey do. [2]"),
        (f"{STAFF}.\n[1]\nThey do.", f"{STAFF}. [1]\nThey do."),
        (f"- [1] {STAFF}", f"- {STAFF} [1]"),
        (f"{STAFF} [1], [2].", f"{STAFF} [1][2]."),
        (f"{STAFF} [1] and [2].", f"{STAFF} [1][2]."),
        (f"{STAFF} [1]-[2].", f"{STAFF} [1][2]."),
        (f"{STAFF} (1, 2). They do.", f"{STAFF} [1][2]. They do."),
        (f'<cite index="1">{STAFF}.</cite>', f"{STAFF}. [1]"),
        (f'<source number="1">{STAFF}.</source>', f"{STAFF}. [1]"),
        (f"<co: 1>{STAFF}</co: 1>.", f"{STAFF}. [1]"),
        (f"{STAFF} (Quellen 1 und 2).", f"{STAFF} [1][2]."),
        (f"{STAFF}.¹", f"{STAFF}. [1]"),
        (f"{STAFF}¹˒².", f"{STAFF} [1][2]."),
        (f"{STAFF}.¹² They do.", f"{STAFF}. [1][2] They do."),
        (f"[cite_start]{STAFF} [cite: 1].", f"{STAFF} [1]."),
        (f"According to source 1, {STAFF[0].lower()}{STAFF[1:]} [1].", f"{STAFF} [1]."),
        (f"According to source 1, {STAFF}. Others do not.", f"{STAFF}. [1] Others do not."),
        (f"Source 1 says that {STAFF}.\nYes.", f"{STAFF}. [1]\nYes."),
        (f"Source 1: {STAFF}.", f"{STAFF}. [1]"),
        ("According to [1], staff get 25 days of leave.", f"{STAFF}. [1]"),
        ("Laut Quelle 1 gibt es 25 days of leave [1].", "Laut Quelle gibt es 25 days of leave [1]."),
        ("Selon la source 1, staff get 25 days of leave.", f"{STAFF}. [1]"),
        ("Según la fuente 1, staff get 25 days of leave.", f"{STAFF}. [1]"),
        ("Secondo la fonte 1, staff get 25 days of leave.", f"{STAFF}. [1]"),
    ],
)
def test_sources_are_named_in_many_ways(written: str, read: str) -> None:
    for size in (1, 2, 3, len(written)):
        assert settled(written, LEAVE, CHINA, cut=list(range(0, len(written), size))).text == read


@pytest.mark.parametrize(
    "text",
    [
        "They say leaf [sic] and [2024, Smith] and [a].",
        "A desk has 4 m² of room, 10⁶ ways, and x² is a square.",
        "Use `days[1]` or `[S1]`.",
        "```\nsource 1 = days[1]\n```",
        "The river has its source 40 km away (see page 3).",
        "In 2024 they got (about 25) days.",
        "The resource 1 of 9 is full of documents and sources.",
        "Bring (1) a pen and (2) a hat.",
        "It takes two (2). Then it takes (40).",
        "The [reading room] and [the annex] are open [sic], and then some.",
    ],
)
def test_what_only_looks_like_a_marker_stays(text: str) -> None:
    for size in (1, 2, 3, len(text)):
        assert settled(text, cut=list(range(0, len(text), size))).text == text


def test_what_stands_so_in_a_source_is_no_marker() -> None:
    lamps = passage("Light source 1 is on the pier. Press [S2] for light (document 2).", path="c.txt")
    text = "Light source 1 is on the pier. Press [S2] for light (document 2)."
    assert settled(text, lamps, LEAVE).text == text


HANDBOOK = passage("Staff get 25 days of leave.", path="hr/Handbook.md", page=3)
MORE = passage("Sick notes are due on the third day.", path="hr/Handbook.md", page=4)


@pytest.mark.parametrize(
    "marker",
    [
        *("[handbook.md]", "[hr/handbook.md]", "[Handbook.md, p. 3]", "[handbook.md#page=3]", "(handbook.md)"),
        *(
            "(Handbook.md, page 3)",
            "[Handbook](hr/handbook.md)",
            "([handbook.md](handbook.md#page=3))",
            "[^handbook.md]",
        ),
        *("【4:0†handbook.md】", "【handbook.md†L3】", "(source: handbook.md)", "[Source: handbook.md, page 3]"),
        "(see `handbook.md`)",
    ],
)
def test_a_file_in_brackets_names_the_passage_of_it_that_bears_the_sentence_out(marker: str) -> None:
    text = f"{STAFF} {marker}."
    for size in (1, 2, 3, len(text)):
        read = settled(text, MORE, HANDBOOK, CHINA, cut=list(range(0, len(text), size)))
        assert read.text == f"{STAFF} [1]."
        assert [mark.place.passage for mark in read.marks()] == [HANDBOOK]


def test_the_page_that_a_marker_names_decides_between_the_passages_of_a_file() -> None:
    read = settled("Staff get 25 days of leave [handbook.md, p. 4].", HANDBOOK, MORE)
    assert [mark.place.passage for mark in read.marks()] == [MORE]


def test_a_link_to_a_file_keeps_its_words_if_they_say_something() -> None:
    read = settled("See [the rules of leave](handbook.md) for more.", HANDBOOK)
    assert read.text == "See the rules of leave [1] for more."


@pytest.mark.parametrize(
    "text",
    [
        "Ask for it (e.g. by mail) and see (notes.md) or [plan.pdf, p. 2].",
        "Open `[handbook.md]` yourself.",
        "Send [the form](https://forms.example/leave) back.",
    ],
)
def test_a_file_that_no_passage_is_of_is_no_marker(text: str) -> None:
    for size in (1, 2, 3, len(text)):
        assert settled(text, HANDBOOK, cut=list(range(0, len(text), size))).text == text


def test_a_file_that_a_passage_names_so_is_no_marker() -> None:
    index = passage("Leave is told elsewhere (Handbook.md).", path="index.md")
    assert settled("Leave is told elsewhere (Handbook.md).", index, HANDBOOK).text == index.text


TOKENS = st.sampled_from(
    (
        *(
            "[",
            "]",
            "(",
            ")",
            "[[",
            "]]",
            "【",
            "】",
            "†L3",
            "¹",
            "²",
            "1",
            "2",
            "9",
            ",",
            ", ",
            " ",
            "\n",
            ".",
            ":",
            "`",
        ),
        *(
            "source",
            "Source ",
            "Sources",
            "according to ",
            "According",
            "Laut ",
            "Quelle ",
            " and ",
            "S",
            "cite: ",
            "the ",
        ),
        *(
            "**",
            "*",
            "_",
            "^",
            "\\",
            "<sup>",
            "</sup>",
            "[cite_start]",
            "(#x)",
            "[1]",
            "says that ",
            "Staff get 25 days",
        ),
        *("line 3", "%", "m", "days of leave", "-", "<cite", ">", "see ", "l'"),
        *(
            "a.txt",
            "(a.txt",
            "b.pdf, p. 4",
            "[b.pdf]",
            "(b.pdf)",
            "[x](b.pdf)",
            "†",
            "states that ",
            "says ",
            "**Source 1:**",
        ),
        *("</cite>", "<source>", "</source>", '<source number="1">', "<co: 1>", "</co: 1>", "(1)", " and [2]", ": "),
    )
)


@given(st.lists(TOKENS, max_size=16).map("".join), st.lists(st.integers(0, 120), max_size=8))
def test_however_a_dressed_marker_is_cut_the_text_is_the_same(text: str, cuts: list[int]) -> None:
    whole, pieces = settled(text), settled(text, cut=[min(c, len(text)) for c in cuts])
    assert pieces.text == whole.text
    assert pieces.marks() == whole.marks()


def test_a_number_before_what_is_held_back_is_not_at_the_end() -> None:
    text = "Rest is 25 days (2) [rules, p. 3] a year."
    assert {settled(text, cut=[at]).text for at in range(len(text))} == {text}


def test_a_second_marker_in_a_sentence_stands_for_what_was_said_since_the_first() -> None:
    rules = passage("Boats are hired by the hour. The pier closes at 21:00. Dogs may swim only north of the pier.")
    stream = settled("Boats are hired by the hour [1]; the pier closes at 21:00 [1].", rules)
    assert [mark.place.quote for mark in stream.marks()] == [
        "Boats are hired by the hour.",
        "The pier closes at 21:00.",
    ]


def test_invented_markers_are_removed() -> None:
    stream = settled("China makes 90 % of rare earths [9]. Staff get 25 days [0] of leave [2][77].")
    assert stream.text == "China makes 90 % of rare earths. Staff get 25 days of leave [1]."
    assert [mark.place.passage for mark in stream.marks()] == [LEAVE]


def test_numbers_follow_first_use_and_the_same_place_is_one_source() -> None:
    stream = settled(
        "Staff get 25 days of leave [2]. China makes 90 % of rare earths [1]. Staff get 25 days of leave [2]."
    )
    assert stream.text.count("[1]") == 2
    assert [stream.text[m.start : m.end] for m in stream.marks()] == ["[1]", "[2]", "[1]"]


def test_two_places_in_one_passage_are_two_sources() -> None:
    stream = settled("China makes 90 % of rare earths [1]. The United States imports most of them [1].")
    assert [mark.place.quote for mark in stream.marks()] == [
        "China makes 90 % of rare earths.",
        "The United States imports most of them.",
    ]


def test_a_quote_knows_its_page_lines_and_characters() -> None:
    stream = settled("Those who work part-time get fewer days [2].")
    (citation,) = asyncio.run(Checker().check(stream.text, stream.marks(), ())).citations
    assert citation.quote == "Part-time staff get\nfewer days."
    assert (citation.locator.page, citation.locator.line_start, citation.locator.line_end) == (4, 2, 3)


def test_a_quoted_line_is_cited_to_its_exact_place() -> None:
    stream = MarkerStream((CHINA, LEAVE))
    start = LEAVE.text.index("Part-time")
    shown = stream.quote(Quoted("Part-time staff get fewer days.", LEAVE, start, len(LEAVE.text)))
    shown += stream.quote(Quoted("Staff get 25 days of leave.", LEAVE, 0, start - 1)) + stream.finish()
    assert shown == stream.text == "Part-time staff get fewer days. [1]\nStaff get 25 days of leave. [2]"
    assert [(mark.place.start, mark.exact) for mark in stream.marks()] == [(start, True), (0, True)]
    assert [(s.verdict, s.support, s.citations) for s in checked(stream)] == [
        ("supported", 1.0, (1,)),
        ("supported", 1.0, (2,)),
    ]


def test_code_blocks_keep_their_brackets() -> None:
    text = "Staff get 25 days of leave [2].\n```\nx = days[1]\n```\n"
    assert "x = days[1]" in settled(text).text


def test_a_marker_without_any_claim_is_dropped() -> None:
    assert settled("[1]").text == settled("[1] [2].").text.strip(". ") == ""


@given(st.text(alphabet="ab. []1239^,-【】`\n", max_size=60), st.lists(st.integers(0, 60), max_size=8))
def test_however_it_is_cut_the_text_is_the_same(text: str, cuts: list[int]) -> None:
    whole, pieces = settled(text), settled(text, cut=[min(c, len(text)) for c in cuts])
    assert pieces.text == whole.text
    assert pieces.marks() == whole.marks()


@given(st.text(alphabet="Ca hi.na 90 %\n[]123【】^-,", max_size=80), st.text(min_size=1, max_size=80))
def test_spans_are_valid_and_numbers_run_from_one_for_any_answer_and_passage(answer: str, text: str) -> None:
    found = passage(text, start=7)
    stream = settled(answer, found, CHINA)
    places: list[tuple[str, int, int]] = []
    for mark in stream.marks():
        if mark.place.key not in places:
            places.append(mark.place.key)
        assert stream.text[mark.start : mark.end] == f"[{places.index(mark.place.key) + 1}]"
        assert mark.place.passage.text[mark.place.start : mark.place.end] == mark.place.quote
    for sentence in checked(stream):
        assert stream.text[sentence.start : sentence.end] == sentence.text


@pytest.mark.parametrize(
    "unit", [" ", "[", "[1", "【", "[1,", "a [1]", "\n", "[1]" * 3 + "```", "according to source ", "(source 1, ", "¹ "]
)
def test_reading_takes_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text, began = unit * (size // len(unit)), time.process_time()
        settled(text, cut=random.Random(0).choices(range(len(text)), k=size // 20))
        return time.process_time() - began

    seconds(1000)
    assert seconds(40_000) < 12 * max(seconds(10_000), 0.01)


def test_sentences_are_held_against_what_they_cite() -> None:
    stream = settled("China makes 90 % of rare earths [1]. Staff get 30 days of leave. [2] Nobody knows why.")
    sentences = checked(stream)
    assert [(s.verdict, s.citations) for s in sentences] == [
        ("supported", (1,)),
        ("unsupported", (2,)),
        ("uncited", ()),
    ]


def test_a_line_of_an_answer_is_a_claim_of_its_own() -> None:
    table = passage("Harbour & Pine, page 3\nOther parent 8 weeks, in up to three blocks\nBirth parent 26 weeks")
    stream = settled("Other parent 8 weeks, in up to three blocks [1]\nBirth parent 26 weeks [1]\n", table)
    assert [mark.place.quote for mark in stream.marks()] == [
        "Other parent 8 weeks, in up to three blocks",
        "Birth parent 26 weeks",
    ]
    assert [s.citations for s in checked(stream)] == [(1,), (2,)]


def test_inline_code_keeps_its_brackets_and_a_marker_takes_its_link_along() -> None:
    assert "`days[1]`" in settled("Staff get 25 days of leave [2], see `days[1]`.").text
    assert settled("China makes 90 % of rare earths [1](http://evil/x).").text == "China makes 90 % of rare earths [1]."
