"""The summary of a run: each metric's mean and interval, calibration of confidence, tokens, cost, timings."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from eval.metrics.judgements import METRICS as JUDGED
from eval.metrics.judgements import add_judgements
from eval.metrics.scoring import METRICS, score_cases
from eval.runs.folder import RunFolder
from eval.stats.calibration_error import calibration_curve, coverage_accuracy
from eval.stats.intervals import confidence_interval
from eval.types import CaseScores, Row

_DIGITS = 6


def finish_run(folder: RunFolder) -> dict[str, Any]:
    """Write ``scores.jsonl``, a judge's metrics included, ``summary.json`` and ``timings.json``; return the summary."""
    rows = folder.rows()
    scores = add_judgements(folder, score_cases(folder.cases, rows))
    summary = summarise(scores, rows)
    folder.write_json("timings.json", summarise_timings(rows.values()))
    folder.write_json("summary.json", summary)
    folder.write_scores(scores)
    return summary


def summarise_judgements(folder: RunFolder) -> dict[str, Any]:
    """Return the judge's measures and the number of questions. A finished run's files get them too."""
    if (folder.path / "scores.jsonl").exists():
        summary = finish_run(folder)
    else:
        rows = folder.rows()
        summary = summarise(add_judgements(folder, score_cases(folder.cases, rows)), rows)
    measures = {m.name: summary["measures"][m.name] for m in JUDGED if m.name in summary["measures"]}
    return {"questions": summary["questions"], "measures": measures}


def summarise(scores: Sequence[CaseScores], rows: Mapping[str, Row]) -> dict[str, Any]:
    """Return the summary, to 6 digits: identical for the same answers, in whatever order they were asked.

    ``scores`` are in the order of the gold, ``rows`` by question.
    """
    pairs = [(rows[item.id].confidence, item.scores.get("correct")) for item in scores if "brier" in item.scores]
    confidences = sorted(((c, right) for c, right in pairs if c is not None and right is not None), reverse=True)
    usages = [rows[item.id].usage for item in scores]
    metrics = dict[str, dict[str, float]]()
    for metric in METRICS:
        if measured := [item for item in scores if metric.name in item.scores]:
            values = [item.scores[metric.name] for item in measured]
            bounds = confidence_interval(values, [item.cluster for item in measured], metric.kind)
            metrics[metric.name] = {"value": fmean(values), "low": bounds.low, "high": bounds.high, "n": len(values)}
    kinds: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in sorted({s.kind for s in scores} - {""})}
    for kind, means in kinds.items():
        for name in metrics:
            if values := [item.scores[name] for item in scores if item.kind == kind and name in item.scores]:
                means[name] = {"value": fmean(values), "n": len(values)}
    return _rounded(
        {
            "questions": len(scores),
            "measures": metrics,
            "kinds": kinds,
            "calibration": calibration_curve(confidences),
            "coverage_accuracy": coverage_accuracy(confidences, sum(item.status != "retrieved" for item in scores)),
            "tokens": {
                "input": _total(usage.input_tokens for usage in usages),
                "output": _total(usage.output_tokens for usage in usages),
            },
            "cost": _total(rows[item.id].cost for item in scores),
        }
    )


def format_summary(summary: Mapping[str, Any], timings: Mapping[str, Any], *, every: bool = False) -> str:
    """Return the guarded measures, or every one, as lines for the terminal."""
    measured = summary["measures"]
    correct, seconds = measured.get("correct"), timings.get("total")
    right = f", {round(correct['value'] * correct['n'])} of {correct['n']} right" if correct else ""
    time = f", {seconds['p50']:.2f} s per question" if seconds else ""
    lines = [f"{summary['questions']} questions{right}{time}"]
    for metric in METRICS:
        if (value := measured.get(metric.name)) and (metric.guarded or every):
            interval = f"{value['value']:.3f}  [{value['low']:.3f}, {value['high']:.3f}]"
            lower = ", lower is better" if metric.better == "lower" else ""
            lines.append(f"  {interval}  {metric.name}, of {value['n']}{lower}")
    if not every:
        more = sum(not metric.guarded for metric in METRICS if metric.name in measured)
        lines.append(f"--all shows {more} more measures.")
    return "\n".join(lines)


def summarise_timings(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """Return percentiles and mean seconds by stage, of the answers given in this run: not those from the cache."""
    timings = [row.timings for row in rows if row.timings and not row.cached and row.error is None]
    summary = dict[str, dict[str, float]]()
    for stage in sorted({stage for timing in timings for stage in timing}):
        seconds = [timing[stage] for timing in timings if stage in timing]
        p50, p95 = np.percentile(seconds, (50, 95))
        values = {"p50": float(p50), "p95": float(p95), "mean": fmean(seconds), "n": len(seconds)}
        summary[stage] = _rounded(values)
    return summary


def _total(values: Iterable[float | None]) -> float | None:
    """Return the sum of the known values; None where none is known."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _round(value) for key, value in values.items()}


def _round(value: Any) -> Any:
    if isinstance(value, dict):
        return _rounded(value)
    if isinstance(value, list):
        return [_round(part) for part in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
