"""A run's report: one HTML page that fetches nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.metrics.scoring import METRICS_BY_NAME
from eval.regression.comparison import MeasureComparison, compare, flatten
from eval.reports import plots
from eval.reports.diagnosis import CAUSES, count_causes
from eval.reports.question_rows import describe_questions
from eval.reports.template import render_page
from eval.runs.folder import Provenance, RunError, RunFolder
from eval.types import Metric
from eval.verification.verifier_scores import read_scores

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Answering": ("correct", "answer_"),
    "Finding": ("context_",),
    "Citing": ("citation_", "cited_", "has_citation"),
    "Support": ("sentences_", "citations_needed"),
    "Declining": ("declined_", "partly_", "unverified_", "brier"),
    "Failing": ("failed",),
    "Further": ("",),
}
"""The beginnings of the names of each group's measures."""

_JUDGEMENTS = ("right", "found", "wrong", "not found", "failed", "not judged")
_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table of measures."""

    measure: Metric
    value: float
    low: float
    high: float
    n: int
    compared: MeasureComparison | None

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` where the difference is significant; else empty."""
        if self.compared is None or self.compared.p >= _SIGNIFICANT or not self.compared.gain:
            return ""
        return "better" if self.compared.gain > 0 else "worse"


def make_report(run: RunFolder, baseline: RunFolder | None = None) -> str:
    """Return a run's report as HTML. Equal runs give equal bytes. Raises ``RunError`` for an unfinished run."""
    content = describe_questions(run, baseline)
    summary, timings = run.read_json("summary.json"), run.read_json("timings.json")
    comparison = compare(baseline, run) if baseline else None
    lines = measure_lines(summary["measures"], comparison.compared if comparison else ())
    groups: dict[str, list[Line]] = {group: [] for group in _GROUPS}
    for line in sorted(lines, key=lambda line: not line.measure.guarded):
        groups[next(g for g, names in _GROUPS.items() if line.measure.name.startswith(names))].append(line)
    judgements = Counter(question["now"]["words"].lower() for question in content["questions"])
    counts = ", ".join(f"{judgements[words]} {words}" for words in _JUDGEMENTS if judgements[words])
    total = len(content["questions"])
    return render_page(
        facts=run.provenance,
        lead=f"{total} question{'s' * (total != 1)}: {counts}.",
        particulars=_particulars(run.provenance, summary),
        settings=list(flatten(run.provenance.settings)),
        comparison=comparison,
        causes=count_causes(question["now"]["cause"] for question in content["questions"]),
        groups=[(group, lines) for group, lines in groups.items() if lines],
        plots=[
            plots.plot_kinds(summary["kinds"]),
            plots.plot_coverage(summary["coverage_accuracy"]),
            plots.plot_calibration(summary["calibration"]),
            plots.plot_latency(timings),
            plots.plot_confidence(run.scores().values(), run.rows()),
            plots.plot_retrieval(run.rows().values()),
            plots.plot_checks(read_scores(run)),
        ],
        data={
            **content,
            "measures": [m.name for m in (line.measure for line in lines) if m.better == "higher" and m.guarded],
            "causes": CAUSES,
            "baseline": comparison.before.name if comparison else None,
        },
    )


def measure_lines(means: Mapping[str, Any], compared: Iterable[MeasureComparison]) -> list[Line]:
    """Return a line for each measure, in the order of ``METRICS``; then unknown ones by name."""
    comparisons = {comparison.measure.name: comparison for comparison in compared}
    order = {name: number for number, name in enumerate(METRICS_BY_NAME)}
    lines = []
    for name in sorted(means, key=lambda name: (order.get(name, len(order)), name)):
        mean, measure = means[name], METRICS_BY_NAME.get(name) or Metric(name, "")
        lines.append(Line(measure, mean["value"], mean["low"], mean["high"], mean["n"], comparisons.get(name)))
    return lines


def save_report(page: str, file: Path) -> None:
    """Write the page to a file. Raises ``RunError``."""
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RunError(f"The report cannot be written to {file}: {error.strerror}.") from error


def _particulars(facts: Provenance, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    tokens = summary["tokens"]
    particulars = {
        "Date": facts.started.replace("T", " ").replace("+00:00", " UTC"),
        "Commit": facts.commit or "not known",
        "Language model": facts.model or "none: only retrieval was run",
        "Embedding model": facts.encoder,
        "Gold": f"{facts.gold_file} ({facts.gold})",
        "Index": facts.index,
        "Prompt": facts.prompt,
        "Python": facts.python,
        "Tokens": "" if tokens["input"] is None else f"{tokens['input']:,.0f} in, {tokens['output'] or 0:,.0f} out",
        "Cost": "" if summary["cost"] is None else f"{summary['cost']:.4g}",
    }
    return [(name, value) for name, value in particulars.items() if value]
