"""``footnote keys``: keys of the HTTP API, each with its groups and rights."""

import re
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, load
from api.rendering.printable import printable
from rag.console import print_json

if TYPE_CHECKING:
    from api.auth.api_keys import Key, KeyStore
    from rag.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke keys of the HTTP API.")
_SECONDS = {"h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what the key is for.")],
    config: ConfigFile = None,
    *,
    groups: Annotated[
        str, typer.Option(metavar="A,B", help="Groups whose documents the key finds, besides public ones.")
    ] = "",
    may_write: Annotated[
        bool,
        typer.Option("--may-write", help="The key may also add and remove documents, and start index runs."),
    ] = False,
    expires: Annotated[
        str | None, typer.Option(metavar="90d", help="How long the key is valid, in hours (h), days (d) or weeks (w).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it. It cannot be shown again."""
    if not name.strip() or not name.isprintable():
        raise typer.BadParameter("a key needs a name in printable characters.", param_hint="NAME")
    if not groups.isprintable():
        raise typer.BadParameter("write names of groups with commas between them.", param_hint="--groups")
    until = None
    if expires is not None:
        if not (duration := re.fullmatch(r"([1-9]\d{0,4})([hdw])", expires)):
            raise typer.BadParameter(f"{expires!r} is not a duration: write 12h, 90d or 52w.", param_hint="--expires")
        until = time.time() + int(duration[1]) * _SECONDS[duration[2]]
    settings = load(config, None)
    members = tuple(dict.fromkeys(group.strip() for group in groups.split(",") if group.strip()))
    key, secret = _store(settings).create(name.strip(), members, may_write=may_write, expires=until)
    for group in members:
        if not any(group in rule.groups for rule in settings.access):
            terminal.say(f"No [[access]] rule names the group {printable(group)}: it adds no documents for now.")
    if as_json:
        print_json({**_to_wire(key), "key": secret})
    else:
        terminal.say(f"The key {key.id} for {printable(key.name)}. It cannot be shown again:")
        sys.stdout.write(f"{secret}\n")


@app.command("list")
def list_keys(config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """List the keys: what each may do, and when it was last used."""
    keys, now = _store(load(config, None)).all(), time.time()
    if as_json:
        print_json([_to_wire(key) for key in keys])
        return
    if not keys:
        terminal.print_lines(["There are no keys. `footnote keys create NAME` creates one."])
    for key in keys:
        state = "good" if key.usable(now) else "revoked" if key.revoked else "expired"
        facts = [
            f"groups {', '.join(key.groups)}" if key.groups else "public documents only",
            "may write" if key.may_write else "reads only",
            f"made {_day(key.created)}",
            f"expires {_day(key.expires)}" if key.expires else "never expires",
            f"last used {_minute(key.used)}" if key.used else "never used",
            *([f"revoked {_minute(key.revoked)}"] if key.revoked else []),
        ]
        terminal.print_lines([f"{state:<7} {key.id} {printable(key.name)}: {printable('; '.join(facts))}"])


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The id that `footnote keys list` shows.")],
    config: ConfigFile = None,
) -> None:
    """Revoke a key. It fails from the next request on."""
    key = _store(load(config, None)).revoke(key_id)
    terminal.print_lines([f"The key {key.id} for {printable(key.name)} is revoked."])


def _store(settings: "Settings") -> "KeyStore":
    from api.auth.api_keys import KeyStore

    return KeyStore(settings.server.dir)


def _to_wire(key: "Key") -> dict[str, object]:
    facts = asdict(key)
    times = {name: facts[name] for name in ("created", "expires", "used", "revoked")}
    return facts | {
        name: None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
        for name, moment in times.items()
    }


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def _minute(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
