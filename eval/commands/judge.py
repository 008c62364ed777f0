"""``footnote eval judge``: have a language model judge the answers of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eval.commands.run import AsJson, ConfigFile
from eval.terminal import progress, say
from rag.console import print_json

if TYPE_CHECKING:
    from eval.metrics.judgements import Judgement
    from eval.runs.folder import RunFolder


def judge(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, finished or not.")],
    config: ConfigFile = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="People's verdicts, to compare with the judge's (.csv, .jsonl: id, and correct as 0 or 1)."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Have a language model judge the answers of a run: are they right, and do their sources say so?"""
    import asyncio

    from eval.experiments.evaluate import CACHE
    from eval.judging.llm_judge import Judge, judge_all, unjudged
    from eval.metrics.judgements import judgement_log, read_judgements
    from eval.runs.folder import RunError, RunFolder
    from eval.runs.llm_cache import CachedChat
    from eval.runs.provenance import reply_identity
    from eval.stats.agreement import read_labels
    from rag.engine.factories import judge_settings, make_llm, make_prices
    from rag.settings import load_settings

    folder = RunFolder(run)
    if folder.provenance.retrieval_only:
        raise RunError(f"{run} only searched: it has no answers to judge.")
    llm = judge_settings(load_settings(config))
    people = read_labels(labels) if labels else {}
    model = Judge(CachedChat(make_llm(llm, "FOOTNOTE_JUDGE__"), CACHE, reply_identity(llm)))
    waiting = unjudged(folder, model)
    with progress("Judging", len(waiting)) as advance:
        asyncio.run(judge_all(folder, model, waiting, lambda _: advance()))
    judgements = read_judgements(folder)
    usages = [judgement.usage for judgement in judgements.values()]
    costs = [cost for cost in map(make_prices(llm).cost, usages) if cost is not None]
    report = {"run": str(run), "judge": model.name, **_judged_measures(folder)}
    report["tokens"] = {
        "input": sum(usage.input_tokens or 0 for usage in usages),
        "output": sum(usage.output_tokens or 0 for usage in usages),
    }
    report["cost"] = sum(costs) if costs else None  # of cached replies too: what they once cost
    if people:
        report["agreement"] = _agreement(folder, judgements, people)
    print_json(report) if as_json else _print(report)
    if failed := [judgement for judgement in judgement_log(folder).read().values() if judgement.error]:
        say(f"{len(failed)} answers could not be judged: {failed[0].error} Run it again to go on.")
        raise typer.Exit(1)


def _judged_measures(folder: "RunFolder") -> dict[str, Any]:
    """Adds them to the files of a finished run; an unfinished run stays unfinished."""
    from eval.metrics.judgements import METRICS, add_judgements
    from eval.metrics.scoring import score_cases
    from eval.metrics.summary import finish_run, summarise

    if (folder.path / "scores.jsonl").exists():
        summary = finish_run(folder)
    else:
        rows = folder.rows()
        summary = summarise(add_judgements(folder, score_cases(folder.cases, rows)), rows)
    measures = {m.name: summary["measures"][m.name] for m in METRICS if m.name in summary["measures"]}
    return {"questions": summary["questions"], "measures": measures}


def _agreement(
    folder: "RunFolder", judgements: Mapping[str, "Judgement"], people: Mapping[str, bool]
) -> dict[str, Any] | None:
    """None where no label is of a judged answer."""
    from eval.metrics.scoring import cluster_of
    from eval.stats.agreement import ENOUGH, agreement

    verdicts = {id_: bool(j.scores["judged_correct"]) for id_, j in judgements.items() if j.correct}
    both = [id_ for id_ in people if id_ in verdicts]
    if len(both) < len(people):
        say(f"{len(people) - len(both)} of {len(people)} labels are of no answer that was judged.")
    if len(both) < ENOUGH:
        say(f"{len(both)} labels are few: with fewer than {ENOUGH} the intervals say little.")
    if not both:
        return None
    clusters = {case.id: cluster_of(case) for case in folder.cases}
    ours, theirs = ([side[id_] for id_ in both] for side in (verdicts, people))
    return agreement(ours, theirs, [clusters[id_] for id_ in both])


def _print(report: Mapping[str, Any]) -> None:
    typer.echo(f"{report['questions']} questions, judged by {report['judge']}")
    for name, mean in report["measures"].items():
        typer.echo(f"{_with_interval(mean)}  {name}, of {mean['n']}")
    if agreed := report.get("agreement"):
        typer.echo(f"{_with_interval(agreed['raw'])}  agreement with people, of {agreed['labels']}")
        kappa = f"{_with_interval(agreed['kappa'])}  Cohen's kappa" if agreed["kappa"] else "No kappa: all alike."
        typer.echo(kappa)
        typer.echo(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in agreed["counts"].items()))


def _with_interval(mean: Mapping[str, Any]) -> str:
    interval = "" if mean["low"] is None else f" ({mean['low']:.3f} to {mean['high']:.3f})"
    return f"{mean['value']:8.3f}{interval}"
