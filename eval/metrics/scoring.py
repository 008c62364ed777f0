"""All metrics of a question, and the scores of those that apply."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from eval.gold.files import write_gold
from eval.metrics import answers, citations, judgements, retrieval
from eval.metrics.answers import answer_scores, is_correct
from eval.metrics.citations import citation_scores, support_scores
from eval.metrics.retrieval import retrieval_scores
from eval.types import CaseScores, GoldCase, Location, Metric, Row

_CONDUCT = (
    Metric(
        "declined_answerable",
        "Whether it declined, where the documents answer.",
        "lower",
        kind="rate",
        guarded=True,
        margin=0.02,
    ),
    Metric(
        "declined_unanswerable",
        "Whether it declined, where the documents give no answer.",
        kind="rate",
        guarded=True,
        margin=0.02,
    ),
    Metric(
        "partly_answerable",
        "Whether it says that it answers only a part, where the documents answer.",
        "lower",
        kind="rate",
    ),
    Metric(
        "unverified_answerable",
        "Whether no source bears out its answer, where the documents answer.",
        "lower",
        kind="rate",
    ),
    Metric("brier", "Squared difference between an answer's confidence and its correctness (0 or 1).", "lower"),
    Metric("failed", "Whether there is an error in place of an answer.", "lower", kind="rate", guarded=True),
)

METRICS: tuple[Metric, ...] = (
    *answers.METRICS,
    *citations.METRICS,
    *_CONDUCT,
    *retrieval.METRICS,
    *judgements.METRICS,
)
METRICS_BY_NAME: Mapping[str, Metric] = {measure.name: measure for measure in METRICS}


def score_case(case: GoldCase, row: Row) -> dict[str, float]:
    """Return the metrics that apply, to 6 digits.

    Retrieval and citations are scored for answerable cases with evidence, answers for those with gold answers. A
    failed row scores as one without passages, citations and text. A row of retrieval alone scores retrieval only.
    """
    gold = (row.gold or tuple(Location(item.path, item.page) for item in case.evidence)) if case.answerable else ()
    scores = {"failed": float(row.status == "failed")}
    if gold:
        scores |= retrieval_scores(gold, [passage.place for passage in row.retrieved])
    if row.status != "retrieved":
        scores |= _score_answer(case, row, gold)
    return {metric.name: round(scores[metric.name], 6) for metric in METRICS if metric.name in scores}


def _score_answer(case: GoldCase, row: Row, gold: Sequence[Location]) -> dict[str, float]:
    scores, correct = support_scores(row), is_correct(case, row, gold)
    if correct is not None:
        scores["correct"] = float(correct)
        if row.confidence is not None and row.answers:  # declining has no confidence
            scores["brier"] = (row.confidence - correct) ** 2
    if not case.answerable:
        return scores | {"declined_unanswerable": float(row.declined), "cited_unanswerable": float(bool(row.citations))}
    if gold:
        scores |= citation_scores(gold, [cited.place for cited in row.citations])
    if case.answers:
        scores |= answer_scores(case, row)
    conduct = {
        "declined_answerable": float(row.declined),
        "partly_answerable": float(row.status == "partly"),
        "unverified_answerable": float(row.status == "unverified"),
    }
    return scores | conduct | {"has_citation": float(bool(row.citations))}


def score_cases(cases: Iterable[GoldCase], rows: Mapping[str, Row]) -> list[CaseScores]:
    """Return the scores of the cases that have a row, in the order of the cases; ``rows`` are by question."""
    scores = []
    for case in cases:
        if row := rows.get(case.id):
            case_hash = hashlib.sha256(write_gold([case]).encode()).hexdigest()[:12]
            scores.append(
                CaseScores(case.id, case.kind, cluster_of(case), row.status, score_case(case, row), case_hash)
            )
    return scores


def cluster_of(case: GoldCase) -> str:
    """Return the document's path, else the question's id: errors on one document are correlated."""
    return case.evidence[0].path if case.evidence else case.id
