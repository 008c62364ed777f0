"""Metrics of an answer's citations: against the evidence, and by the answer's own verification."""

from collections.abc import Sequence

from eval.metrics.spans import characters, files, have_characters, pages, precision, recall, shared_characters
from eval.types import Location, Metric, Row

METRICS = (
    Metric("citation_file_recall", "Share of the evidence's files that are cited.", guarded=True, margin=0.02),
    Metric(
        "citation_file_precision",
        "Share of the citations whose file is evidence.",
        guarded=True,
        margin=0.02,
        of_answer=True,
    ),
    Metric("citation_page_recall", "Share of the evidence's pages that are cited."),
    Metric("citation_page_precision", "Share of the citations whose page is evidence."),
    Metric(
        "citation_page1_recall",
        "Share of the evidence's pages that are cited, or beside a cited page.",
        guarded=True,
        margin=0.02,
    ),
    Metric("citation_page1_precision", "Share of the citations at most a page from the evidence."),
    Metric("citation_span_recall", "Share of the evidence's characters that are quoted.", guarded=True, margin=0.02),
    Metric("citation_span_precision", "Share of the characters quoted that are evidence."),
    Metric("has_citation", "Whether anything is cited, where the documents answer.", kind="rate"),
    Metric(
        "cited_unanswerable", "Whether anything is cited, where the documents give no answer.", "lower", kind="rate"
    ),
    Metric(
        "sentences_supported",
        "Share of the answer's sentences that their citations support (ALCE's citation recall).",
        guarded=True,
        margin=0.02,
        of_answer=True,
    ),
    Metric(
        "sentences_unsupported", "Share of the answer's sentences without citations or without any support.", "lower"
    ),
    Metric(
        "citations_needed",
        "Share of the citations in a supported sentence (ALCE's citation precision, but redundant ones count too).",
    ),
)
"""Without citations recall is 0 and precision is undefined. A file or page that is evidence twice counts once;
the benchmarks' ``score.py`` counts it twice."""


def citation_scores(gold: Sequence[Location], cited: Sequence[Location]) -> dict[str, float]:
    """Return recall and precision against the evidence; ``gold`` must not be empty."""
    scores = _at("citation_file", files(gold), cited, 0)
    if any(place.page is not None for place in gold):
        scores |= _at("citation_page", pages(gold), cited, 0) | _at("citation_page1", pages(gold), cited, 1)
    if have_characters(gold):
        shared, quoted = shared_characters(gold, cited), characters(cited)
        scores["citation_span_recall"] = shared / characters(gold)
        if quoted:
            scores["citation_span_precision"] = shared / quoted
    return scores


def _at(name: str, gold: Sequence[Location], cited: Sequence[Location], tolerance: int) -> dict[str, float]:
    scores = {f"{name}_recall": recall(gold, cited, tolerance)}
    return scores | ({f"{name}_precision": precision(gold, cited, tolerance)} if cited else {})


def support_scores(row: Row) -> dict[str, float]:
    """Return the metrics by the row's own verdicts; none for a row without sentences."""
    if not row.sentences:
        return {}
    verdicts = [sentence.verdict for sentence in row.sentences]
    needed = {number for sentence in row.sentences if sentence.verdict == "supported" for number in sentence.citations}
    scores = {
        "sentences_supported": verdicts.count("supported") / len(verdicts),
        "sentences_unsupported": (verdicts.count("unsupported") + verdicts.count("uncited")) / len(verdicts),
    }
    numbers = {cited.number for cited in row.citations}
    return scores | ({"citations_needed": len(needed & numbers) / len(numbers)} if numbers else {})
