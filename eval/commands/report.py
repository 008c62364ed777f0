"""``footnote eval report``: make an HTML page of a run."""

from pathlib import Path
from typing import Annotated

import typer

from eval.terminal import say


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")],
    baseline: Annotated[
        Path | None, typer.Option(metavar="RUN", help="An earlier run or a baseline, to show the differences too.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The page's file. The default is RUN/report.html.")] = None,
) -> None:
    """Make one HTML file of a run: its measures, its plots, and every question with its diagnosis."""
    from eval.reports.page import make_report, save_report
    from eval.runs.folder import RunFolder

    page = out or run / "report.html"
    save_report(make_report(RunFolder(run), RunFolder(baseline) if baseline else None), page)
    say(f"The report is in {page}.")
