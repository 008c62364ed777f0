"""``footnote eval calibrate``: find the confidence below which to decline."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.run import AsJson, ConfigFile, GoldSet, IndexDir
from eval.commands.sweep import Write
from eval.terminal import align_columns, progress, say
from rag.console import print_json

if TYPE_CHECKING:
    from eval.experiments.threshold import Errors

_KEY = "answer.min_confidence"


def calibrate(
    gold_set: GoldSet,
    index: IndexDir = None,
    config: ConfigFile = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--run", help="The run's folder, to make or to resume. The default is var/runs/SET-HASH-calibration."
        ),
    ] = None,
    max_declined: Annotated[
        float, typer.Option(min=0, max=1, help="The largest share of answerable questions that may be declined.")
    ] = 1.0,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first N questions.")] = None,
    *,
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """Find the confidence below which the offline answerer should decline (answer.min_confidence)."""
    from eval.experiments import threshold
    from eval.experiments.config_file import write_settings
    from eval.experiments.evaluate import RunOptions, evaluate
    from eval.gold.files import read_gold
    from eval.gold.sets import HealingListener, prepare_index, unique_name
    from rag.engine.engine import open_engine
    from rag.engine.factories import has_llm
    from rag.settings import CONFIG_FILE

    cases = read_gold(gold_set)[:limit]
    threshold.check_sample_size([case.answerable for case in cases])
    settings = prepare_index(gold_set, index, config)
    if has_llm(settings.llm):
        raise threshold.CalibrationError(f"{_KEY} is for the offline answerer, and a language model is set: unset llm.")
    answering_all = settings.model_copy(update={"answer": settings.answer.model_copy(update={"min_confidence": 0.0})})
    folder = folder or Path("var/runs") / f"{unique_name(gold_set)}-calibration"
    with open_engine(answering_all, HealingListener()) as engine, progress("Asking", len(cases)) as advance:
        run = evaluate(engine, cases, folder, RunOptions(str(gold_set)), lambda _: advance())
    found = threshold.calibrate(threshold.make_sample(cases, run.rows(), run.scores()), max_declined)
    if as_json:
        print_json({"run": str(run.path), **asdict(found)})
    else:
        now, head = settings.answer.min_confidence, (_KEY, *_SHARES)
        typer.echo(align_columns([head, *(_cells(e) for e in found.curve if round(e.threshold * 100) % 10 == 0)]))
        typer.echo(f"Chosen: {_KEY} = {found.chosen.threshold} [{found.low}, {found.high}]; it is {now} now.")
        typer.echo(align_columns([head, _cells(found.chosen), ("held out", *_cells(found.held_out)[1:])]))
        typer.echo("Held out: each document's questions under a threshold that was found without them.")
    if write:
        for change in write_settings(config or CONFIG_FILE, {_KEY: found.chosen.threshold}):
            say(change)


_SHARES = ("declined, answerable", "answered, unanswerable", "balanced", "answers right", "coverage")


def _cells(errors: "Errors") -> tuple[str, ...]:
    shares = (
        errors.declined_answerable,
        errors.answered_unanswerable,
        errors.balanced,
        errors.accuracy,
        errors.coverage,
    )
    return (f"{errors.threshold:.3f}", *(f"{share:.3f}" for share in shares))
