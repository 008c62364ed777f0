"""Where the evidence of a gold case stands in an index."""

import re
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise

from eval.types import Evidence, Place
from indexes.types import Document, Section

Documents = Callable[[str], Document | None]
"""The document at a path: ``Catalog.document_at``."""


def resolve(evidence: Evidence, documents: Documents) -> Place:
    """Its characters in the document, where it says more than the page and that is found; else the page or file."""
    whole = Place(evidence.path, evidence.page)
    document = documents(evidence.path)
    span = document and located(evidence, document)
    if not document or not span:
        return whole
    return Place(evidence.path, document.locate(*span).page, *span)


def located(evidence: Evidence, document: Document) -> tuple[int, int] | None:
    """The characters of its quote, else lines, else section; None where it has none of them or it is not there."""
    if evidence.quote is not None:
        return _quoted(evidence.quote, document, evidence.page)
    if evidence.lines is not None:
        return _lines(evidence.lines, document, evidence.page)
    if evidence.section is not None:
        return _section(evidence.section, document)
    return None


def _quoted(quote: str, document: Document, page: int | None) -> tuple[int, int] | None:
    """From its page on first; runs of white space are alike, since a reader may break lines elsewhere."""
    words = quote.split()
    if not words:
        return None
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    found = pattern.search(document.text, _page(document, page)[0]) or pattern.search(document.text)
    return found.span() if found else None


def _lines(lines: tuple[int, int], document: Document, page: int | None) -> tuple[int, int] | None:
    """Of the first page, sheet or slide that has them: each counts its own."""
    sections = [s for s in document.sections if page is None or s.page == page]
    for _, together in groupby(sections, key=lambda s: (s.page, s.sheet, s.slide)):
        numbered = [line for section in together for line in _numbered(section, document)]
        spans = [span for number, span in numbered if lines[0] <= number <= lines[1]]
        if spans and spans[0][0] < spans[-1][1]:
            return spans[0][0], spans[-1][1]
    return None


def _numbered(section: Section, document: Document) -> Iterator[tuple[int, tuple[int, int]]]:
    start = section.char_start
    for number, line in enumerate(document.text[start : section.char_end].split("\n"), section.line):
        yield number, (start, start + len(line))
        start += len(line) + 1


def _page(document: Document, page: int | None) -> tuple[int, int]:
    on = [s for s in document.sections if page is None or s.page == page]
    return (on[0].char_start, on[-1].char_end) if on else (0, 0)


def _section(heading: str, document: Document) -> tuple[int, int] | None:
    """All that stands under a heading, its own sub-headings too."""
    under = [s for s in document.sections if any(_same(heading, part) for part in s.heading)]
    return (under[0].char_start, _run(under)[-1].char_end) if under else None


def _run(sections: list[Section]) -> list[Section]:
    """The first of them, and those that follow it without a gap."""
    ends = next((i for i, (a, b) in enumerate(pairwise(sections), 1) if b.char_start > a.char_end + 2), len(sections))
    return sections[:ends]


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
