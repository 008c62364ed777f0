"""The plots of a report, as SVG."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from eval.metrics.scoring import METRICS_BY_NAME
from eval.optional import eval_extra
from eval.reports.diagnosis import holds
from eval.reports.plot_style import ACCENT, INK, RIGHT, SOFT, WRONG, Plot, annotate, render
from eval.types import CaseScores, Row
from eval.verification.roc import area, curve, threshold_points
from eval.verification.verifier_scores import ClaimScore

with eval_extra():
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

_BINS = 20
_STAGES = ("rewrite", "retrieve", "first_token", "generate", "check", "total")
_MOST_KINDS = 8
"""As many columns as are readable: those of the kinds with most questions."""
_KIND_CHARS = 14
_STYLES: tuple[dict[str, Any], ...] = (
    {"histtype": "stepfilled", "color": RIGHT, "alpha": 0.35, "lw": 0},
    {"histtype": "step", "color": WRONG, "lw": 1.4},
)
"""Distinct without colours too."""
_CALIBRATION = {"ece": "Expected error", "brier": "Brier score", "auroc": "AUROC"}

Stages = Mapping[str, Mapping[str, float]]
Kinds = Mapping[str, Mapping[str, Mapping[str, float]]]


def plot_kinds(kinds: Kinds) -> Plot:
    """Plot a table of the guarded measures by kind of question."""
    plot = Plot(
        "Measures by kind of question",
        "The measures that a gate guards; the stronger the colour, the better. ↓: lower is better.",
        "no question has a kind",
    )
    counts = {kind: max(round(mean["n"]) for mean in means.values()) for kind, means in kinds.items()}
    shown = sorted(counts, key=lambda kind: -counts[kind])[:_MOST_KINDS]
    measures = [m for m in METRICS_BY_NAME.values() if m.guarded and any(m.name in kinds[kind] for kind in shown)]

    def draw(axes: Axes) -> None:
        for (column, kind), (line, measure) in product(enumerate(shown), enumerate(measures)):
            if measure.name in kinds[kind]:
                value = kinds[kind][measure.name]["value"]
                shade = 0.04 + 0.34 * (1 - value if measure.better == "lower" else value)
                axes.add_patch(Rectangle((column - 0.48, line - 0.46), 0.96, 0.92, color=ACCENT, alpha=shade, lw=0))
                axes.text(column, line, f"{value:.2f}", ha="center", va="center_baseline")
        printable = ["".join(char if char.isprintable() else " " for char in kind) for kind in shown]
        short = [kind if len(kind) <= _KIND_CHARS else f"{kind[: _KIND_CHARS - 1]}…" for kind in printable]
        axes.set_xticks(range(len(shown)), [f"{name}\n{counts[kind]}" for name, kind in zip(short, shown, strict=True)])
        axes.set_yticks(range(len(measures)), [f"{m.name} ↓" if m.better == "lower" else m.name for m in measures])
        axes.set(xlim=(-0.5, len(shown) - 0.5), ylim=(len(measures) - 0.5, -0.5))
        axes.xaxis.tick_top()
        axes.tick_params(length=0, labelcolor=INK)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)

    return render(plot, draw, 0.8 + 0.27 * len(measures)) if measures else plot


def plot_coverage(points: Sequence[Mapping[str, float]]) -> Plot:
    """Plot the accuracy of the surest answers by the share of questions they cover."""
    plot = Plot(
        "Coverage and accuracy",
        "If only the surest answers were given: the share of questions answered, and how many of them are right.",
    )

    def draw(axes: Axes) -> None:
        coverage, accuracy = [point["coverage"] for point in points], [point["accuracy"] for point in points]
        axes.plot(coverage, accuracy, color=ACCENT, marker="o", ms=3, lw=1.4)
        annotate(axes, "all answers", (coverage[-1], accuracy[-1]), (4, -14), ha="right")
        axes.set(xlabel="share of the questions answered", ylabel="share of these right")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.05))

    return render(plot, draw) if points else plot


def plot_calibration(calibration: Mapping[str, Any]) -> Plot:
    """Plot the share of right answers by confidence."""
    figures = "".join(
        f" {name}: {value:.2f}." for key, name in _CALIBRATION.items() if (value := calibration[key]) is not None
    )
    plot = Plot(
        "Calibration",
        f"Answers by their confidence, and how many are right; on the dashed line it can be trusted.{figures}",
    )

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, lw=0.9, dashes=(4, 3))
        for part in calibration["bins"]:
            at = part["confidence"], part["correct"]
            axes.bar((part["low"] + part["high"]) / 2, part["correct"], 0.085, color=ACCENT, alpha=0.3, lw=0)
            axes.plot(*at, color=ACCENT, marker="o", ms=4)
            annotate(axes, str(part["n"]), at, (0, 6), ha="center")
        axes.set(xlabel="confidence (above each point: answers)", ylabel="share right")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.12))

    return render(plot, draw) if calibration["bins"] else plot


def plot_latency(timings: Stages) -> Plot:
    """Plot the seconds of each stage."""
    plot = Plot(
        "Seconds by stage",
        "The bar is the median, the line ends at the 95th percentile. Replies from a cache are left out.",
        "no reply was timed",
    )
    stages = [stage for stage in _STAGES if stage in timings]

    def draw(axes: Axes) -> None:
        for line, stage in enumerate(stages):
            half, most = timings[stage]["p50"], timings[stage]["p95"]
            axes.plot([0, most], [line, line], color=ACCENT, lw=1.2)
            axes.barh(line, half, 0.5, color=ACCENT, lw=0)
            annotate(axes, f"{_seconds(half)} – {_seconds(most)}", (most, line), (5, 0), va="center")
        axes.set_yticks(range(len(stages)), [stage.replace("_", " ") for stage in stages])
        longest = max(timings[stage]["p95"] for stage in stages)
        axes.set(xlabel="seconds", ylim=(len(stages) - 0.5, -0.5), xlim=(0, 1.45 * longest or 1))
        axes.grid(visible=False, axis="y")

    return render(plot, draw) if stages else plot


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.0f} ms" if value >= 0.01 else f"{1000 * value:.1f} ms"


def plot_confidence(scored: Iterable[CaseScores], rows: Mapping[str, Row]) -> Plot:
    """Plot the confidence of right and of wrong answers."""
    plot = Plot(
        "Confidence of right and wrong answers",
        "The further apart they stand, the better a threshold separates them.",
    )
    judged = [(s.scores["correct"], rows[s.id].confidence) for s in scored if "brier" in s.scores]
    right, wrong = ([sure for correct, sure in judged if correct == value and sure is not None] for value in (1, 0))
    return _plot_distributions(plot, {"right": right, "wrong": wrong}, "confidence", (0.0, 1.0))


def plot_retrieval(rows: Iterable[Row]) -> Plot:
    """Plot the scores of gold passages and of others."""
    plot = Plot(
        "Retrieval score of gold and other passages",
        "Gold passages hold evidence. The plot joins all searches, although scores compare within one search only.",
        "no passage was retrieved for a question with evidence",
    )
    gold, other = list[float](), list[float]()
    for row in rows:
        for hit in row.retrieved if row.gold else ():
            (gold if any(holds(hit.place, place) for place in row.gold) else other).append(hit.score)
    every = [*gold, *other] or [0.0, 1.0]
    return _plot_distributions(plot, {"gold": gold, "other": other}, "score", (min(every), max(every)))


def plot_checks(scores: Sequence[ClaimScore]) -> Plot:
    """Plot the ROC curve of the verifier."""
    plot = Plot(
        "False sentences found",
        f"{len(scores)} true and false claims made from the gold evidence, and how many false ones the verifier finds.",
        "`footnote eval checks` was not run",
    )
    if len({score.is_true for score in scores}) < 2:
        return plot
    plot = replace(plot, about=f"{plot.about} Area under the curve: {area(scores):.3f}.")

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, lw=0.9, dashes=(4, 3))
        axes.plot(*curve(scores), color=ACCENT, lw=1.4)
        for point, mark in zip(threshold_points(scores), "os", strict=True):
            label = f"{point.name}: {point.found:.3f} found, {point.wrongly:.3f} wrongly"
            axes.plot(point.wrongly, point.found, color=ACCENT, marker=mark, ms=4, lw=0, clip_on=False, label=label)
        axes.legend(loc="lower right")
        axes.set(xlabel="share of the true claims called false", ylabel="share of the false claims found")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02))

    return render(plot, draw)


def _plot_distributions(
    plot: Plot, groups: Mapping[str, Sequence[float]], label: str, bounds: tuple[float, float]
) -> Plot:
    def draw(axes: Axes) -> None:
        for (name, values), style in zip(groups.items(), _STYLES, strict=True):
            if values:
                shares = [1 / len(values)] * len(values)
                axes.hist(values, bins=_BINS, range=bounds, weights=shares, label=f"{name} ({len(values)})", **style)
        axes.set(xlabel=label, ylabel="share of the group")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, ncols=2)

    return render(plot, draw) if any(groups.values()) else plot
