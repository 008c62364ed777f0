"""What commands have in common on the command line: where the index is, within what is searched, how it is shown."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from indexes.types import Filters
    from rag.settings import Settings

IndexDir = Annotated[Path | None, typer.Option("--index", help="The folder of the index; var/index if not given.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="A configuration file; footnote.toml if there is one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="A group the asker is in; may be given again.")]
Paths = Annotated[
    list[str] | None,
    typer.Option(
        "--path", metavar="GLOB", help="Only documents at such paths, as 'hr/**/*.pdf'; given again, at either."
    ),
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="MEDIA", help="Only of this media type, or family, as 'text/*'; may be repeated."),
]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="L", help="Only with this label; given again, with either.")
]
Since = Annotated[str | None, typer.Option(metavar="DATE", help="Only documents of that day or later: 2024-05-31.")]
Until = Annotated[str | None, typer.Option(metavar="DATE", help="Only documents of that day or earlier.")]
Recency = Annotated[
    float | None, typer.Option("--recency", metavar="DAYS", help="Older documents count less: half after so many days.")
]
AnswerLanguage = Annotated[
    str | None,
    typer.Option("--language", help="The answer's, where a language model answers: de, pt-BR or German."),
]
NONE_WITHIN = "No document that may be read is within the filters."


def filters_of(
    paths: list[str] | None, types: list[str] | None, labels: list[str] | None, since: str | None, until: str | None
) -> "Filters":
    """Raises ``FilterError``."""
    from rag.question.filters import make_filters

    return make_filters(paths or (), types or (), labels or (), since, until)


def load(config: Path | None, index: Path | None, **flags: dict[str, Any]) -> "Settings":
    from rag.settings import load_settings

    return load_settings(config, **({"index": {"dir": index}} if index else {}), **flags)


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
