"""A run's plots, as SVG for its report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eval.metrics.scoring import METRICS_BY_NAME
from eval.optional import eval_extra
from eval.reports.diagnosis import holds
from eval.reports.plot_style import ACCENT, INK, RIGHT, SOFT, WRONG, Plot, drawn, note
from eval.types import CaseScores, Row
from eval.verification.roc import area, curve, threshold_points
from eval.verification.verifier_scores import ClaimScore

with eval_extra():
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

_BINS = 20
_STAGES = ("rewrite", "retrieve", "first_token", "generate", "check", "total")
_KINDS = 8
"""As many columns as are readable; those with the most questions."""
_LABEL = 14
"""Characters of a kind's name."""
_LOOKS: tuple[dict[str, Any], ...] = (
    {"histtype": "stepfilled", "color": RIGHT, "alpha": 0.35, "lw": 0},
    {"histtype": "step", "color": WRONG, "lw": 1.4},
)
"""They can be told apart without their colours."""
_CALIBRATION = {"ece": "Expected error", "brier": "Brier score", "auroc": "AUROC"}

Stages = Mapping[str, Mapping[str, float]]
Kinds = Mapping[str, Mapping[str, Mapping[str, float]]]


def plots(
    summary: Mapping[str, Any],
    timings: Stages,
    scored: Sequence[CaseScores],
    rows: Mapping[str, Row],
    checked: Sequence[ClaimScore],
) -> list[Plot]:
    """Equal values give equal plots, to the byte."""
    return [
        _by_kind(summary["kinds"]),
        _coverage(summary["coverage_accuracy"]),
        _calibration(summary["calibration"]),
        _latency(timings),
        _confidence(scored, rows),
        _retrieval(rows.values()),
        _checks(checked),
    ]


def _by_kind(kinds: Kinds) -> Plot:
    plot = Plot(
        "Measures by kind of question",
        "What a gate guards; the stronger the colour, the better. ↓: lower is better.",
        "no question has a kind",
    )
    asked = {kind: max(round(one["n"]) for one in told.values()) for kind, told in kinds.items()}
    shown = {kind: kinds[kind] for kind in sorted(asked, key=lambda kind: -asked[kind])[:_KINDS]}
    names = [
        name for name, one in METRICS_BY_NAME.items() if one.guarded and any(name in told for told in shown.values())
    ]

    def draw(axes: Axes) -> None:
        for column, told in enumerate(shown.values()):
            for line, name in enumerate(names):
                if name in told:
                    _cell(axes, column, line, told[name]["value"], lower=_is_lower(name))
        axes.set_xticks(range(len(shown)), [f"{_short(kind)}\n{asked[kind]}" for kind in shown])
        axes.set_yticks(range(len(names)), [f"{name} ↓" if _is_lower(name) else name for name in names])
        _as_table(axes, len(shown), len(names))

    return drawn(plot, draw, 0.8 + 0.27 * len(names)) if names else plot


def _is_lower(name: str) -> bool:
    return METRICS_BY_NAME[name].better == "lower"


def _cell(axes: Axes, column: int, line: int, value: float, *, lower: bool) -> None:
    shade = 0.04 + 0.34 * (1 - value if lower else value)
    axes.add_patch(Rectangle((column - 0.48, line - 0.46), 0.96, 0.92, color=ACCENT, alpha=shade, lw=0))
    axes.text(column, line, f"{value:.2f}", ha="center", va="center_baseline")


def _as_table(axes: Axes, columns: int, lines: int) -> None:
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(lines - 0.5, -0.5))
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=INK)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _coverage(points: Sequence[Mapping[str, float]]) -> Plot:
    plot = Plot(
        "Coverage and accuracy",
        "If only the surest answers were given: the share of questions answered, and how many of them are right.",
    )

    def draw(axes: Axes) -> None:
        coverage, accuracy = [point["coverage"] for point in points], [point["accuracy"] for point in points]
        axes.plot(coverage, accuracy, color=ACCENT, marker="o", ms=3, lw=1.4)
        note(axes, "all answers", (coverage[-1], accuracy[-1]), (4, -14), ha="right")
        axes.set(xlabel="share of the questions answered", ylabel="share of these right")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.05))

    return drawn(plot, draw) if points else plot


