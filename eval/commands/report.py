"""``footnote eval report``: a run as a page to read."""

from pathlib import Path
from typing import Annotated

import typer

from eval.terminal import say


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")],
    baseline: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Also what differs from this run, question by question.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The page; RUN/report.html if not given.")] = None,
) -> None:
    """Make one HTML file of a run: its measures, plots, and every question with what went wrong."""
    from eval.reports.page import report as make
    from eval.reports.page import save
    from eval.runs.folder import RunFolder

    page = out or run / "report.html"
    save(make(RunFolder(run), RunFolder(baseline) if baseline else None), page)
    say(f"The report is in {page}.")
