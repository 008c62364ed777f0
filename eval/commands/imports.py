"""``footnote eval import``: make a set of a public benchmark."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from eval.terminal import say

_SHOWN = 5


def import_set(
    form: Annotated[Literal["squad", "beir"], typer.Argument(metavar="{squad|beir}", help="The benchmark's format.")],
    source: Annotated[Path, typer.Argument(help="A SQuAD file, or a BEIR folder.")],
    out: Annotated[Path, typer.Argument(help="The folder for the new set.")],
) -> None:
    """Turn a benchmark into a set of documents and questions, for `footnote eval OUT`."""
    from eval.gold.importers import import_beir, import_squad

    result = import_squad(source, out) if form == "squad" else import_beir(source, out)
    say(f"{result.documents} documents and {result.questions} questions: `footnote eval {out}` asks them")
    for problem in result.left_out[:_SHOWN]:
        say(f"left out: {problem}")
    if len(result.left_out) > _SHOWN:
        say(f"left out: {len(result.left_out) - _SHOWN} more")
