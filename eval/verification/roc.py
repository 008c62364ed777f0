"""How well the verifier separates false claims from true ones: its ROC curve, and its two thresholds on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from eval.optional import eval_extra
from eval.verification.claims import FALSE, SUPPORTED
from eval.verification.verifier_scores import ClaimScore
from rag.evidence import scoring

with eval_extra():
    from sklearn.metrics import roc_auc_score, roc_curve

THRESHOLDS = {"unsupported": scoring.WEAK, "unsupported or weak": scoring.SUPPORTED}


@dataclass(frozen=True, slots=True)
class Point:
    """A threshold's share of false claims found, and of true claims wrongly called false."""

    name: str
    found: float
    wrongly: float


def threshold_points(scores: Sequence[ClaimScore]) -> list[Point]:
    """Return a point for each threshold. ``scores`` holds both true and false claims."""
    return [
        Point(name, *(fmean(s.support < limit for s in scores if s.is_true == is_true) for is_true in (False, True)))
        for name, limit in THRESHOLDS.items()
    ]


def curve(scores: Sequence[ClaimScore]) -> tuple[list[float], list[float]]:
    """Return the shares of true claims called false, and of false claims found, by rising threshold."""
    wrongly, found, _ = roc_curve([not score.is_true for score in scores], [-score.support for score in scores])
    return wrongly.tolist(), found.tolist()


def area(scores: Sequence[ClaimScore]) -> float:
    """Return the area under the curve, from 0 to 1."""
    return float(roc_auc_score([not score.is_true for score in scores], [-score.support for score in scores]))


def rates_by_kind(scores: Sequence[ClaimScore]) -> Iterator[tuple[str, int, float, float]]:
    """Yield each kind of claim, its number, and its shares that are unsupported, and unsupported or weak."""
    for kind in (*SUPPORTED, *FALSE):
        supports = [score.support for score in scores if score.kind == kind]
        if supports:
            low, weak = (fmean(support < limit for support in supports) for limit in THRESHOLDS.values())
            yield kind, len(supports), low, weak
