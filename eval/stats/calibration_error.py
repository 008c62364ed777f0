"""Calibration of an engine's confidence in its answers."""

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean
from typing import Any

import numpy as np

_BINS = 10
_POINTS = 50

ConfidencePair = tuple[float, float]
"""An answer's confidence, and 1 where it is correct, else 0."""


def calibration_curve(pairs: Sequence[ConfidencePair]) -> dict[str, Any]:
    """Return whether confidences equal accuracies; ``pairs`` are by falling confidence.

    ``bins``: the non-empty bins of equal width. ``ece``: the mean distance of confidence and accuracy over them.
    ``auroc``: how often a correct answer has more confidence than a wrong one. ``aurc``: the mean share of wrong
    answers over all thresholds of confidence. A value is None where there are too few answers.
    """
    bins = []
    for number in range(_BINS):
        members = [pair for pair in pairs if min(int(pair[0] * _BINS), _BINS - 1) == number]
        if members:
            confidence, correct = (fmean(values) for values in zip(*members, strict=True))
            low, high = number / _BINS, (number + 1) / _BINS
            bins.append({"low": low, "high": high, "n": len(members), "confidence": confidence, "correct": correct})
    return {
        "n": len(pairs),
        "bins": bins,
        "ece": sum(b["n"] * abs(b["confidence"] - b["correct"]) for b in bins) / len(pairs) if pairs else None,
        "brier": fmean([(confidence - right) ** 2 for confidence, right in pairs]) if pairs else None,
        **_ranking_scores(pairs),
    }


def _ranking_scores(pairs: Sequence[ConfidencePair]) -> dict[str, float | None]:
    """Return ``auroc`` and ``aurc``. Answers of equal confidence share their mean accuracy: none comes first."""
    from sklearn.metrics import roc_auc_score

    right, risks = [right for _, right in pairs], list[float]()
    for _, group in groupby(pairs, key=lambda pair: pair[0]):
        tied = [right for _, right in group]
        risks += [1 - fmean(tied)] * len(tied)
    return {
        "auroc": float(roc_auc_score(right, [c for c, _ in pairs])) if len(set(right)) == 2 else None,
        "aurc": float(np.mean(np.cumsum(risks) / np.arange(1, len(risks) + 1))) if risks else None,
    }


def coverage_accuracy(pairs: Sequence[ConfidencePair], questions: int) -> list[dict[str, float]]:
    """Return, by threshold of confidence, the share of questions answered and how many of those answers are right.

    At most 50 points, by falling threshold. ``questions`` counts the declined and the failed too.
    """
    thresholds = sorted({confidence for confidence, _ in pairs}, reverse=True)
    shown = np.unique(np.linspace(0, len(thresholds) - 1, min(_POINTS, len(thresholds))).round().astype(int))
    points = []
    for threshold in (thresholds[i] for i in shown):
        right = [right for confidence, right in pairs if confidence >= threshold]
        points.append({"threshold": threshold, "coverage": len(right) / questions, "accuracy": fmean(right)})
    return points
