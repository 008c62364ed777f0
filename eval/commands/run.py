"""``footnote eval run``: a set's questions, asked of the engine."""

from pathlib import Path
from typing import Annotated

import typer

GoldSet = Annotated[
    Path, typer.Argument(metavar="SET", help="A folder with docs/ and questions.jsonl, or a gold file (.jsonl, .csv).")
]
IndexDir = Annotated[
    Path | None, typer.Option("--index", help="An index that is there; a set's docs/ are indexed in var/eval.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="A configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def run(
    gold_set: GoldSet,
    index: IndexDir = None,
    config: ConfigFile = None,
    folder: Annotated[
        Path | None,
        typer.Option("--run", help="The run's folder, to go on with or to make; var/runs/SET-DATE if not given."),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Also write a row a question, as benchmarks read it.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Questions asked at once; 4 of a language model, 1 offline.")
    ] = None,
    *,
    retrieval_only: Annotated[bool, typer.Option("--retrieval-only", help="Search, and do not answer.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")] = None,
    cache: Annotated[bool, typer.Option(help="Ask a language model each thing only once, ever.")] = True,
    as_json: AsJson = False,
) -> None:
    """Measure the engine against a set of gold questions."""
    raise NotImplementedError
