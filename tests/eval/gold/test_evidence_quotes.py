"""Where evidence stands in a document: by quote, lines and section, on the page that is meant."""

import pytest

from eval.gold.evidence import find_quote, resolve_evidence
from eval.types import GoldEvidence, Location
from fakes.documents import document
from indexes.types import Document, Section

PAGES = (
    "Leave\n\nStaff get 27 days.",
    "Pay\nIt is paid monthly.\nStaff get 127 days.\nStaff get 27 days.",
    "Annex\nNone.",
)


def paged(*pages: str, lines: tuple[int, ...] = ()) -> Document:
    """A section a page, beginning on the line given, or on the first."""
    text, sections = "", list[Section]()
    for number, page in enumerate(pages, 1):
        start = len(text)
        text += f"{page}\n"
        line = lines[number - 1] if lines else 1
        sections.append(Section(start, len(text), line=line, page=number, heading=(page.split()[0],)))
    return document(text, "a.pdf", sections=tuple(sections))


DOCUMENT = paged(*PAGES)


def found(evidence: GoldEvidence, doc: Document = DOCUMENT) -> tuple[int | None, str | None]:
    place = resolve_evidence(evidence, {doc.path: doc}.get)
    return place.page, None if place.start is None else doc.text[place.start : place.end]


def start(evidence: GoldEvidence) -> int | None:
    return resolve_evidence(evidence, {DOCUMENT.path: DOCUMENT}.get).start


def test_a_quote_is_found_on_its_page() -> None:
    assert start(GoldEvidence("a.pdf", 2, quote="Staff get 27 days.")) == DOCUMENT.text.rindex("Staff get 27")
    assert start(GoldEvidence("a.pdf", quote="Staff get 27 days.")) == DOCUMENT.text.index("Staff get 27")


def test_a_quote_is_found_as_whole_words_before_it_is_within_others() -> None:
    assert start(GoldEvidence("a.pdf", 2, quote="27 days")) == DOCUMENT.text.rindex("27 days")
    assert found(GoldEvidence("a.pdf", quote="onthl")) == (2, "onthl")


def test_a_quote_that_is_on_another_page_only_is_found_there() -> None:
    assert found(GoldEvidence("a.pdf", 3, quote="It is paid monthly.")) == (2, "It is paid monthly.")
    assert found(GoldEvidence("a.pdf", 9, quote="It is paid monthly.")) == (2, "It is paid monthly.")


def test_of_many_the_one_on_its_lines_or_in_its_section_is_meant() -> None:
    text = "Same.\nOther.\nSame.\nSame."
    parts = (Section(0, 13, heading=("One",)), Section(13, 24, line=3, heading=("Two",)))
    doc = document(text, sections=parts)
    on_lines = resolve_evidence(GoldEvidence("a.txt", lines=(3, 3), quote="Same."), {"a.txt": doc}.get)
    in_section = resolve_evidence(GoldEvidence("a.txt", section="two", quote="Same."), {"a.txt": doc}.get)
    assert on_lines == in_section == Location("a.txt", None, 13, 18)


def test_white_space_and_what_cannot_be_seen_do_not_matter() -> None:
    assert found(GoldEvidence("a.pdf", quote="It  is\npa\u00adid monthly.")) == (2, "It is paid monthly.")


def test_a_quote_of_signs_alone_is_found_as_it_is() -> None:
    doc = document("(see *) and then")
    assert [doc.text[a:b] for a, b in find_quote("*)", doc)] == ["*)"]
    assert find_quote(" ", doc) == []


@pytest.mark.parametrize("evidence", [GoldEvidence("b.pdf", 2, quote="zebra"), GoldEvidence("a.pdf", 2, quote="zebra")])
def test_what_is_not_found_is_its_whole_page(evidence: GoldEvidence) -> None:
    place = resolve_evidence(evidence, {"a.pdf": DOCUMENT}.get)
    assert (place.page, place.start, place.end) == (2, None, None)


def test_lines_count_on_their_page() -> None:
    assert found(GoldEvidence("a.pdf", 2, lines=(2, 3))) == (2, "It is paid monthly.\nStaff get 127 days.")
    assert found(GoldEvidence("a.pdf", 1, lines=(2, 3))) == (1, "Staff get 27 days.")
    assert found(GoldEvidence("a.pdf", 3, lines=(8, 9))) == (3, None)


def test_lines_before_the_first_that_was_read_are_not_the_last() -> None:
    doc = paged("Two\nThree", lines=(2,))
    assert found(GoldEvidence("a.pdf", 1, lines=(1, 1)), doc) == (1, None)
    assert found(GoldEvidence("a.pdf", 1, lines=(1, 2)), doc) == (1, "Two")


def test_where_a_reader_left_out_lines_each_section_counts_anew() -> None:
    doc = document("One\nTwo\nNine", sections=(Section(0, 8), Section(8, 12, line=9)))
    assert found(GoldEvidence("a.txt", lines=(9, 9)), doc) == (None, "Nine")
    assert found(GoldEvidence("a.txt", lines=(2, 9)), doc) == (None, "Two\nNine")


def test_a_section_is_all_under_its_heading() -> None:
    sections = (
        Section(0, 4, heading=("Top",)),
        Section(5, 10, heading=("Top", "Leave")),
        Section(11, 15, heading=("Top", "Leave", "Part time")),
        Section(16, 20, heading=("Top", "Pay")),
    )
    doc = document("Top.\nLeave\nPart\nPay.", sections=sections)
    assert found(GoldEvidence("a.txt", section="LEAVE"), doc) == (None, "Leave\nPart")
    assert found(GoldEvidence("a.txt", section="Holidays"), doc) == (None, None)
