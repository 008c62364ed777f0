"""Metrics of retrieval: by file as ir-measures computes them, by page, and by character."""

from collections.abc import Sequence

from eval.metrics.spans import characters, files, have_characters, pages, recall, shared_characters
from eval.optional import eval_extra
from eval.types import Location, Metric

with eval_extra():
    import ir_measures
    from ir_measures import RR, R, SetR, Success, nDCG

METRICS = (
    Metric("context_file_recall", "Share of the evidence's files that were retrieved.", guarded=True, margin=0.02),
    Metric("context_file_all", "Whether all of the evidence's files were retrieved.", kind="rate"),
    Metric("context_file_recall@5", "Share of the evidence's files among the first 5 files retrieved."),
    Metric("context_file_all@5", "Whether all of the evidence's files are among the first 5 retrieved.", kind="rate"),
    Metric("context_file_success@1", "Whether the first file retrieved is evidence.", kind="rate"),
    Metric("context_file_success@5", "Whether one of the first 5 files retrieved is evidence.", kind="rate"),
    Metric("context_file_mrr", "Reciprocal rank of the first retrieved file that is evidence."),
    Metric("context_file_ndcg@10", "Ranking of the evidence's files among the first 10 (nDCG)."),
    Metric("context_page_recall", "Share of the evidence's pages that were retrieved."),
    Metric("context_page1_recall", "Share of the evidence's pages that were retrieved, or beside a retrieved page."),
    Metric("context_span_recall", "Share of the evidence's characters that were retrieved.", guarded=True, margin=0.02),
    Metric("context_span_precision", "Share of the characters retrieved that are evidence."),
    Metric("context_span_iou", "Characters that are evidence and retrieved, divided by those that are either."),
    Metric("context_section_recall", "Share of the evidence's spans that the passages retrieved touch."),
    Metric("context_section_recall@3", "Share of the evidence's spans that the first 3 passages touch."),
    Metric("context_mrr", "Reciprocal rank of the first passage that touches the evidence's spans."),
)
"""Each file counts once, at its first passage. As evidence too: the benchmarks' ``score.py`` counts a file once per
place in it."""

_BY_FILE = {
    "context_file_recall": SetR,
    "context_file_recall@5": R @ 5,
    "context_file_success@1": Success @ 1,
    "context_file_success@5": Success @ 5,
    "context_file_mrr": RR,
    "context_file_ndcg@10": nDCG @ 10,
}


def retrieval_scores(gold: Sequence[Location], retrieved: Sequence[Location]) -> dict[str, float]:
    """Return the metrics of the retrieved passages, best first; ``gold`` must not be empty. No passage scores 0."""
    qrels = [ir_measures.Qrel("", place.path, 1) for place in files(gold)]
    ranking = [ir_measures.ScoredDoc("", place.path, -rank) for rank, place in enumerate(files(retrieved))]
    results = ir_measures.iter_calc(list(_BY_FILE.values()), qrels, ranking)
    values = {result.measure: float(result.value) for result in results}
    scores = {name: values[measure] for name, measure in _BY_FILE.items()}
    scores["context_file_all"] = float(scores["context_file_recall"] == 1)
    scores["context_file_all@5"] = float(scores["context_file_recall@5"] == 1)
    if any(place.page is not None for place in gold):
        scores["context_page_recall"] = recall(pages(gold), retrieved)
        scores["context_page1_recall"] = recall(pages(gold), retrieved, tolerance=1)
    if not have_characters(gold):
        return scores
    # as in Chroma's evaluation of chunking; each character counts once
    shared, total, either = shared_characters(gold, retrieved), characters(retrieved), characters([*gold, *retrieved])
    touching = [[shared_characters([span], [passage]) > 0 for span in dict.fromkeys(gold)] for passage in retrieved]
    first = next((rank for rank, touched in enumerate(touching, start=1) if any(touched)), None)
    return scores | {
        "context_span_recall": shared / characters(gold),
        "context_span_precision": shared / total if total else 0.0,
        "context_span_iou": shared / either,
        "context_section_recall": sum(map(any, zip(*touching, strict=True))) / len(set(gold)),
        "context_section_recall@3": sum(map(any, zip(*touching[:3], strict=True))) / len(set(gold)),
        "context_mrr": 1 / first if first else 0.0,
    }
