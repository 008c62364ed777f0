"""The options that commands share: where the index is, what is searched, how results are printed."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from indexes.types import Query
    from rag.settings import Settings
    from rag.types import Question

    Request = TypeVar("Request", Question, Query)

IndexDir = Annotated[Path | None, typer.Option("--index", help="The index folder. Default: var/index.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The configuration file. Default: footnote.toml, if it exists.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="A group of the asker. Repeatable.")]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """The options of ``ask`` and ``search``: who asks, and which documents are searched."""

    group: Groups = None
    path: Annotated[
        list[str] | None,
        typer.Option("--path", metavar="GLOB", help="Only documents whose path matches, as 'hr/**/*.pdf'. Repeatable."),
    ] = None
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="MEDIA", help="Only documents of this media type, as 'text/*'. Repeatable."),
    ] = None
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="L", help="Only documents with this label. Repeatable.")
    ] = None
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only documents of this day or later, as 2024-05-31.")
    ] = None
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Only documents of this day or earlier.")] = None
    recency: Annotated[
        float | None,
        typer.Option(metavar="DAYS", help="Rank older documents lower: half the weight after this many days."),
    ] = None

    def apply(self, request: "Request") -> "Request":
        """Return the request with this audience, these filters and this recency. Raises ``FilterError``."""
        from indexes.types import Audience
        from rag.question.filters import make_filters, make_recency

        return replace(
            request,
            audience=Audience(frozenset(self.group or ())),
            filters=make_filters(self.path or (), self.type_ or (), self.label or (), self.since, self.until),
            recency_days=make_recency(self.recency),
        )


def with_search_options(command: Callable[..., None]) -> Callable[..., None]:
    """Spell out the parameter ``options`` of a command as the fields of ``SearchOptions``, for typer to read."""

    @wraps(command)
    def run(**values: Any) -> None:
        shared = {field.name: values.pop(field.name) for field in fields(SearchOptions)}
        command(**values, options=SearchOptions(**shared))

    own = [parameter for parameter in signature(command).parameters.values() if parameter.name != "options"]
    shared = [
        parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in signature(SearchOptions).parameters.values()
    ]
    run.__signature__ = signature(command).replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
    return run


def load(config: Path | None, index: Path | None, **flags: dict[str, Any]) -> "Settings":
    """Load the settings, with what the command line sets. Raises ``ConfigError``."""
    from rag.settings import load_settings

    return load_settings(config, **({"index": {"dir": index}} if index else {}), **flags)
