"""A run as a page to read: one file that asks nobody for anything."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from eval.metrics.scoring import METRICS_BY_NAME
from eval.optional import eval_extra
from eval.regression.comparison import MeasureComparison, compare
from eval.reports.diagnosis import CAUSES
from eval.reports.plots import plots
from eval.reports.question_rows import records
from eval.runs.folder import Provenance, RunError, RunFolder
from eval.types import Metric
from eval.verification.verifier_scores import read_scores

with eval_extra():
    from jinja2 import Environment, StrictUndefined

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Answering": ("correct", "answer_"),
    "Finding": ("context_",),
    "Citing": ("citation_", "cited_", "has_citation"),
    "Support": ("sentences_", "citations_needed"),
    "Declining": ("declined_", "partly_", "brier"),
    "Failing": ("failed",),
    "Further": ("",),
}
"""How the names of a group's measures begin."""

_SURE = 0.05
"""Below it a difference is called one."""


@dataclass(frozen=True, slots=True)
class Line:
    """Of the table of measures."""

    measure: Metric
    value: float
    low: float
    high: float
    n: int
    compared: MeasureComparison | None

    @property
    def verdict(self) -> str:
        """``better`` or ``worse``, where chance alone hardly makes such a difference; else empty."""
        if self.compared is None or self.compared.p >= _SURE or not self.compared.gain:
            return ""
        return "better" if self.compared.gain > 0 else "worse"


def report(run: RunFolder, baseline: RunFolder | None = None) -> str:
    """As HTML. Equal runs give equal pages, to the byte. Raises ``RunError`` for a run that is not finished."""
    data = records(run, baseline)
    summary, timings = run.read_json("summary.json"), run.read_json("timings.json")
    comparison = compare(baseline, run) if baseline else None
    compared = {one.measure.name: one for one in comparison.compared} if comparison else {}
    lines = [_line(name, summary["measures"][name], compared) for name in sorted(summary["measures"], key=_place)]
    return _page(
        facts=run.provenance,
        lead=_lead(data["questions"]),
        particulars=_particulars(run.provenance, summary),
        settings=list(_flat(run.provenance.settings)),
        comparison=comparison,
        causes=_causes(data["questions"]),
        groups=_grouped(lines),
        plots=plots(summary, timings, list(run.scores().values()), run.rows(), read_scores(run)),
        data={
            **data,
            "measures": _measures(lines),
            "causes": CAUSES,
            "baseline": comparison.before.name if comparison else None,
        },
    )


def save(page: str, file: Path) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RunError(f"The report cannot be written to {file}: {error.strerror}.") from error


def _page(**told: Any) -> str:
    static = files("eval") / "static"
    template, style, script = (
        (static / name).read_text("utf-8") for name in ("report.html", "report.css", "report.js")
    )
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {}  # in the order of the run, not of the alphabet
    environment.filters |= {"figure": "{:.2f}".format, "signed": _signed, "probability": _probability}
    return environment.from_string(template).render(
        **told, style=style, script=script, style_hash=_hash(style), script_hash=_hash(script)
    )


def _hash(text: str) -> str:
    """As a content security policy names what it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _line(name: str, told: Mapping[str, Any], compared: Mapping[str, MeasureComparison]) -> Line:
    measure = METRICS_BY_NAME.get(name) or Metric(name, "")
    return Line(measure, told["value"], told["low"], told["high"], told["n"], compared.get(name))


def _place(name: str) -> tuple[int, str]:
    """As measures are told everywhere; then those of other makers, by name."""
    return [*METRICS_BY_NAME].index(name) if name in METRICS_BY_NAME else len(METRICS_BY_NAME), name


def _grouped(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """What is guarded first, in each."""
    grouped: dict[str, list[Line]] = {group: [] for group in _GROUPS}
    for line in lines:
        group = next(group for group, names in _GROUPS.items() if line.measure.name.startswith(names))
        grouped[group].append(line)
    return [
        (group, sorted(lines, key=lambda line: not line.measure.guarded)) for group, lines in grouped.items() if lines
    ]


def _measures(lines: Sequence[Line]) -> list[str]:
    """By which the page can order questions: from low to high is from bad to good."""
    return [line.measure.name for line in lines if line.measure.better == "higher" and line.measure.guarded]


def _lead(questions: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(question["now"]["words"].lower() for question in questions)
    told = [f"{counts[words]} {words}" for words in _OUTCOMES if counts[words]]
    return f"{len(questions)} question{'s' * (len(questions) != 1)}: {', '.join(told)}."


_OUTCOMES = ("right", "found", "wrong", "not found", "failed", "not judged")


def _causes(questions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    counts = Counter(question["now"]["cause"] for question in questions)
    most = max((counts[cause] for cause in CAUSES), default=0)
    return [
        {"name": cause, "title": title, "count": counts[cause], "percent": 100 * counts[cause] / most}
        for cause, title in CAUSES.items()
        if counts[cause]
    ]


def _particulars(facts: Provenance, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    tokens = summary["tokens"]
    told = {
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
    return [(name, value) for name, value in told.items() if value]


def _flat(settings: Mapping[str, Any], within: str = "") -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, dict):
            told += _flat(value, f"{within}{name}.")
        else:
            told.append((f"{within}{name}", value if isinstance(value, str) else json.dumps(value)))
    return told


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def _probability(value: float) -> str:
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")
