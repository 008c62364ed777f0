"""What a run comes to: each measure's mean and interval, how far its confidence can be trusted, tokens, time."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from eval.metrics.judgements import add_judgements
from eval.metrics.scoring import METRICS, score_cases
from eval.runs.folder import RunFolder
from eval.stats.calibration_error import ConfidencePair, calibration_curve, coverage_accuracy
from eval.stats.intervals import confidence_interval
from eval.types import CaseScores, Metric, Row

_DIGITS = 6


def finish_run(folder: RunFolder) -> dict[str, Any]:
    """Writes ``scores.jsonl``, with what a judge said where there is one, ``summary.json``, ``timings.json``; returns
    the summary."""
    rows = folder.rows()
    told = add_judgements(folder, score_cases(folder.cases, rows))
    summary = summarise(told, rows)
    folder.write_json("timings.json", summarise_timings(rows.values()))
    folder.write_json("summary.json", summary)
    folder.write_scores(told)
    return summary


def summarise(scored: Sequence[CaseScores], rows: Mapping[str, Row]) -> dict[str, Any]:
    """The same for the same questions and answers, whenever and in whatever order they were asked; to 6 digits.

    ``scored`` are in the order of the gold, ``rows`` by question.
    """
    sure = _confident(scored, rows)
    asked = sum(one.status != "retrieved" for one in scored)
    usages = [rows[one.id].usage for one in scored]
    return _rounded(
        {
            "questions": len(scored),
            "measures": {m.name: _with_interval(m, told) for m in METRICS if (told := _having(m, scored))},
            "kinds": {kind: _means(scored, kind) for kind in sorted({one.kind for one in scored} - {""})},
            "calibration": calibration_curve(sure),
            "coverage_accuracy": coverage_accuracy(sure, asked),
            "tokens": {
                "input": _total(usage.input_tokens for usage in usages),
                "output": _total(usage.output_tokens for usage in usages),
            },
            "cost": _total(rows[one.id].cost for one in scored),
        }
    )


def _having(measure: Metric, scored: Sequence[CaseScores]) -> list[CaseScores]:
    return [one for one in scored if measure.name in one.scores]


def _with_interval(measure: Metric, told: Sequence[CaseScores]) -> dict[str, float]:
    values = [one.scores[measure.name] for one in told]
    around = confidence_interval(values, [one.cluster for one in told], measure.kind)
    return {"value": fmean(values), "low": around.low, "high": around.high, "n": len(values)}


def _means(scored: Sequence[CaseScores], kind: str) -> dict[str, dict[str, float]]:
    of_kind = [one for one in scored if one.kind == kind]
    values = {m.name: [one.scores[m.name] for one in _having(m, of_kind)] for m in METRICS}
    return {name: {"value": fmean(having), "n": len(having)} for name, having in values.items() if having}


def _confident(scored: Sequence[CaseScores], rows: Mapping[str, Row]) -> list[ConfidencePair]:
    """Of the answered, the surest first: of what declined or failed there is no answer to be sure of."""
    answered = [(rows[one.id].confidence, one.scores.get("correct")) for one in scored if "brier" in one.scores]
    return sorted(((sure, right) for sure, right in answered if sure is not None and right is not None), reverse=True)


def summarise_timings(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """Seconds by stage, of what was asked in this run and answered: replies from the cache tell nothing of its time."""
    timed = [row.timings for row in rows if row.timings and not row.cached and row.error is None]
    stages = {
        stage: [told[stage] for told in timed if stage in told] for stage in sorted({s for t in timed for s in t})
    }
    return {stage: _seconds(values) for stage, values in stages.items()}


def _seconds(values: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(values, (50, 95))
    return _rounded({"p50": float(p50), "p95": float(p95), "mean": fmean(values), "n": len(values)})


def _total(told: Iterable[float | None]) -> float | None:
    """Of those that tell; None where none does."""
    known = [value for value in told if value is not None]
    return sum(known) if known else None


def _rounded(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _round(value) for key, value in told.items()}


def _round(value: Any) -> Any:
    if isinstance(value, dict):
        return _rounded(value)
    if isinstance(value, list):
        return [_round(part) for part in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
