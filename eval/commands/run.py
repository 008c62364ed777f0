"""``footnote eval run``: ask the engine the questions of a set, and measure the answers."""

from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer

from eval.terminal import progress, say
from rag.console import print_json

GoldSet = Annotated[
    Path, typer.Argument(metavar="SET", help="A folder with docs/ and questions.jsonl, or a gold file (.jsonl, .csv).")
]
IndexDir = Annotated[
    Path | None, typer.Option("--index", help="An existing index. By default a set's docs/ are indexed in var/eval.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="A configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def run(
    gold_set: GoldSet,
    index: IndexDir = None,
    config: ConfigFile = None,
    folder: Annotated[
        Path | None,
        typer.Option("--run", help="The run's folder, to make or to resume. The default is var/runs/SET-TIME."),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Also write one row per question in the format of the benchmarks' scorer.")
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, help="Questions asked at a time. The default is 4 with a language model, and 1 offline."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first N questions.")] = None,
    *,
    retrieval_only: Annotated[bool, typer.Option("--retrieval-only", help="Search, and do not answer.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show all measures, not only the guarded ones.")] = False,
    cache: Annotated[bool, typer.Option(help="Reuse a language model's earlier replies.")] = True,
    as_json: AsJson = False,
) -> None:
    """Measure the engine on a set of gold questions."""
    from eval.experiments.evaluate import CACHE, RunOptions, evaluate
    from eval.gold.files import read_gold
    from eval.gold.sets import HealingListener, prepare_index
    from eval.integrations.predictions import check_writable, write_predictions
    from eval.metrics.summary import format_summary
    from eval.runs.folder import RunFolder
    from rag.engine.engine import open_engine

    if predictions:
        check_writable(predictions)  # before hours of work
    cases = read_gold(gold_set)[:limit]
    settings = prepare_index(gold_set, index, config)
    folder = folder or make_run_folder(gold_set)
    options = RunOptions(str(gold_set), retrieval_only, concurrency, CACHE if cache else None)
    with open_engine(settings, HealingListener()) as engine:
        answered = len(RunFolder(folder).answered_ids())
        say(f"Run {folder}: {answered} of {len(cases)} questions asked. If it stops, --run FOLDER resumes it.")
        with progress("Asking", len(cases) - answered) as advance:
            result = evaluate(engine, cases, folder, options, lambda _: advance())
    if predictions:
        write_predictions(predictions, result.rows().values())
    summary, timings = result.read_json("summary.json"), result.read_json("timings.json")
    if as_json:
        print_json({"run": str(folder), **summary, "timings": timings})
    else:
        typer.echo(format_summary(summary, timings, every=every))
    say(f"footnote eval report {folder} makes a page of it.")


def make_run_folder(gold_set: Path) -> Path:
    """Return a new folder's path for a run of the set, named by set and time."""
    place = gold_set.resolve()
    name = place.name if gold_set.is_dir() else place.stem
    started = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(3)}"  # two may start in the same second
    return Path("var/runs") / f"{name}-{started}"
