"""``footnote eval sweep``: a set under every combination of settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.run import AsJson, ConfigFile, GoldSet, IndexDir
from eval.terminal import columns, progress, say
from rag.console import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.experiments.pareto import Outcome
    from eval.types import Measure

Write = Annotated[
    bool, typer.Option("--write", help="Write the choice into --config, or footnote.toml; made if need be.")
]


def sweep(
    gold_set: GoldSet,
    index: IndexDir = None,
    config: ConfigFile = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE,VALUE", help="A setting's values; again for more.")
    ] = None,
    quality: Annotated[str, typer.Option(help="The measure that decides.")] = "correct",
    folder: Annotated[
        Path | None, typer.Option("--runs", help="Where the runs go; var/runs/SET-HASH-sweep if not given.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")] = None,
    *,
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """Measure a set under every combination of settings, and say which is best for its time."""
    from eval.experiments.config_file import write_settings
    from eval.experiments.grid import combinations
    from eval.experiments.parameter_sweep import Sweep, measure, report
    from eval.experiments.parameter_sweep import sweep as make
    from eval.experiments.pareto import choose
    from eval.gold.files import read_gold
    from eval.gold.sets import own_name
    from rag.settings import CONFIG_FILE

    grid = combinations(config, options or [])
    cases = read_gold(gold_set)[:limit]
    of = Sweep(gold_set, index, cases, folder or Path("var/runs") / f"{own_name(gold_set)}-sweep", measure(quality))
    with progress("Asking", len(cases) * len(grid)) as advance:
        outcomes = make(of, grid, advance)
    told = report(of, outcomes)
    chosen = choose(outcomes, of.measure, of.folder)
    print_json(told) if as_json else _print(outcomes, of.measure, chosen)
    say(f"Its runs, sweep.json and pareto.svg, a picture of quality against time, are in {of.folder}.")
    if write:
        for line in write_settings(config or CONFIG_FILE, chosen.values):
            say(line)


def _print(outcomes: "Sequence[Outcome]", measure: "Measure", chosen: "Outcome") -> None:
    from eval.experiments.pareto import front

    best = front(outcomes, measure)
    head = ("", measure.name, "95 %", "ms", "settings")
    typer.echo(columns([head, *(_row(one, mark=one in best) for one in outcomes)]))
    typer.echo("* no other is better and as fast, or faster and as good")
    typer.echo(
        f"Chosen: {chosen.name}: the fastest of those that this set cannot tell from the best, question by question "
        "(p of at least .05); of those that take a tenth longer at most, the best."
    )


def _row(one: "Outcome", *, mark: bool) -> tuple[str, ...]:
    milliseconds = "-" if one.milliseconds is None else f"{one.milliseconds:.0f}"
    return ("*" if mark else "", f"{one.quality:.3f}", f"{one.low:.3f}-{one.high:.3f}", milliseconds, one.name)
