"""How far an engine's confidence in its answers can be trusted."""

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean
from typing import Any

import numpy as np

_BINS = 10
_POINTS = 50

ConfidencePair = tuple[float, float]
"""An answer's confidence, and 1 where it is correct, else 0."""


def calibration_curve(sure: Sequence[ConfidencePair]) -> dict[str, Any]:
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
        "brier": fmean([(confidence - right) ** 2 for confidence, right in sure]) if sure else None,
        "auroc": _auroc(sure),
        "aurc": _aurc(sure) if sure else None,
    }


def _bin_of(confidence: float) -> int:
    return min(int(confidence * _BINS), _BINS - 1)


def _bin(number: int, sure: Sequence[ConfidencePair]) -> dict[str, float]:
    within = [one for one in sure if _bin_of(one[0]) == number]
    return {
        "low": number / _BINS,
        "high": (number + 1) / _BINS,
        "n": len(within),
        "confidence": fmean([confidence for confidence, _ in within]),
        "correct": fmean([right for _, right in within]),
    }


def _auroc(sure: Sequence[ConfidencePair]) -> float | None:
    from sklearn.metrics import roc_auc_score

    right = [right for _, right in sure]
    return float(roc_auc_score(right, [confidence for confidence, _ in sure])) if len(set(right)) == 2 else None


def _aurc(sure: Sequence[ConfidencePair]) -> float:
    wrong = [1 - accuracy for accuracy, number in _steps(sure) for _ in range(number)]
    return float(np.mean(np.cumsum(wrong) / np.arange(1, len(wrong) + 1)))


def _steps(sure: Sequence[ConfidencePair]) -> list[tuple[float, int]]:
    """Share correct and number of those that are equally sure, which none comes before the other."""
    tied = [[right for _, right in group] for _, group in groupby(sure, key=lambda one: one[0])]
    return [(fmean(group), len(group)) for group in tied]


def coverage_accuracy(sure: Sequence[ConfidencePair], asked: int) -> list[dict[str, float]]:
    """If only those at least as sure as ``threshold`` were answered: the share that is, and how many of them are right.

    At most 50 points, by falling confidence. ``asked`` counts the declined and the failed too.
    """
    thresholds = sorted({confidence for confidence, _ in sure}, reverse=True)
    kept = np.unique(np.linspace(0, len(thresholds) - 1, min(_POINTS, len(thresholds))).round().astype(int))
    return [_point(threshold, sure, asked) for threshold in (thresholds[i] for i in kept)]


def _point(threshold: float, sure: Sequence[ConfidencePair], asked: int) -> dict[str, float]:
    right = [right for confidence, right in sure if confidence >= threshold]
    return {"threshold": threshold, "coverage": len(right) / asked, "accuracy": fmean(right)}
