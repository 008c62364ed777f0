"""``footnote eval run``: a set's questions, asked of the engine."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eval.terminal import progress, say
from rag.console import print_json

if TYPE_CHECKING:
    from eval.runs.folder import RunFolder
    from eval.types import Measure

GoldSet = Annotated[
    Path, typer.Argument(metavar="SET", help="A folder with docs/ and questions.jsonl, or a gold file (.jsonl, .csv).")
]
IndexDir = Annotated[
    Path | None, typer.Option("--index", help="An index that is there; a set's docs/ are indexed in var/eval.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="A configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def run(
    gold_set: GoldSet,
    index: IndexDir = None,
    config: ConfigFile = None,
    folder: Annotated[
        Path | None,
        typer.Option("--run", help="The run's folder, to make or to go on with; var/runs/SET-TIME if not given."),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Also write a row a question, as the benchmarks' scorer reads it.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Questions asked at once; if not given, 4 of a language model, 1 offline.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")] = None,
    *,
    retrieval_only: Annotated[bool, typer.Option("--retrieval-only", help="Search, and do not answer.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show all measures, not the guarded ones alone.")] = False,
    cache: Annotated[bool, typer.Option(help="Ask a language model the same thing only once.")] = True,
    as_json: AsJson = False,
) -> None:
    """Measure the engine against a set of gold questions."""
    from eval.experiments.evaluate import CACHE, Options, evaluate
    from eval.gold.files import read_gold
    from eval.gold.sets import Telling, prepared
    from eval.integrations.predictions import check_writable, write_predictions
    from eval.runs.folder import RunFolder
    from rag.engine.engine import open_engine

    if predictions:
        check_writable(predictions)  # where it cannot be written, that is said before hours of work
    cases = read_gold(gold_set)[:limit]
    settings = prepared(gold_set, index, config)
    folder = folder or fresh(gold_set)
    options = Options(str(gold_set), retrieval_only, concurrency, CACHE if cache else None)
    with open_engine(settings, Telling()) as engine:
        there = len(RunFolder(folder).answered())
        say(f"Run {folder}, {there} of {len(cases)} questions asked. If it is stopped, --run FOLDER goes on with it.")
        with progress("Asking", len(cases) - there) as advance:
            made = evaluate(engine, cases, folder, options, lambda _: advance())
    if predictions:
        write_predictions(predictions, made.rows().values())
    _print(made, every=every, as_json=as_json)
    say(f"footnote eval report {folder} makes a page of it.")


def fresh(gold_set: Path) -> Path:
    """A folder for a run of its own."""
    name = gold_set.resolve()
    started = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(3)}"  # two may start in the same second
    return Path("var/runs") / f"{name.name if gold_set.is_dir() else name.stem}-{started}"


def _print(made: "RunFolder", *, every: bool, as_json: bool) -> None:
    from eval.metrics.registry import MEASURES

    summary = made.read_json("summary.json")
    if as_json:
        print_json({"run": str(made.path), **summary, "timings": made.read_json("timings.json")})
        return
    typer.echo(_headline(summary, made.read_json("timings.json")))
    told = [measure for measure in MEASURES if measure.name in summary["measures"]]
    for measure in told:
        if measure.guarded or every:
            typer.echo(_line(measure, summary["measures"][measure.name]))
    if not every:
        typer.echo(f"--all shows {sum(not measure.guarded for measure in told)} more measures.")


def _headline(summary: Mapping[str, Any], timings: Mapping[str, Any]) -> str:
    parts = [f"{summary['questions']} questions"]
    if correct := summary["measures"].get("correct"):
        parts.append(f"{round(correct['value'] * correct['n'])} of {correct['n']} right")
    if "total" in timings:
        parts.append(f"{timings['total']['p50']:.2f} s a question")
    return ", ".join(parts)


def _line(measure: "Measure", measured: Mapping[str, Any]) -> str:
    interval = f"{measured['value']:.3f}  [{measured['low']:.3f}, {measured['high']:.3f}]"
    lower = ", lower is better" if measure.better == "lower" else ""
    return f"  {interval}  {measure.name}, of {measured['n']}{lower}"