def _calibration(told: Mapping[str, Any]) -> Plot:
    figures = "".join(f" {name}: {told[key]:.2f}." for key, name in _CALIBRATION.items() if told[key] is not None)
    plot = Plot(
        "Calibration",
        f"Answers by their confidence, and how many are right; on the dashed line it can be trusted.{figures}",
    )

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, lw=0.9, dashes=(4, 3))
        for one in told["bins"]:
            at = one["confidence"], one["correct"]
            axes.bar((one["low"] + one["high"]) / 2, one["correct"], 0.085, color=ACCENT, alpha=0.3, lw=0)
            axes.plot(*at, color=ACCENT, marker="o", ms=4)
            note(axes, str(one["n"]), at, (0, 6), ha="center")
        axes.set(xlabel="confidence (above each point: answers)", ylabel="share right")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.12))

    return drawn(plot, draw) if told["bins"] else plot


def _latency(timings: Stages) -> Plot:
    plot = Plot(
        "Seconds by stage",
        "The bar is the median, the line reaches to the 95th percentile; replies from a cache are left out.",
        "no reply was timed",
    )
    stages = [stage for stage in _STAGES if stage in timings]

    def draw(axes: Axes) -> None:
        for line, stage in enumerate(stages):
            half, most = timings[stage]["p50"], timings[stage]["p95"]
            axes.plot([0, most], [line, line], color=ACCENT, lw=1.2)
            axes.barh(line, half, 0.5, color=ACCENT, lw=0)
            note(axes, f"{_seconds(half)} – {_seconds(most)}", (most, line), (5, 0), va="center")
        axes.set_yticks(range(len(stages)), [stage.replace("_", " ") for stage in stages])
        longest = max(timings[stage]["p95"] for stage in stages)
        axes.set(xlabel="seconds", ylim=(len(stages) - 0.5, -0.5), xlim=(0, 1.45 * longest or 1))
        axes.grid(visible=False, axis="y")

    return drawn(plot, draw) if stages else plot


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.0f} ms" if value >= 0.01 else f"{1000 * value:.1f} ms"


def _confidence(scored: Sequence[CaseScores], rows: Mapping[str, Row]) -> Plot:
    plot = Plot(
        "Confidence of right and wrong answers",
        "The further apart they stand, the better a threshold tells them apart.",
    )
    judged = [(one.scores["correct"], rows[one.id].confidence) for one in scored if "brier" in one.scores]
    right, wrong = ([sure for correct, sure in judged if correct == which and sure is not None] for which in (1, 0))
    return _distributions(plot, {"right": right, "wrong": wrong}, "confidence", (0.0, 1.0))


def _retrieval(rows: Iterable[Row]) -> Plot:
    plot = Plot(
        "Retrieval score of gold and other passages",
        "Gold passages hold evidence. Scores compare within one search only: all searches are thrown together here.",
        "no passage was retrieved for a question with evidence",
    )
    pairs = [(row.gold, found) for row in rows if row.gold for found in row.retrieved]
    told = [(any(holds(found.place, place) for place in places), found.score) for places, found in pairs]
    gold, other = ([score for is_gold, score in told if is_gold == which] for which in (True, False))
    every = [*gold, *other] or [0.0, 1.0]
    return _distributions(plot, {"gold": gold, "other": other}, "score", (min(every), max(every)))


def _checks(told: Sequence[ClaimScore]) -> Plot:
    plot = Plot(
        "False sentences found",
        f"{len(told)} claims made of the gold evidence, true and false, by whether the check finds the false ones.",
        "`footnote eval checks` was not run",
    )
    if len({one.is_true for one in told}) < 2:
        return plot
    plot = replace(plot, about=f"{plot.about} Area under the curve: {area(told):.3f}.")

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, lw=0.9, dashes=(4, 3))
        axes.plot(*curve(told), color=ACCENT, lw=1.4)
        for one, mark in zip(threshold_points(told), "os", strict=True):
            found = f"{one.name}: {one.found:.3f} found, {one.wrongly:.3f} wrongly"
            axes.plot(one.wrongly, one.found, color=ACCENT, marker=mark, ms=4, lw=0, clip_on=False, label=found)
        axes.legend(loc="lower right")
        axes.set(xlabel="share of the true claims called false", ylabel="share of the false claims found")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02))

    return drawn(plot, draw)


def _distributions(plot: Plot, groups: Mapping[str, Sequence[float]], label: str, bounds: tuple[float, float]) -> Plot:
    def draw(axes: Axes) -> None:
        for (name, values), look in zip(groups.items(), _LOOKS, strict=True):
            if values:
                shares = [1 / len(values)] * len(values)
                axes.hist(values, bins=_BINS, range=bounds, weights=shares, label=f"{name} ({len(values)})", **look)
        axes.set(xlabel=label, ylabel="share of the group")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, ncols=2)

    return drawn(plot, draw) if any(groups.values()) else plot


def _short(kind: str) -> str:
    told = "".join(character if character.isprintable() else " " for character in kind)
    return told if len(told) <= _LABEL else f"{told[: _LABEL - 1]}…"
