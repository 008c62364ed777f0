"""``footnote eval sweep``: measure a set under every combination of settings."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.run import AsJson, ConfigFile, GoldSet, IndexDir
from eval.terminal import align_columns, progress, say
from rag.console import print_json

Write = Annotated[
    bool,
    typer.Option("--write", help="Write the choice to --config, or to footnote.toml. The file is made if missing."),
]


def sweep(
    gold_set: GoldSet,
    index: IndexDir = None,
    config: ConfigFile = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE,VALUE", help="A setting and its values. Repeat it for more settings."),
    ] = None,
    quality: Annotated[str, typer.Option(help="The measure that decides.")] = "correct",
    folder: Annotated[
        Path | None, typer.Option("--runs", help="The folder for the runs. The default is var/runs/SET-HASH-sweep.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first N questions.")] = None,
    *,
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """Measure a set under every combination of settings, and choose the best for its time."""
    from eval.experiments.config_file import write_settings
    from eval.experiments.grid import make_grid
    from eval.experiments.parameter_sweep import Sweep, find_measure, run_sweep, write_report
    from eval.experiments.pareto import choose, pareto_front
    from eval.gold.files import read_gold
    from eval.gold.sets import unique_name
    from rag.settings import CONFIG_FILE

    grid = make_grid(config, options or [])
    cases = read_gold(gold_set)[:limit]
    folder = folder or Path("var/runs") / f"{unique_name(gold_set)}-sweep"
    plan = Sweep(gold_set, index, cases, folder, find_measure(quality))
    with progress("Asking", len(cases) * len(grid)) as advance:
        results = run_sweep(plan, grid, advance)
    report = write_report(plan, results)
    choice = choose(results, plan.measure, folder)
    if as_json:
        print_json(report)
    else:
        rows = [("", plan.measure.name, "95 %", "ms", "settings")]
        front = pareto_front(results, plan.measure)
        for result in results:
            mark, ms = "*" * (result in front), "-" if result.milliseconds is None else f"{result.milliseconds:.0f}"
            rows.append((mark, f"{result.quality:.3f}", f"{result.low:.3f}-{result.high:.3f}", ms, result.name))
        typer.echo(align_columns(rows))
        typer.echo("* no other is better and as fast, or faster and as good")
        typer.echo(
            f"Chosen: {choice.name}. It is the fastest whose answers do not differ significantly from the best one's "
            "(p ≥ .05). Of those that take at most a tenth longer, it is the best."
        )
    say(f"The runs, sweep.json and pareto.svg, a plot of quality against time, are in {folder}.")
    if write:
        for change in write_settings(config or CONFIG_FILE, choice.values):
            say(change)
