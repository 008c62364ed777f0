"""Everything that is measured of a question, and what applies to which."""

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
    Metric("brier", "Squared distance of an answer's confidence from whether it is correct.", "lower"),
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
    """The measures that apply, to 6 digits.

    Retrieval and citations are judged of answerable cases with evidence, answers of those with gold answers. A row
    that failed retrieved, cited and said nothing; of one that was not to be answered only retrieval is judged.
    """
    gold = (row.gold or tuple(Location(item.path, item.page) for item in case.evidence)) if case.answerable else ()
    told = {"failed": float(row.status == "failed")}
    if gold:
        told |= retrieval_scores(gold, [found.place for found in row.retrieved])
    if row.status != "retrieved":
        told |= _of_answer(case, row, gold)
    return {measure.name: round(told[measure.name], 6) for measure in METRICS if measure.name in told}


def _of_answer(case: GoldCase, row: Row, gold: Sequence[Location]) -> dict[str, float]:
    told = support_scores(row) | _confidence(row, is_correct(case, row, gold))
    if not case.answerable:
        return told | {"declined_unanswerable": float(row.declined), "cited_unanswerable": float(bool(row.citations))}
    if gold:
        told |= citation_scores(gold, [cited.place for cited in row.citations])
    if case.answers:
        told |= answer_scores(case, row)
    conduct = {"declined_answerable": float(row.declined), "partly_answerable": float(row.status == "partly")}
    return told | conduct | {"has_citation": float(bool(row.citations))}


def _confidence(row: Row, right: bool | None) -> dict[str, float]:
    """One that declines is not sure of an answer: there is none whose correctness its confidence would tell."""
    if right is None:
        return {}
    if row.confidence is None or row.status not in ("answered", "partly"):
        return {"correct": float(right)}
    return {"correct": float(right), "brier": (row.confidence - right) ** 2}


def score_cases(cases: Iterable[GoldCase], rows: Mapping[str, Row]) -> list[CaseScores]:
    """Those that have a row, in the order of the cases. ``rows`` are by question, as ``RunFolder.rows`` gives them."""
    return [
        CaseScores(case.id, case.kind, cluster_of(case), row.status, score_case(case, row), _hash(case))
        for case in cases
        if (row := rows.get(case.id))
    ]


def _hash(case: GoldCase) -> str:
    return hashlib.sha256(write_gold([case]).encode()).hexdigest()[:12]


def cluster_of(case: GoldCase) -> str:
    """Questions on one document err together: its path, or the question's id where it has none."""
    return case.evidence[0].path if case.evidence else case.id
