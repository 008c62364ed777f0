"""``footnote eval compare``: show the differences between two runs."""

import textwrap
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.run import AsJson

if TYPE_CHECKING:
    from eval.regression.comparison import MeasureComparison

_SIGNIFICANT = 0.05
_LONGEST = 160
"""Characters of a question or an answer that are shown."""


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="The earlier run's folder, or a baseline.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The later run's folder.")],
    *,
    everything: Annotated[bool, typer.Option("--all", help="Show all measures, not only the guarded ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how two runs of the same questions differ: their settings, their measures, and which questions flipped."""
    from eval.regression.comparison import compare
    from eval.regression.gate_rule import GUARDS
    from eval.runs.folder import RunFolder
    from rag.console import print_json

    names = None if everything else {guard.name for guard in GUARDS}
    comparison = compare(RunFolder(before), RunFolder(after), names)
    if as_json:
        print_json(asdict(comparison))
        return
    typer.echo("\n".join([f"{comparison.n} questions in both runs.", *comparison.notes]))
    typer.echo("The runs differ in:" if comparison.changes else "Both runs have the same settings, model and index.")
    for change in comparison.changes:
        typer.echo(f"  {change.name}: {change.before} → {change.after}")
    typer.echo("\n".join(["", *table(comparison.compared), ""]))
    typer.echo("▲ better, ▼ worse, * p < .05, Holm-adjusted over the measures shown.")
    rates = [measure for measure in comparison.compared if measure.measure.kind == "rate"]
    for rate, way, ids in [(m, way, ids) for m in rates for way, ids in (("worse", m.worse), ("better", m.better))]:
        if ids:
            typer.echo(f"\n{rate.measure.name}, {way}: {len(ids)}")
        for id_ in ids:
            flipped = comparison.told[id_]
            typer.echo(f"  {id_}  {_short(flipped.question)}".rstrip())
            for name, answer in (("A", flipped.before), ("B", flipped.after)):
                if answer:
                    typer.echo(f"    {name}: {_short(answer)}")


def table(measures: Iterable["MeasureComparison"]) -> list[str]:
    """Return a line of headings, and one for each measure."""
    lines = [f"{'':24}{'A':>7}{'B':>8}   {'difference [95 %]':24}{'p':>7}{'n':>7}"]
    for m in measures:
        way = "▲" if m.gain > 0 else "▼" if m.gain < 0 else " "
        mark = "*" if m.p < _SIGNIFICANT else " "
        lines.append(
            f"{m.measure.name:24}{m.before:7.3f}{m.after:8.3f} {way} {m.difference!s:24}{m.p:7.3f}{mark}{m.n:6}"
        )
    return lines


def _short(text: str) -> str:
    return textwrap.shorten(text, _LONGEST, placeholder=" …")
