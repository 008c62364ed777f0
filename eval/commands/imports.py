"""``footnote eval import``: a question set of others."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from eval.terminal import say

_SHOWN = 5


def import_set(
    form: Annotated[Literal["squad", "beir"], typer.Argument(metavar="{squad|beir}", help="Its format.")],
    source: Annotated[Path, typer.Argument(help="A SQuAD file, or a BEIR folder.")],
    out: Annotated[Path, typer.Argument(help="The folder of the set, which is made.")],
) -> None:
    """Make a set of a benchmark: documents and questions, for `footnote eval OUT`."""
    from eval.gold.importers import import_beir, import_squad

    made = import_squad(source, out) if form == "squad" else import_beir(source, out)
    say(f"{made.documents} documents and {made.questions} questions: `footnote eval {out}` asks them")
    for left in made.left_out[:_SHOWN]:
        say(f"left out: {left}")
    if len(made.left_out) > _SHOWN:
        say(f"left out: {len(made.left_out) - _SHOWN} more")
