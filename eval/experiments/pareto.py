"""Quality against time: the Pareto front of a sweep, the choice from it, and a plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from eval.optional import eval_extra
from eval.runs.folder import RunFolder
from eval.stats.differences import paired_difference
from eval.types import Metric

_SIGNIFICANT = 0.05
_TIME_RATIO = 1.1
"""Times up to this multiple of the shortest count as equal."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The quality and time of one combination of settings."""

    name: str
    values: dict[str, Any]
    run: str
    quality: float
    low: float
    high: float
    milliseconds: float | None
    """The median per question; None where every reply came from the cache."""


def pareto_front(results: Sequence[SweepResult], measure: Metric) -> list[SweepResult]:
    """Return the timed results that no other one beats: as good and faster, or as fast and better."""
    points = [
        (_quality(result, measure), -_time(result), result) for result in results if result.milliseconds is not None
    ]
    return [
        result
        for quality, speed, result in points
        if not any(q >= quality and s >= speed and (q, s) != (quality, speed) for q, s, _ in points)
    ]


def choose(results: Sequence[SweepResult], measure: Metric, runs: Path) -> SweepResult:
    """Return the fastest result whose answers do not differ significantly from the best one's.

    Of those that take at most a tenth longer, it is the best. ``runs`` is the folder of their runs.
    """
    best = max(results, key=lambda result: _quality(result, measure))
    before, name, near = RunFolder(runs / best.run).scores(), measure.name, [best]
    for result in (result for result in results if result is not best):
        after = RunFolder(runs / result.run).scores()
        pairs = [(before[id_], after[id_]) for id_ in before if id_ in after]
        pairs = [(b, a) for b, a in pairs if name in b.scores and name in a.scores]
        old, new = [b.scores[name] for b, _ in pairs], [a.scores[name] for _, a in pairs]
        if pairs and paired_difference(old, new, [b.cluster for b, _ in pairs], measure.kind).p >= _SIGNIFICANT:
            near.append(result)
    timed = [result for result in near if result.milliseconds is not None]
    limit = min(map(_time, timed), default=0.0) * _TIME_RATIO
    fast = [result for result in timed if _time(result) <= limit]
    return max(fast, key=lambda result: (_quality(result, measure), -_time(result)), default=best)


def plot_results(results: Sequence[SweepResult], measure: Metric) -> str:
    """Return an SVG: each combination with its interval, the front joined by a line. Equal results give equal bytes."""
    with eval_extra():
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    front = sorted(pareto_front(results, measure), key=_time)
    timed = [result for result in results if result.milliseconds is not None]
    with rc_context({"svg.hashsalt": "footnote", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        spread = [[r.quality - r.low for r in timed], [r.high - r.quality for r in timed]]
        times, quality = list(map(_time, timed)), [result.quality for result in timed]
        axes.errorbar(times, quality, yerr=spread, fmt="o", color="tab:gray", ecolor="lightgray", label="combination")
        axes.plot(list(map(_time, front)), [result.quality for result in front], "o-", label="Pareto front")
        for r in front:
            axes.annotate(r.name, (_time(r), r.quality), fontsize=7, xytext=(4, 4), textcoords="offset points")
        axes.set(xlabel="milliseconds per question, median", ylabel=f"{measure.name}, 95 % interval")
        axes.legend()
        image = StringIO()
        figure.savefig(image, format="svg", metadata={"Date": None})
    return image.getvalue()


def _time(result: SweepResult) -> float:
    return result.milliseconds or 0.0


def _quality(result: SweepResult, measure: Metric) -> float:
    """Higher is better, whatever the measure."""
    return result.quality if measure.better == "higher" else -result.quality
