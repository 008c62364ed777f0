"""``footnote eval judge``: have a language model judge the answers of a run."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.run import AsJson, ConfigFile
from eval.terminal import progress, say
from rag.console import print_json


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
    from eval.judging.judge_report import format_judge_report, make_judge_report
    from eval.judging.llm_judge import Judge, judge_all, unjudged
    from eval.metrics.judgements import judgement_log
    from eval.runs.folder import RunError, RunFolder
    from eval.runs.llm_cache import CachedChat
    from eval.runs.provenance import reply_identity
    from eval.stats.agreement import ENOUGH, read_labels
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
    report = make_judge_report(folder, model.name, make_prices(llm), people)
    if people:
        judged = report["agreement"]["labels"] if report["agreement"] else 0
        if judged < len(people):
            say(f"{len(people) - judged} of {len(people)} labels are of no answer that was judged.")
        if judged < ENOUGH:
            say(f"{judged} labels are few: with fewer than {ENOUGH} the intervals say little.")
    print_json(report) if as_json else typer.echo(format_judge_report(report))
    if failed := [judgement for judgement in judgement_log(folder).read().values() if judgement.error]:
        say(f"{len(failed)} answers could not be judged: {failed[0].error} Run it again to go on.")
        raise typer.Exit(1)
