"""``footnote eval gate``: exit with status 1 where a run is worse than its baseline."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.compare import table
from eval.commands.run import AsJson


def gate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    baseline: Annotated[Path, typer.Option(help="The folder of an earlier run, or of a baseline.")],
    measure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[:MARGIN]", help="Guard this measure instead of the usual ones. Repeat it for more."),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Also write the ruling as JUnit XML to this file.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write a summary for a pull request to this file.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Exit with status 1 where a guarded measure is worse than the baseline by more than its margin, else with 0."""
    from eval.regression import ci_reports
    from eval.regression.gate_rule import GateError, make_ruling, parse_guard
    from eval.runs.folder import RunFolder
    from rag.console import print_json

    ruling = make_ruling(RunFolder(baseline), RunFolder(run), [parse_guard(text) for text in measure or ()])
    for file, write in ((junit, ci_reports.junit), (markdown, ci_reports.markdown)):
        try:
            if file:
                file.write_text(write(ruling), encoding="utf-8")
        except OSError as error:
            raise GateError(f"{file} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json({"passed": not ruling.failures, "failures": ruling.failures, **asdict(ruling)})
    else:
        about_p = "both systems are repeatable" if ruling.repeatable else "p: chance makes it so much worse, adjusted"
        typer.echo(f"A is the baseline, B the run; {ruling.comparison.n} questions; {about_p}.")
        compared = [replace(guarded.compared, p=guarded.p) for guarded in ruling.guarded if guarded.compared]
        typer.echo("\n".join([*ruling.comparison.notes, *table(compared)]))
        for guarded in ruling.guarded:
            if guarded.failure and guarded.compared:
                typer.echo(f"{guarded.name}, worse: {', '.join(guarded.compared.worse)}")
        failures = [f"FAILED: {failure}" for failure in ruling.failures]
        typer.echo("\n".join(failures or ["Passed: no guarded measure is worse."]))
    if ruling.failures:
        raise typer.Exit(1)
