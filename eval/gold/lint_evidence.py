"""What is wrong with the evidence of one gold case."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Literal

from eval.gold.evidence import (
    Documents,
    Span,
    find_quote,
    heading_key,
    locate_evidence,
    locate_lines,
    locate_section,
    nearest_sentence,
    overlap,
    page_spans,
)
from eval.types import GoldCase, GoldEvidence
from indexes.text.tokenization import figures, stems, words
from indexes.types import Document

_SHORT = 5
"""Content words up to which an answer should stand in the documents as it is; a longer one may be worded otherwise."""
_MIN_SHARED = 0.5
"""Share of a longer answer's words that its evidence must have."""
_QUOTED = 160
"""Characters of a passage that are shown."""


@dataclass(frozen=True, slots=True)
class EvidenceProblem:
    """An error makes scores wrong; a warning is for a person to look at."""

    level: Literal["error", "warning"]
    text: str


def lint_evidence(evidence: GoldEvidence, documents: Documents, paths: Sequence[str]) -> Iterator[EvidenceProblem]:
    """Yield what is wrong with one piece of evidence; ``paths`` are all documents of the index."""
    path, document = evidence.path, documents(evidence.path)
    if document is None:
        name = PurePosixPath(path).name
        near = [other for other in paths if PurePosixPath(other).name == name] or get_close_matches(path, paths, n=1)
        hint = f": is {near[0]} meant" if near else ""
        yield EvidenceProblem("error", f"there is no {path} in the index{hint}.")
        return
    numbers = sorted(page_spans(document))
    if evidence.page is not None and evidence.page not in numbers:
        extent = f"its pages are {numbers[0]}–{numbers[-1]}" if numbers else "it has no pages"
        yield EvidenceProblem("error", f"{path} has no page {evidence.page}: {extent}.")
    elif evidence.quote is not None:
        yield from _lint_quote(evidence, evidence.quote, document)
    if evidence.section and not locate_section(evidence, document):
        headings = dict.fromkeys(part for section in document.sections for part in section.heading)
        near = get_close_matches(evidence.section, list(headings), n=1, cutoff=0.4)
        hint = f": is “{near[0]}” meant" if near else ""
        yield EvidenceProblem("error", f"{path} has no section “{evidence.section}”{hint}.")
    if evidence.lines and not locate_lines(evidence, document):
        on = f" on page {evidence.page}" if evidence.page else ""
        yield EvidenceProblem("error", f"{path} has no lines {evidence.lines[0]}–{evidence.lines[1]}{on}.")


def lint_answers(case: GoldCase, documents: Documents) -> str | None:
    """Return a warning if the evidence states none of the answers.

    An answer may stand beside the quote: the page named, or the quote's page, is searched; else the whole file.
    """
    answers = [answer for answer in case.answers if words(answer)[:1] not in (["yes"], ["no"])]
    texts = list[str]()
    for item in case.evidence:
        if document := documents(item.path):
            span = locate_evidence(item, document)
            page = item.page or (document.locate(*span).page if span else None)
            texts.append(document.text[slice(*page_spans(document).get(page or 0, (0, len(document.text))))])
    if not answers or not texts:
        return None
    text = "\n".join(texts)
    text_words, text_stems, text_figures = f" {' '.join(words(text))} ", set(stems(text)), figures(text)
    for answer in answers:
        answer_stems = set(stems(answer))
        needed = len(answer_stems) * (1 if len(answer_stems) <= _SHORT else _MIN_SHARED)
        shared = len(answer_stems & text_stems)
        if f" {' '.join(words(answer))} " in text_words or (figures(answer) <= text_figures and shared >= needed):
            return None
    return f"its evidence does not say “{_shorten(answers[0])}”."


def _lint_quote(evidence: GoldEvidence, quote: str, document: Document) -> Iterator[EvidenceProblem]:
    path, spans = evidence.path, find_quote(quote, document)
    if not spans:
        hint = ""
        if nearest := nearest_sentence(quote, document):
            hint = f": the nearest, {document.locate(*nearest)}, is “{_shorten(document.text[slice(*nearest)])}”"
        yield EvidenceProblem("error", f"{path} does not say “{_shorten(quote)}”{hint}.")
        return
    where = "; ".join(str(document.locate(*span)) for span in spans[:3])
    if evidence.page is not None:
        first, last = page_spans(document)[evidence.page]
        if not any(first <= start < last for start, _ in spans):
            pages = sorted({document.locate(*span).page or 0 for span in spans})
            on = f"page{'s' if len(pages) > 1 else ''} {', '.join(map(str, pages))}"
            yield EvidenceProblem(
                "error", f"“{_shorten(quote)}” is not on page {evidence.page} of {path}: {on} has it."
            )
    parts = list[tuple[str, list[Span]]]()
    if evidence.lines and (span := locate_lines(evidence, document)):
        parts.append((f"on lines {evidence.lines[0]}–{evidence.lines[1]}", [span]))
    if evidence.section:
        name = heading_key(evidence.section)
        under = [section for section in document.sections if name in map(heading_key, section.heading)]
        parts.append((f"in the section “{evidence.section}”", [(s.char_start, s.char_end) for s in under]))
    for part, part_spans in parts:
        if part_spans and not any(overlap(one, other) for one in spans for other in part_spans):
            yield EvidenceProblem("error", f"“{_shorten(quote)}” is not {part} of {path}: {where} has it.")
    if evidence.page is None and len(spans) > 1 and not (evidence.lines or evidence.section):
        text = f"“{_shorten(quote)}” occurs {len(spans)} times in {path}: say which is meant ({where})."
        yield EvidenceProblem("warning", text)


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTED else f"{flat[:_QUOTED]}…"
