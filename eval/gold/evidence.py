"""Where the evidence of a gold case stands in an index."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby, pairwise

from eval.types import GoldCase, GoldEvidence, Location
from indexes.storage.catalog import Catalog
from indexes.text.normalization import normalise
from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import stems
from indexes.types import Document, Passage, Scope

Documents = Callable[[str], Document | None]
"""The document at a path: ``Catalog.document_at``."""
Span = tuple[int, int]
_MOST_PASSAGES = 2000
"""Passages of a document that are read."""


def resolve_evidence(evidence: GoldEvidence, documents: Documents) -> Location:
    """Return the evidence's characters in its document; its page or file where they are not given or not found."""
    document = documents(evidence.path)
    span = document and locate_evidence(evidence, document)
    if not document or not span:
        return Location(evidence.path, evidence.page)
    return Location(evidence.path, document.locate(*span).page, *span)


def quote_evidence(case: GoldCase, documents: Documents) -> GoldCase:
    """Return the case with its evidence quoted, so that it is found where lines have moved."""
    evidence = []
    for item in case.evidence:
        document = documents(item.path)
        span = document and item.quote is None and locate_evidence(item, document)
        evidence.append(replace(item, quote=document.text[slice(*span)]) if document and span else item)
    return replace(case, evidence=tuple(evidence))


def evidence_passages(case: GoldCase, catalog: Catalog) -> list[Passage]:
    """Return the passages that hold some of the case's evidence."""
    passages = []
    for place in case.evidence:
        document = catalog.document_at(place.path)
        if document is None:
            continue
        start = document.text.find(place.quote) if place.quote else 0
        end = start + len(place.quote) if place.quote and start >= 0 else len(document.text)
        for entry in catalog.search_rows.first_of_documents([document.id], Scope(), most=_MOST_PASSAGES):
            at = entry.passage.locator
            within = overlap((start, end), (at.char_start, at.char_end))
            if within and place.page in (None, at.page) and place.section in (None, *at.heading):
                passages.append(entry.passage)
    return passages


def locate_evidence(evidence: GoldEvidence, document: Document) -> Span | None:
    """Return the characters of the quote, else lines, else section; None where none is given or found.

    If a quote occurs several times, prefer the occurrence on its page, lines or section; then the first from its page
    on; then the first.
    """
    part = locate_lines(evidence, document) or locate_section(evidence, document)
    if evidence.quote is None:
        return part
    occurrences = find_quote(evidence.quote, document)
    page = page_spans(document).get(evidence.page, (0, 0)) if evidence.page is not None else None
    within = [span for span in occurrences if all(overlap(span, around) for around in (page, part) if around)]
    after = [span for span in occurrences if page and span[0] >= page[0]]
    return next(iter([*within, *after, *occurrences]), None)


def locate_lines(evidence: GoldEvidence, document: Document) -> Span | None:
    """Return the characters of the evidence's lines, on the first page, sheet or slide that has them.

    Each page numbers its own lines, and each section says at which line it starts. None where there are no such lines.
    """
    if evidence.lines is None:
        return None
    first, last = evidence.lines
    on_page = [section for section in document.sections if evidence.page in (None, section.page)]
    for _, sections in groupby(on_page, key=lambda section: (section.page, section.sheet, section.slide)):
        spans = [
            (section.char_start + line.start(), section.char_start + line.end())
            for section in sections
            for number, line in enumerate(
                re.finditer(r"(?m)^.*$", document.text[section.char_start : section.char_end]), start=section.line
            )
            if first <= number <= last and line[0].strip()
        ]
        if spans:
            return spans[0][0], spans[-1][1]
    return None


def locate_section(evidence: GoldEvidence, document: Document) -> Span | None:
    """Return the characters under the evidence's heading, sub-headings included; of the first place that has it."""
    if evidence.section is None:
        return None
    name = heading_key(evidence.section)
    under = [section for section in document.sections if name in map(heading_key, section.heading)]
    if not under:
        return None
    gaps = (i for i, (a, b) in enumerate(pairwise(under)) if b.char_start > a.char_end + 2)
    return under[0].char_start, under[next(gaps, -1)].char_end


def find_quote(quote: str, document: Document) -> list[Span]:
    """Return every span of the quote as whole words; within words where it does not occur so.

    Any white space equals any other, since a reader may break lines elsewhere.
    """
    parts = normalise(quote).split()
    pattern = r"\s+".join(map(re.escape, parts))
    whole = [match.span() for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", document.text)] if parts else []
    return whole or [match.span() for match in re.finditer(pattern, document.text) if match[0]]


def nearest_sentence(quote: str, document: Document) -> Span | None:
    """Return the sentence that shares most words with the quote; None where none shares any."""
    quote_stems, best, best_share = set(stems(quote)), None, 0.0
    for span in sentence_spans(document.text):
        sentence = set(stems(document.text[slice(*span)]))
        share = len(quote_stems & sentence) / len(quote_stems | sentence) if sentence else 0.0
        if share > best_share:
            best, best_share = span, share
    return best


def page_spans(document: Document) -> dict[int, Span]:
    """Return the characters of each page, by page number."""
    spans: dict[int, Span] = {}
    for section in document.sections:
        if section.page is not None:
            spans[section.page] = spans.get(section.page, (section.char_start, 0))[0], section.char_end
    return spans


def heading_key(heading: str) -> str:
    """Return a key that is equal for headings that differ in white space or case only."""
    return " ".join(heading.split()).casefold()


def overlap(one: Span, other: Span) -> bool:
    """Whether the spans share a character."""
    return one[0] < other[1] and other[0] < one[1]
