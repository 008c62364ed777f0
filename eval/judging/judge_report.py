"""The report of a judge: its measures of a run, their cost, and its agreement with people."""

from collections.abc import Mapping
from typing import Any

from eval.metrics.judgements import read_judgements
from eval.metrics.scoring import cluster_of
from eval.metrics.summary import summarise_judgements
from eval.runs.folder import RunFolder
from eval.stats.agreement import agreement
from rag.llms.pricing import Prices


def make_judge_report(run: RunFolder, judge: str, prices: Prices, labels: Mapping[str, bool]) -> dict[str, Any]:
    """Return the judged measures, the tokens and the cost; with people's labels also the agreement."""
    usages = [judgement.usage for judgement in read_judgements(run).values()]
    costs = [cost for cost in map(prices.cost, usages) if cost is not None]
    return {
        "run": str(run.path),
        "judge": judge,
        **summarise_judgements(run),
        "tokens": {
            "input": sum(usage.input_tokens or 0 for usage in usages),
            "output": sum(usage.output_tokens or 0 for usage in usages),
        },
        "cost": sum(costs) if costs else None,  # of cached replies too: what they once cost
        **({"agreement": agreement_with_labels(run, labels)} if labels else {}),
    }


def agreement_with_labels(run: RunFolder, labels: Mapping[str, bool]) -> dict[str, Any] | None:
    """Return the judge's agreement with people's labels; None where no labelled answer was judged."""
    judgements = read_judgements(run)
    verdicts = {id_: bool(j.scores["judged_correct"]) for id_, j in judgements.items() if j.correct}
    both = [id_ for id_ in labels if id_ in verdicts]
    if not both:
        return None
    clusters = {case.id: cluster_of(case) for case in run.cases}
    ours, theirs = ([side[id_] for id_ in both] for side in (verdicts, labels))
    return agreement(ours, theirs, [clusters[id_] for id_ in both])


def format_judge_report(report: Mapping[str, Any]) -> str:
    """Return a report as lines for the terminal."""
    lines = [f"{report['questions']} questions, judged by {report['judge']}"]
    lines += [f"{_with_interval(mean)}  {name}, of {mean['n']}" for name, mean in report["measures"].items()]
    if agreed := report.get("agreement"):
        lines.append(f"{_with_interval(agreed['raw'])}  agreement with people, of {agreed['labels']}")
        kappa = f"{_with_interval(agreed['kappa'])}  Cohen's kappa" if agreed["kappa"] else "No kappa: all alike."
        lines.append(kappa)
        lines.append(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in agreed["counts"].items()))
    return "\n".join(lines)


def _with_interval(mean: Mapping[str, Any]) -> str:
    interval = "" if mean["low"] is None else f" ({mean['low']:.3f} to {mean['high']:.3f})"
    return f"{mean['value']:8.3f}{interval}"
