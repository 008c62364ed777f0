"""Quality against time: which settings nothing else beats on both, which of them to take, and a picture of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from eval.optional import eval_extra
from eval.runs.folder import RunFolder
from eval.stats.differences import difference
from eval.types import Measure

_SIGNIFICANT = 0.05
_AS_QUICK = 1.1
"""So many times the shortest time counts as the same."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one combination of settings."""

    name: str
    values: dict[str, Any]
    run: str
    quality: float
    low: float
    high: float
    milliseconds: float | None
    """A question, at the median; None where every reply came from the cache."""


def front(outcomes: Sequence[Outcome], measure: Measure) -> list[Outcome]:
    """Those that no other is as good as and faster, or as fast as and better."""
    timed = [one for one in outcomes if one.milliseconds is not None]
    return [one for one in timed if not any(_beats(other, one, measure) for other in timed)]


def choose(outcomes: Sequence[Outcome], measure: Measure, runs: Path) -> Outcome:
    """The fastest of those whose answers the set cannot tell from the best one's, question by question.

    Of those that take a tenth longer at most, the best. ``runs`` holds their runs.
    """
    best = max(outcomes, key=lambda one: _worth(one, measure))
    near = [one for one in outcomes if one is best or _alike(best, one, measure, runs)]
    timed = [one for one in near if one.milliseconds is not None]
    quick = min(map(_time, timed), default=0.0) * _AS_QUICK
    return max(
        (one for one in timed if _time(one) <= quick), key=lambda one: (_worth(one, measure), -_time(one)), default=best
    )


def plot(outcomes: Sequence[Outcome], measure: Measure) -> str:
    """An SVG: every combination with its interval, the front joined by a line. The same for the same outcomes."""
    with eval_extra():
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    best = sorted(front(outcomes, measure), key=_time)
    timed = [one for one in outcomes if one.milliseconds is not None]
    with rc_context({"svg.hashsalt": "footnote", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        spread = [[one.quality - one.low for one in timed], [one.high - one.quality for one in timed]]
        at, quality = list(map(_time, timed)), [one.quality for one in timed]
        axes.errorbar(at, quality, yerr=spread, fmt="o", color="tab:gray", ecolor="lightgray", label="combination")
        axes.plot(list(map(_time, best)), [one.quality for one in best], "o-", label="Pareto front")
        for one in best:
            axes.annotate(one.name, (_time(one), one.quality), fontsize=7, xytext=(4, 4), textcoords="offset points")
        axes.set(xlabel="milliseconds a question, median", ylabel=f"{measure.name}, 95 % interval")
        axes.legend()
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def _alike(best: Outcome, one: Outcome, measure: Measure, runs: Path) -> bool:
    name, after = measure.name, RunFolder(runs / one.run).scored()
    told = [(b, after[b.id]) for b in RunFolder(runs / best.run).scored().values() if b.id in after]
    both = [(b, a) for b, a in told if name in b.scores and name in a.scores]
    before, since = [b.scores[name] for b, _ in both], [a.scores[name] for _, a in both]
    return bool(both) and difference(before, since, [b.cluster for b, _ in both], measure.kind).p >= _SIGNIFICANT


def _time(one: Outcome) -> float:
    return one.milliseconds or 0.0


def _worth(one: Outcome, measure: Measure) -> float:
    return one.quality if measure.better == "higher" else -one.quality


def _beats(other: Outcome, one: Outcome, measure: Measure) -> bool:
    worth = _worth(other, measure), -_time(other)
    than = _worth(one, measure), -_time(one)
    return worth != than and all(a >= b for a, b in zip(worth, than, strict=True))
