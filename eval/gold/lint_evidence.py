"""What is wrong with the evidence of one gold case."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Literal

from eval.gold.evidence import Documents, Span, find_quote, locate_evidence, page_spans
from eval.types import GoldCase, GoldEvidence
from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import figures, stems, words
from indexes.types import Document

_SHORT = 5
"""Content words up to which an answer should stand in the documents as it is; a longer one may be said otherwise."""
_SAID = 0.5
"""Share of a longer answer's words that its evidence has at least."""
_QUOTED = 160
"""Characters of a passage that are shown."""


@dataclass(frozen=True, slots=True)
class EvidenceProblem:
    level: Literal["error", "warning"]
    text: str


def lint_evidence(evidence: GoldEvidence, documents: Documents, paths: Sequence[str]) -> Iterator[EvidenceProblem]:
    """``paths`` are all documents of the index."""
    document = documents(evidence.path)
    if document is None:
        yield EvidenceProblem(
            "error", f"there is no {evidence.path} in the index{_nearest_path(evidence.path, paths)}."
        )
        return
    if evidence.page is not None and evidence.page not in page_spans(document):
        yield EvidenceProblem("error", f"{evidence.path} has no page {evidence.page}: {_extent(document)}.")
    elif evidence.quote is not None:
        yield from _quote_faults(evidence, evidence.quote, document)
    if evidence.section and not locate_evidence(GoldEvidence(evidence.path, section=evidence.section), document):
        yield EvidenceProblem(
            "error", f"{evidence.path} has no section “{evidence.section}”{_nearest(evidence.section, document)}."
        )
    if evidence.lines and not locate_evidence(
        GoldEvidence(evidence.path, evidence.page, lines=evidence.lines), document
    ):
        on = f" on page {evidence.page}" if evidence.page else ""
        yield EvidenceProblem("error", f"{evidence.path} has no lines {evidence.lines[0]}–{evidence.lines[1]}{on}.")


def lint_answers(case: GoldCase, documents: Documents) -> str | None:
    """Whether none of the answers stands in its evidence: in the pages named, or the files where none is."""
    answers = [answer for answer in case.answers if words(answer)[:1] not in (["yes"], ["no"])]
    texts = [_around(item, document) for item in case.evidence if (document := documents(item.path))]
    if not answers or not texts or any(_stands(answer, "\n".join(texts)) for answer in answers):
        return None
    return f"its evidence does not say “{_short(answers[0])}”."


def _quote_faults(evidence: GoldEvidence, quote: str, document: Document) -> Iterator[EvidenceProblem]:
    found = find_quote(quote, document)
    if not found:
        yield EvidenceProblem(
            "error", f"{evidence.path} does not say “{_short(quote)}”{_nearest_sentence(quote, document)}."
        )
        return
    if evidence.page is not None:
        first, last = page_spans(document)[evidence.page]
        if not any(first <= start < last for start, _ in found):
            places = sorted({document.locate(*span).page or 0 for span in found})
            yield EvidenceProblem(
                "error",
                f"“{_short(quote)}” is not on page {evidence.page} of {evidence.path}: {_pages(places)} has it.",
            )
    for where, spans in _narrower(evidence, document):
        if spans and not any(one[0] < other[1] and other[0] < one[1] for one in found for other in spans):
            yield EvidenceProblem(
                "error", f"“{_short(quote)}” is not {where} of {evidence.path}: {_told(found, document)} has it."
            )
    if evidence.page is None and len(found) > 1 and not (evidence.lines or evidence.section):
        told = f"say which is meant ({_told(found, document)})"
        yield EvidenceProblem("warning", f"“{_short(quote)}” occurs {len(found)} times in {evidence.path}: {told}.")


def _narrower(evidence: GoldEvidence, document: Document) -> Iterator[tuple[str, list[Span]]]:
    """The lines and the section that are named, in words and in characters: none where they are not there."""
    if evidence.lines:
        span = locate_evidence(GoldEvidence(evidence.path, evidence.page, lines=evidence.lines), document)
        yield f"on lines {evidence.lines[0]}–{evidence.lines[1]}", [span] if span else []
    if evidence.section:
        name = _flat(evidence.section)
        under = [one for one in document.sections if name in map(_flat, one.heading)]
        yield f"in the section “{evidence.section}”", [(one.char_start, one.char_end) for one in under]


def _flat(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def _told(spans: Sequence[Span], document: Document) -> str:
    return "; ".join(str(document.locate(*span)) for span in spans[:3])


def _nearest_path(path: str, paths: Sequence[str]) -> str:
    name = PurePosixPath(path).name
    near = [other for other in paths if PurePosixPath(other).name == name] or get_close_matches(path, paths, n=1)
    return f": is {near[0]} meant" if near else ""


def _extent(document: Document) -> str:
    numbers = sorted(page_spans(document))
    return f"its pages are {numbers[0]}–{numbers[-1]}" if numbers else "it has no pages"


def _pages(numbers: Sequence[int]) -> str:
    return f"page{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _nearest(heading: str, document: Document) -> str:
    headings = list(dict.fromkeys(part for section in document.sections for part in section.heading))
    near = get_close_matches(heading, headings, n=1, cutoff=0.4)
    return f": is “{near[0]}” meant" if near else ""


def _nearest_sentence(quote: str, document: Document) -> str:
    """The sentence that has most words in common with it."""
    wanted = set(stems(quote))
    spans = sentence_spans(document.text)
    if not wanted or not spans:
        return ""

    def likeness(span: Span) -> float:
        said = set(stems(document.text[slice(*span)]))
        return len(wanted & said) / len(wanted | said) if said else 0.0

    best = max(spans, key=likeness)
    if not likeness(best):
        return ""
    return f": the nearest, {document.locate(*best)}, is “{_short(document.text[slice(*best)])}”"


def _around(evidence: GoldEvidence, document: Document) -> str:
    """The page that is named, or on which the quote stands, else the file: an answer may be told beside the quote."""
    span = locate_evidence(evidence, document)
    page = evidence.page or (document.locate(*span).page if span else None)
    return document.text[slice(*page_spans(document).get(page or 0, (0, len(document.text))))]


def _stands(answer: str, text: str) -> bool:
    if f" {' '.join(words(answer))} " in f" {' '.join(words(text))} ":
        return True
    wanted, said = set(stems(answer)), set(stems(text))
    if not figures(answer) <= figures(text):
        return False
    return len(wanted & said) >= len(wanted) * (1 if len(wanted) <= _SHORT else _SAID)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTED else f"{flat[:_QUOTED]}…"
