"""``footnote eval gate``: exit status 1 where a run is worse than its baseline."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.compare import table

if TYPE_CHECKING:
    from eval.regression.gate_rule import Ruling


def gate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    baseline: Annotated[Path, typer.Option(help="The run it is held against, or what `eval baseline` kept of it.")],
    measure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[:MARGIN]", help="Guard this in place of the usual; may be given again."),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Also write JUnit's XML here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write a summary for a pull request here.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Exit with 1 where a guarded measure is worse than the baseline beyond its margin, with 0 where none is."""
    from eval.regression import ci_reports
    from eval.regression.gate_rule import guard, rule
    from eval.runs.folder import RunFolder
    from rag.console import print_json

    ruling = rule(RunFolder(baseline), RunFolder(run), [guard(told) for told in measure or ()])
    if junit:
        _write(junit, ci_reports.junit(ruling))
    if markdown:
        _write(markdown, ci_reports.markdown(ruling))
    if as_json:
        print_json({"passed": not ruling.failures, "failures": ruling.failures, **asdict(ruling)})
    else:
        typer.echo("\n".join(_shown(ruling)))
    if ruling.failures:
        raise typer.Exit(1)


def _shown(ruling: "Ruling") -> Iterator[str]:
    chance = "nothing is left to chance" if ruling.repeatable else "p: chance makes it so much worse, adjusted"
    yield f"A is the baseline, B the run; {ruling.comparison.n} questions; {chance}."
    yield from ruling.comparison.notes
    yield from table(replace(one.compared, p=one.p) for one in ruling.guarded if one.compared)
    for one in ruling.guarded:
        if one.failure and one.compared:
            yield f"{one.name}, worse: {', '.join(one.compared.worse)}"
    yield from [f"FAILED: {failure}" for failure in ruling.failures] or ["Passed: no guarded measure is worse."]


def _write(file: Path, text: str) -> None:
    from eval.regression.gate_rule import GateError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise GateError(f"{file} cannot be written: {error.strerror}.") from error
