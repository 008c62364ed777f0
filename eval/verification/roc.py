"""How well the check tells false claims from true ones: its curve, and where its thresholds stand on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from eval.optional import eval_extra
from eval.verification.claims import FALSE, SUPPORTED
from eval.verification.verifier_scores import Outcome
from rag.evidence import scoring

with eval_extra():
    from sklearn.metrics import roc_auc_score, roc_curve

THRESHOLDS = {"unsupported": scoring.WEAK, "unsupported or weak": scoring.SUPPORTED}


@dataclass(frozen=True, slots=True)
class Point:
    """A verdict: the share of the false claims that it finds, and of the true ones that it calls false."""

    name: str
    found: float
    wrongly: float


def points(told: Sequence[Outcome]) -> list[Point]:
    """Of claims of both sorts."""
    return [
        Point(
            name,
            *(fmean(one.support < least for one in told if one.is_true == is_true) for is_true in (False, True)),
        )
        for name, least in THRESHOLDS.items()
    ]


def curve(told: Sequence[Outcome]) -> tuple[list[float], list[float]]:
    """Shares of the true claims called false, and of the false ones found, by rising threshold."""
    wrongly, found, _ = roc_curve([not one.is_true for one in told], [-one.support for one in told])
    return wrongly.tolist(), found.tolist()


def area(told: Sequence[Outcome]) -> float:
    return float(roc_auc_score([not one.is_true for one in told], [-one.support for one in told]))


def by_kind(told: Sequence[Outcome]) -> Iterator[tuple[str, int, float, float]]:
    """A kind of claims, how many, and the shares that are unsupported, and unsupported or weak."""
    for kind in (*SUPPORTED, *FALSE):
        scores = [one.support for one in told if one.kind == kind]
        if scores:
            low, weak = (fmean(score < least for score in scores) for least in THRESHOLDS.values())
            yield kind, len(scores), low, weak
