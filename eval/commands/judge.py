"""``footnote eval judge``: a language model's verdicts on a run's answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eval.commands.run import AsJson, ConfigFile
from eval.terminal import progress, say
from rag.console import print_json

if TYPE_CHECKING:
    from eval.judging.llm_judge import Judge
    from eval.runs.folder import RunFolder
    from rag.settings import LLMSettings


def judge(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, finished or not.")],
    config: ConfigFile = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="What people found of the answers (.csv, .jsonl: id, correct 0 or 1), to hold the judge to."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Have a language model judge a run's answers: are they right, and do their sources say so?"""
    import asyncio

    from eval.judging.llm_judge import judge_all, unjudged
    from eval.runs.folder import RunError, RunFolder
    from eval.stats.agreement import read_labels
    from rag.engine.factories import judge_settings
    from rag.settings import load_settings

    folder = RunFolder(run)
    if folder.provenance.retrieval_only:
        raise RunError(f"{run} only searched: it has no answers to judge.")
    chosen = judge_settings(load_settings(config))
    people = read_labels(labels) if labels else {}
    asked = _judge_of(chosen)
    waiting = unjudged(folder, asked)
    with progress("Judging", len(waiting)) as advance:
        asyncio.run(judge_all(folder, asked, waiting, lambda _: advance()))
    told = {
        "run": str(run),
        "judge": asked.name,
        **_summary(folder),
        **_spent(folder, chosen),
        **_agreement(folder, people),
    }
    print_json(told) if as_json else _print(told)
    _complain_of_failures(folder)


def _judge_of(chosen: "LLMSettings") -> "Judge":
    from eval.experiments.evaluate import CACHE
    from eval.judging.llm_judge import Judge
    from eval.runs.llm_cache import CachedChat
    from eval.runs.provenance import reply_identity
    from rag.engine.factories import make_llm

    return Judge(CachedChat(make_llm(chosen, "FOOTNOTE_JUDGE__"), CACHE, reply_identity(chosen)))


def _summary(folder: "RunFolder") -> dict[str, Any]:
    """The judged measures. A finished run's files have them from now on; an unfinished one stays so."""
    from eval.metrics.judgements import METRICS, add_judgements
    from eval.metrics.scoring import score_cases
    from eval.metrics.summary import finish_run, summarise

    rows = folder.rows()
    finished = (folder.path / "scores.jsonl").exists()
    told = finish_run(folder) if finished else summarise(add_judgements(folder, score_cases(folder.cases, rows)), rows)
    names = [measure.name for measure in METRICS]
    return {
        "questions": told["questions"],
        "measures": {n: told["measures"][n] for n in names if n in told["measures"]},
    }


def _spent(folder: "RunFolder", chosen: "LLMSettings") -> dict[str, Any]:
    """Of all judgements that stand; of those that a cache gave, what they once cost."""
    from eval.metrics.judgements import read_judgements
    from rag.engine.factories import make_prices

    usages = [told.usage for told in read_judgements(folder).values()]
    prices = make_prices(chosen)
    costs = [cost for usage in usages if (cost := prices.cost(usage)) is not None]
    tokens = {
        "input": sum(usage.input_tokens or 0 for usage in usages),
        "output": sum(usage.output_tokens or 0 for usage in usages),
    }
    return {"tokens": tokens, "cost": sum(costs) if costs else None}


def _agreement(folder: "RunFolder", people: Mapping[str, bool]) -> dict[str, Any]:
    from eval.metrics.judgements import read_judgements
    from eval.metrics.scoring import cluster_of
    from eval.stats.agreement import ENOUGH, agreement

    if not people:
        return {}
    judged = {
        known: bool(told.scores["judged_correct"]) for known, told in read_judgements(folder).items() if told.correct
    }
    both = [known for known in people if known in judged]
    if len(both) < len(people):
        say(f"{len(people) - len(both)} of {len(people)} labels are of no answer that was judged.")
    if len(both) < ENOUGH:
        say(f"{len(both)} labels are few: with fewer than {ENOUGH} the intervals say little.")
    if not both:
        return {"agreement": None}
    clusters = {case.id: cluster_of(case) for case in folder.cases}
    ours, theirs = ([told[known] for known in both] for told in (judged, people))
    return {"agreement": agreement(ours, theirs, [clusters[known] for known in both])}


def _complain_of_failures(folder: "RunFolder") -> None:
    from eval.metrics.judgements import judgement_log

    if failed := [told for told in judgement_log(folder).read().values() if told.error]:
        say(f"{len(failed)} answers could not be judged: {failed[0].error} Run it again to go on.")
        raise typer.Exit(1)


def _print(told: Mapping[str, Any]) -> None:
    typer.echo(f"{told['questions']} questions, judged by {told['judge']}")
    for name, one in told["measures"].items():
        typer.echo(f"{_with_interval(one)}  {name}, of {one['n']}")
    if agreed := told.get("agreement"):
        typer.echo(f"{_with_interval(agreed['raw'])}  agreement with people, of {agreed['labels']}")
        typer.echo(f"{_with_interval(agreed['kappa'])}  Cohen's kappa" if agreed["kappa"] else "No kappa: all alike.")
        typer.echo(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in agreed["counts"].items()))


def _with_interval(one: Mapping[str, Any]) -> str:
    told = "" if one["low"] is None else f" ({one['low']:.3f} to {one['high']:.3f})"
    return f"{one['value']:8.3f}{told}"
