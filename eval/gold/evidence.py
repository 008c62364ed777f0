"""Where the evidence of a gold case stands in an index."""

import re
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise

from eval.types import GoldEvidence, Location
from indexes.text.normalization import normalise
from indexes.types import Document, Section

Documents = Callable[[str], Document | None]
"""The document at a path: ``Catalog.document_at``."""
Span = tuple[int, int]


def resolve_evidence(evidence: GoldEvidence, documents: Documents) -> Location:
    """Its characters in the document, where it says more than the page and that is found; else the page or file."""
    whole = Location(evidence.path, evidence.page)
    document = documents(evidence.path)
    span = document and locate_evidence(evidence, document)
    if not document or not span:
        return whole
    return Location(evidence.path, document.locate(*span).page, *span)


def locate_evidence(evidence: GoldEvidence, document: Document) -> Span | None:
    """The characters of its quote, else lines, else section; None where it has none of them or it is not there.

    Of a quote that occurs many times, the one on its page, lines or section; else the first from its page on.
    """
    around = _lines(evidence, document) or _section(evidence, document)
    if evidence.quote is None:
        return around
    found = find_quote(evidence.quote, document)
    page = page_spans(document).get(evidence.page, (0, 0)) if evidence.page is not None else None
    within = [span for span in found if all(_meet(span, part) for part in (page, around) if part)]
    after = [span for span in found if page and span[0] >= page[0]]
    return next(iter([*within, *after, *found]), None)


def find_quote(quote: str, document: Document) -> list[Span]:
    """Where the quote stands, as whole words; within words where it does not occur so.

    Runs of white space are alike, since a reader may break lines elsewhere.
    """
    written = normalise(quote).split()
    pattern = r"\s+".join(map(re.escape, written))
    whole = [match.span() for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", document.text)] if written else []
    return whole or [match.span() for match in re.finditer(pattern, document.text) if match[0]]


def page_spans(document: Document) -> dict[int, Span]:
    """Where each page begins and ends."""
    found: dict[int, Span] = {}
    for section in document.sections:
        if section.page is not None:
            found[section.page] = found.get(section.page, (section.char_start, 0))[0], section.char_end
    return found


def _lines(evidence: GoldEvidence, document: Document) -> Span | None:
    """Of the first page, sheet or slide that has them: each counts its own."""
    if evidence.lines is None:
        return None
    first, last = evidence.lines
    on = [section for section in document.sections if evidence.page in (None, section.page)]
    for _, together in groupby(on, key=lambda section: (section.page, section.sheet, section.slide)):
        numbered = [line for section in together for line in _numbered(section, document)]
        if spans := [span for line, span in numbered if first <= line <= last]:
            return spans[0][0], spans[-1][1]
    return None


def _numbered(section: Section, document: Document) -> Iterator[tuple[int, Span]]:
    """The lines of a section that are not empty. Readers may leave out some of a page: each section counts anew."""
    text = document.text[section.char_start : section.char_end]
    breaks = [-1, *(match.start() for match in re.finditer("\n", text)), len(text)]
    for line, (before, after) in enumerate(pairwise(breaks), start=section.line):
        if text[before + 1 : after].strip():
            yield line, (section.char_start + before + 1, section.char_start + after)


def _section(evidence: GoldEvidence, document: Document) -> Span | None:
    """All that stands under a heading, its own sub-headings too."""
    if evidence.section is None:
        return None
    under = [s for s in document.sections if any(_same(evidence.section, part) for part in s.heading)]
    return (under[0].char_start, _run(under)[-1].char_end) if under else None


def _run(sections: list[Section]) -> list[Section]:
    """The first of them, and those that follow it without a gap."""
    ends = next((i for i, (a, b) in enumerate(pairwise(sections), 1) if b.char_start > a.char_end + 2), len(sections))
    return sections[:ends]


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
