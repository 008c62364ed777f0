"""What a run comes to: each measure's mean and interval, how far its confidence can be trusted, tokens, time."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from eval.folders import RunFolder
from eval.intervals import interval
from eval.judgements import with_judgements
from eval.measures import MEASURES, scored
from eval.types import Measure, Row, Scored

_BINS = 10
_POINTS = 50
_DIGITS = 6


def finish(folder: RunFolder) -> dict[str, Any]:
    """Writes ``scores.jsonl``, with what a judge said where there is one, ``summary.json``, ``timings.json``; returns
    the summary."""
    rows = folder.rows()
    told = with_judgements(folder, scored(folder.cases, rows))
    summary = summarise(told, rows)
    folder.write_json("timings.json", timings(rows.values()))
    folder.write_json("summary.json", summary)
    folder.write_scores(told)
    return summary


def summarise(scored: Sequence[Scored], rows: Mapping[str, Row]) -> dict[str, Any]:
    """The same for the same questions and answers, whenever and in whatever order they were asked; to 6 digits.

    ``scored`` are in the order of the gold, ``rows`` by question.
    """
    sure = _confident(scored, rows)
    asked = sum(one.status != "retrieved" for one in scored)
    usages = [rows[one.id].usage for one in scored]
    return _rounded(
        {
            "questions": len(scored),
            "measures": {m.name: _with_interval(m, told) for m in MEASURES if (told := _having(m, scored))},
            "kinds": {kind: _means(scored, kind) for kind in sorted({one.kind for one in scored} - {""})},
            "calibration": calibration(sure),
            "coverage_accuracy": coverage_accuracy(sure, asked),
            "tokens": {
                "input": _total(usage.input_tokens for usage in usages),
                "output": _total(usage.output_tokens for usage in usages),
            },
            "cost": _total(rows[one.id].cost for one in scored),
        }
    )


def _having(measure: Measure, scored: Sequence[Scored]) -> list[Scored]:
    return [one for one in scored if measure.name in one.scores]


def _with_interval(measure: Measure, told: Sequence[Scored]) -> dict[str, float]:
    values = [one.scores[measure.name] for one in told]
    around = interval(values, [one.cluster for one in told], measure.kind)
    return {"value": _mean(values), "low": around.low, "high": around.high, "n": len(values)}


def _means(scored: Sequence[Scored], kind: str) -> dict[str, dict[str, float]]:
    of_kind = [one for one in scored if one.kind == kind]
    values = {m.name: [one.scores[m.name] for one in _having(m, of_kind)] for m in MEASURES}
    return {name: {"value": _mean(having), "n": len(having)} for name, having in values.items() if having}


Sure = tuple[float, float]
"""An answer's confidence, and 1 where it is correct, else 0."""


def _confident(scored: Sequence[Scored], rows: Mapping[str, Row]) -> list[Sure]:
    """Of the answered, the surest first: of what declined or failed there is no answer to be sure of."""
    answered = [(rows[one.id].confidence, one.scores.get("correct")) for one in scored if "brier" in one.scores]
    return sorted(((sure, right) for sure, right in answered if sure is not None and right is not None), reverse=True)


def calibration(sure: Sequence[Sure]) -> dict[str, Any]:
    """Whether answers given with a confidence of .8 are correct 8 times in 10.

    ``bins`` of equal width, those that are not empty; ``ece``, the mean distance of confidence and correctness over
    them; ``auroc``, how often a correct answer is surer than a wrong one; ``aurc``, the mean share of wrong answers
    over all ways to answer only the surest. None where there is nothing to tell it by.
    """
    bins = [_bin(number, sure) for number in sorted({_bin_of(confidence) for confidence, _ in sure})]
    return {
        "n": len(sure),
        "bins": bins,
        "ece": sum(b["n"] * abs(b["confidence"] - b["correct"]) for b in bins) / len(sure) if sure else None,
        "brier": _mean([(confidence - right) ** 2 for confidence, right in sure]) if sure else None,
        "auroc": _auroc(sure),
        "aurc": _aurc(sure) if sure else None,
    }


def _bin_of(confidence: float) -> int:
    return min(int(confidence * _BINS), _BINS - 1)


def _bin(number: int, sure: Sequence[Sure]) -> dict[str, float]:
    within = [one for one in sure if _bin_of(one[0]) == number]
    return {
        "low": number / _BINS,
        "high": (number + 1) / _BINS,
        "n": len(within),
        "confidence": _mean([confidence for confidence, _ in within]),
        "correct": _mean([right for _, right in within]),
    }


def _auroc(sure: Sequence[Sure]) -> float | None:
    from sklearn.metrics import roc_auc_score

    right = [right for _, right in sure]
    return float(roc_auc_score(right, [confidence for confidence, _ in sure])) if len(set(right)) == 2 else None


def _aurc(sure: Sequence[Sure]) -> float:
    wrong = [1 - accuracy for accuracy, number in _steps(sure) for _ in range(number)]
    return float(np.mean(np.cumsum(wrong) / np.arange(1, len(wrong) + 1)))


def _steps(sure: Sequence[Sure]) -> list[tuple[float, int]]:
    """Share correct and number of those that are equally sure, which none comes before the other."""
    tied = [[right for _, right in group] for _, group in groupby(sure, key=lambda one: one[0])]
    return [(_mean(group), len(group)) for group in tied]


def coverage_accuracy(sure: Sequence[Sure], asked: int) -> list[dict[str, float]]:
    """If only those at least as sure as ``threshold`` were answered: the share that is, and how many of them are right.

    At most 50 points, by falling confidence. ``asked`` counts the declined and the failed too.
    """
    thresholds = sorted({confidence for confidence, _ in sure}, reverse=True)
    kept = np.unique(np.linspace(0, len(thresholds) - 1, min(_POINTS, len(thresholds))).round().astype(int))
    return [_point(threshold, sure, asked) for threshold in (thresholds[i] for i in kept)]


def _point(threshold: float, sure: Sequence[Sure], asked: int) -> dict[str, float]:
    right = [right for confidence, right in sure if confidence >= threshold]
    return {"threshold": threshold, "coverage": len(right) / asked, "accuracy": _mean(right)}


def timings(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """Seconds by stage, of what was asked in this run and answered: replies from the cache tell nothing of its time."""
    timed = [row.timings for row in rows if row.timings and not row.cached and row.error is None]
    stages = {
        stage: [told[stage] for told in timed if stage in told] for stage in sorted({s for t in timed for s in t})
    }
    return {stage: _seconds(values) for stage, values in stages.items()}


def _seconds(values: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(values, (50, 95))
    return _rounded({"p50": float(p50), "p95": float(p95), "mean": _mean(values), "n": len(values)})


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


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
