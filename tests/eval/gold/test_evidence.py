"""Where gold evidence stands in real extracted documents, by quote, lines, section and page."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from eval.gold.evidence import Documents, resolve_evidence
from eval.gold.files import read_gold
from eval.types import GoldEvidence, Location
from fakes.documents import document
from fakes.engines import ROOT
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file
from indexes.types import Document, Section

EVIDENCE = [item for case in read_gold(ROOT / "eval" / "gold" / "samples.jsonl") for item in case.evidence]
each_evidence = pytest.mark.parametrize("item", EVIDENCE, ids=lambda item: f"{item.path}: {item.quote[:30]}")


@pytest.fixture(scope="module")
def documents(samples_index: Path) -> Iterator[Documents]:
    with closing(Catalog(catalog_file(Generations(samples_index).current))) as catalog:
        yield catalog.document_at


def read(documents: Documents, path: str) -> Document:
    found = documents(path)
    assert found
    return found


def words(documents: Documents, place: Location) -> str:
    """What stands there, with single spaces."""
    return " ".join(read(documents, place.path).text[place.start : place.end].split())


def squeezed(text: str | None) -> str:
    assert text
    return " ".join(text.split())


# The samples


@each_evidence
def test_a_quote_is_found_word_for_word_on_its_page(documents: Documents, item: GoldEvidence) -> None:
    place = resolve_evidence(item, documents)
    assert words(documents, place) == squeezed(item.quote)
    assert place.page == item.page


@each_evidence
def test_the_lines_that_a_citation_would_name_hold_the_quote(documents: Documents, item: GoldEvidence) -> None:
    at = resolve_evidence(item, documents)
    assert at.start is not None
    assert at.end is not None
    shown = read(documents, item.path).locate(at.start, at.end)
    place = resolve_evidence(GoldEvidence(item.path, shown.page, lines=(shown.line_start, shown.line_end)), documents)
    assert squeezed(item.quote) in words(documents, place)
    assert place.page == item.page
    text = read(documents, item.path).text
    assert place.start is not None
    assert place.end is not None
    assert text[place.start : place.end].count("\n") == shown.line_end - shown.line_start
    assert place.start == 0 or text[place.start - 1] == "\n"


@each_evidence
def test_the_section_of_a_quote_holds_it(documents: Documents, item: GoldEvidence) -> None:
    at = resolve_evidence(item, documents)
    assert at.start is not None
    assert at.end is not None
    heading = read(documents, item.path).locate(at.start, at.end).heading
    if not heading:
        pytest.skip("it stands under no heading")
    place = resolve_evidence(GoldEvidence(item.path, section=heading[-1].upper()), documents)
    assert squeezed(item.quote) in words(documents, place)


@each_evidence
def test_a_page_alone_or_a_file_alone_is_whole(documents: Documents, item: GoldEvidence) -> None:
    assert resolve_evidence(GoldEvidence(item.path, item.page), documents) == Location(item.path, item.page)


def test_a_section_ends_where_the_next_one_of_its_rank_begins(documents: Documents) -> None:
    place = resolve_evidence(
        GoldEvidence("briefings/ai-diplomacy.md", section="Rio:  AI is not only for the rich"), documents
    )
    told = words(documents, place)
    assert "programme, shared with other members" in told
    assert "Manhattan" not in told
    assert "Lima" not in told


def test_the_title_of_a_document_is_a_section_with_all_that_is_under_it(documents: Documents) -> None:
    place = resolve_evidence(
        GoldEvidence("briefings/ai-diplomacy.md", section="Talks about artificial intelligence"), documents
    )
    assert len(words(documents, place)) > 0.9 * len(read(documents, "briefings/ai-diplomacy.md").text)


# What is not there


@pytest.mark.parametrize(
    "item",
    [
        GoldEvidence("briefings/ai-diplomacy.md", quote="nothing of the sort"),
        GoldEvidence("briefings/ai-diplomacy.md", quote=" \n "),
        GoldEvidence("briefings/ai-diplomacy.md", lines=(5000, 5001)),
        GoldEvidence("briefings/ai-diplomacy.md", lines=(0, 0)),
        GoldEvidence("briefings/ai-diplomacy.md", section="Nowhere"),
        GoldEvidence("nowhere.md", quote="anything"),
        GoldEvidence("handbook/leave-policy.pdf", 99, lines=(1, 1)),
    ],
)
def test_what_is_not_there_is_the_whole_page_or_file(documents: Documents, item: GoldEvidence) -> None:
    assert resolve_evidence(item, documents) == Location(item.path, item.page)


# Pages, made by hand

PAGES = "alpha\nbeta\n\nalpha\ngamma"
PAGED = document(
    PAGES,
    sections=(Section(0, 10, page=1, heading=("One",)), Section(12, 23, page=2, heading=("Two",))),
)


def on_pages(_: str) -> Document:
    return PAGED


@pytest.mark.parametrize(("page", "start"), [(1, 0), (2, 12), (None, 0)])
def test_a_quote_that_occurs_twice_is_the_one_on_its_page(page: int | None, start: int) -> None:
    place = resolve_evidence(GoldEvidence("a.txt", page, quote="alpha"), on_pages)
    assert (place.start, place.end) == (start, start + 5)


def test_a_quote_on_another_page_than_it_is_said_to_be_is_found_there() -> None:
    assert resolve_evidence(GoldEvidence("a.txt", 2, quote="beta"), on_pages) == Location("a.txt", 1, 6, 10)


def test_a_quote_may_be_broken_over_lines_elsewhere_than_in_the_document() -> None:
    assert resolve_evidence(GoldEvidence("a.txt", quote="alpha beta"), on_pages) == Location("a.txt", 1, 0, 10)
    assert resolve_evidence(GoldEvidence("a.txt", quote="alpha\n\n beta"), on_pages) == Location("a.txt", 1, 0, 10)


@pytest.mark.parametrize(
    ("page", "lines", "text"),
    [
        (1, (1, 1), "alpha"),
        (1, (2, 2), "beta"),
        (1, (1, 2), "alpha\nbeta"),
        (2, (2, 2), "gamma"),
        (2, (1, 9), "alpha\ngamma"),
    ],
)
def test_lines_are_counted_on_their_page(page: int, lines: tuple[int, int], text: str) -> None:
    place = resolve_evidence(GoldEvidence("a.txt", page, lines=lines), on_pages)
    assert PAGES[place.start : place.end] == text


SHEETS = document(
    "a1\na2\na9\nb1\nb2",
    sections=(
        Section(0, 5, sheet="A"),
        Section(6, 8, sheet="A", line=9),  # rows without cells lie between
        Section(9, 14, sheet="B"),
    ),
)


@pytest.mark.parametrize(
    ("lines", "text"), [((2, 2), "a2"), ((9, 9), "a9"), ((2, 9), "a2\na9"), ((1, 2), "a1\na2"), ((3, 8), None)]
)
def test_rows_of_a_sheet_have_the_numbers_that_they_are_known_by(lines: tuple[int, int], text: str | None) -> None:
    place = resolve_evidence(GoldEvidence("a.txt", lines=lines), lambda _: SHEETS)
    assert ((place.start is not None and SHEETS.text[place.start : place.end]) or None) == text
