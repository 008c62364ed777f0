"""``footnote eval calibrate``: the confidence below which to decline."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.run import AsJson, ConfigFile, GoldSet, IndexDir
from eval.commands.sweep import Write
from eval.terminal import columns, progress, say
from rag.console import print_json

if TYPE_CHECKING:
    from eval.experiments.threshold import Calibration, Errors
    from eval.runs.folder import RunFolder
    from eval.types import GoldCase
    from rag.settings import Settings

_KEY = "answer.min_confidence"


def calibrate(
    gold_set: GoldSet,
    index: IndexDir = None,
    config: ConfigFile = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--run", help="The run's folder, to make or to go on with; var/runs/SET-HASH-calibration if not given."
        ),
    ] = None,
    max_declined: Annotated[
        float, typer.Option(min=0, max=1, help="Decline at most this share of what the documents answer.")
    ] = 1.0,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")] = None,
    *,
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """Find the confidence below which the offline answerer should decline (answer.min_confidence)."""
    from dataclasses import asdict

    from eval.experiments.config_file import write_settings
    from eval.experiments.threshold import calibrate as find
    from eval.experiments.threshold import check_enough, sample
    from eval.gold.files import read_gold
    from eval.gold.sets import own_name, prepared
    from rag.settings import CONFIG_FILE

    cases = read_gold(gold_set)[:limit]
    check_enough([case.answerable for case in cases])
    settings = prepared(gold_set, index, config)
    made = _run(settings, cases, folder or Path("var/runs") / f"{own_name(gold_set)}-calibration", str(gold_set))
    found = find(sample(cases, made.rows(), made.scored()), max_declined)
    print_json({"run": str(made.path), **asdict(found)}) if as_json else _print(found, settings.answer.min_confidence)
    if write:
        for line in write_settings(config or CONFIG_FILE, {_KEY: found.chosen.threshold}):
            say(line)


def _run(settings: "Settings", cases: "list[GoldCase]", folder: Path, gold_file: str) -> "RunFolder":
    """Everything is answered, so that the confidence of each answer is known and whether it is right."""
    from eval.experiments.evaluate import Options, evaluate
    from eval.experiments.threshold import CalibrationError
    from eval.gold.sets import Telling
    from rag.engine.engine import open_engine
    from rag.engine.factories import has_llm

    if has_llm(settings.llm):
        raise CalibrationError(f"{_KEY} is the offline answerer's, and a language model is configured: unset llm.")
    open_to_all = settings.model_copy(update={"answer": settings.answer.model_copy(update={"min_confidence": 0.0})})
    with open_engine(open_to_all, Telling()) as engine, progress("Asking", len(cases)) as advance:
        return evaluate(engine, cases, folder, Options(gold_file), lambda _: advance())


def _print(found: "Calibration", now: float) -> None:
    head = (_KEY, "declined, answerable", "answered, unanswerable", "balanced", "answers right", "coverage")
    steps = [one for one in found.curve if round(one.threshold * 100) % 10 == 0]
    typer.echo(columns([head, *map(_row, steps)]))
    typer.echo(f"Chosen: {_KEY} = {found.chosen.threshold} [{found.low}, {found.high}]; it is {now} now.")
    typer.echo(columns([head, _row(found.chosen), ("held out", *_row(found.held_out)[1:])]))
    typer.echo("Held out: each document's questions under a threshold that was found without them.")


def _row(one: "Errors") -> tuple[str, ...]:
    shares = (one.declined_answerable, one.answered_unanswerable, one.balanced, one.accuracy, one.coverage)
    return (f"{one.threshold:.3f}", *(f"{share:.3f}" for share in shares))
