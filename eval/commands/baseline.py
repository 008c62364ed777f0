"""``footnote eval baseline``: reduce a run to a baseline that can be committed."""

from pathlib import Path
from typing import Annotated

import typer


def baseline(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The baseline's folder, which is made or replaced.")],
) -> None:
    """Keep what a gate needs of a run, small enough to commit: its scores, its summary and its facts."""
    from eval.regression.baselines import write_baseline
    from eval.runs.folder import RunFolder
    from eval.terminal import say

    write_baseline(RunFolder(run), folder)
    say(f"{folder} is the baseline now: `footnote eval gate RUN --baseline {folder}` compares a run with it.")
