"""Quality against time: which settings nothing else beats on both, which of them to take, and a picture of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from eval.extra import eval_extra
from eval.types import Measure


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


def choose(outcomes: Sequence[Outcome], measure: Measure) -> Outcome:
    """The fastest of those whose quality lies within the interval of the best: they cannot be told apart by it."""
    best = max(outcomes, key=lambda one: _worth(one, measure))
    near = [one for one in outcomes if best.low <= one.quality <= best.high]
    timed = [one for one in near if one.milliseconds is not None]
    return min(timed, key=lambda one: (one.milliseconds, -_worth(one, measure)), default=best)


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


def _time(one: Outcome) -> float:
    return one.milliseconds or 0.0


def _worth(one: Outcome, measure: Measure) -> float:
    return one.quality if measure.better == "higher" else -one.quality


def _beats(other: Outcome, one: Outcome, measure: Measure) -> bool:
    worth = _worth(other, measure), -_time(other)
    than = _worth(one, measure), -_time(one)
    return worth != than and all(a >= b for a, b in zip(worth, than, strict=True))
