"""``footnote eval compare``: what changed between two runs."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eval.regression.comparison import Compared, Comparison, Told

_SIGNIFICANT = 0.05
_SHOWN = 160
"""Characters of a question or an answer."""


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="The earlier run's folder, or a baseline.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The later run's folder.")],
    *,
    everything: Annotated[bool, typer.Option("--all", help="Show all measures, not only those a gate guards.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Show what two runs of the same questions were made of, what differs, and which questions flipped."""
    from eval.regression.comparison import compare
    from eval.regression.gate_rule import GUARDS
    from eval.runs.folder import RunFolder
    from rag.console import print_json

    names = None if everything else {guard.name for guard in GUARDS}
    told = compare(RunFolder(before), RunFolder(after), names)
    print_json(asdict(told)) if as_json else typer.echo(_shown(told))


def _shown(told: "Comparison") -> str:
    changes = [f"  {change.name}: {change.before} → {change.after}" for change in told.changes]
    flips = [line for one in told.compared if one.measure.kind == "rate" for line in _flips(one, told)]
    return "\n".join(
        [
            f"{told.n} questions in both runs.",
            *told.notes,
            *(["What they were made of differs:", *changes] if changes else ["They were made of the same."]),
            "",
            *table(told.compared),
            "",
            "▲ better, ▼ worse, * p < .05 as adjusted by Holm over the measures shown.",
            *flips,
        ]
    )


def table(compared: Iterable["Compared"]) -> list[str]:
    """A line a measure below a line of headings."""
    head = f"{'':24}{'A':>7}{'B':>8}   {'difference [95 %]':24}{'p':>7}{'n':>7}"
    return [head, *map(_line, compared)]


def _line(one: "Compared") -> str:
    way = "▲" if one.gain > 0 else "▼" if one.gain < 0 else " "
    by = f"{one.difference.value:+.3f} [{one.difference.low:+.3f}, {one.difference.high:+.3f}]"
    mark = "*" if one.p < _SIGNIFICANT else " "
    return f"{one.measure.name:24}{one.before:7.3f}{one.after:8.3f} {way} {by:24}{one.p:7.3f}{mark}{one.n:6}"


def _flips(one: "Compared", told: "Comparison") -> Iterator[str]:
    for way, ids in (("worse", one.worse), ("better", one.better)):
        if ids:
            yield f"\n{one.measure.name}, {way}: {len(ids)}"
        for id_ in ids:
            yield f"  {id_}  {_short(told.told[id_].question)}".rstrip()
            yield from (f"    {run}: {_short(said)}" for run, said in _answers(told.told[id_]) if said)


def _answers(told: "Told") -> tuple[tuple[str, str], ...]:
    return ("A", told.before), ("B", told.after)


def _short(text: str) -> str:
    return textwrap.shorten(text, _SHOWN, placeholder=" …")
