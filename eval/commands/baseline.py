"""``footnote eval baseline``: a run made small, to commit."""

from pathlib import Path
from typing import Annotated

import typer


def baseline(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the baseline is kept, or is replaced.")],
) -> None:
    """Keep what a gate needs of a run, small enough to commit: scores, summary and what it was made of."""
    from eval.regression.baselines import write_baseline
    from eval.runs.folder import RunFolder
    from eval.terminal import say

    write_baseline(RunFolder(run), folder)
    say(f"{folder} is the baseline now: `footnote eval gate RUN --baseline {folder}` holds a run against it.")
