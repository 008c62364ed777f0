"""``footnote keys``: who may use the HTTP API, and what they may see there."""

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

app = typer.Typer(no_args_is_help=True, help="Make keys of the HTTP API, list them, and revoke them.")
_SECONDS = {"h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, or what it is for.")],
    config: ConfigFile = None,
    *,
    groups: Annotated[
        str, typer.Option(metavar="A,B", help="The groups whose documents it finds, as well as public ones.")
    ] = "",
    may_write: Annotated[
        bool,
        typer.Option(
            "--may-write", help="It may also add and remove documents, and have the index brought up to date."
        ),
    ] = False,
    expires: Annotated[
        str | None, typer.Option(metavar="90d", help="When it ends: in so many hours (h), days (d), weeks (w).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print it: this once."""
    settings = load(config, None)
    wanted = _groups(groups)
    key, secret = _store(settings).create(_name(name), wanted, may_write=may_write, expires=_expiry(expires))
    for group in _unruled(settings, wanted):
        terminal.say(f"No [[access]] rule is for the group {printable(group)}: it finds nothing more for now.")
    if as_json:
        print_json({**_to_wire(key), "key": secret})
    else:
        terminal.say(f"The key {key.id}, for {printable(key.name)}. It is shown this once, and kept nowhere:")
        sys.stdout.write(f"{secret}\n")


@app.command("list")
def list_keys(config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Say which keys there are, what each may, and when it was last used."""
    keys = _store(load(config, None)).all()
    if as_json:
        print_json([_to_wire(key) for key in keys])
    else:
        terminal.print_lines([_line(key) for key in keys] or ["There are none: `footnote keys create NAME`."])


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `footnote keys list` shows it.")],
    config: ConfigFile = None,
) -> None:
    """Have a key open nothing from the next request on."""
    key = _store(load(config, None)).revoke(key_id)
    terminal.print_lines([f"The key {key.id}, for {printable(key.name)}, opens nothing from now on."])


def _store(settings: "Settings") -> "KeyStore":
    from api.auth.api_keys import KeyStore

    return KeyStore(settings.server.dir)


def _name(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise typer.BadParameter("a key has a name, in letters: whose it is, or what it is for.", param_hint="NAME")
    return name.strip()


def _groups(groups: str) -> tuple[str, ...]:
    if not groups.isprintable():
        raise typer.BadParameter("groups are names, and between them a comma.", param_hint="--groups")
    return tuple(dict.fromkeys(group.strip() for group in groups.split(",") if group.strip()))


def _expiry(expires: str | None) -> float | None:
    """Seconds since 1970."""
    if expires is None:
        return None
    if not (parts := re.fullmatch(r"([1-9]\d{0,4})([hdw])", expires)):
        raise typer.BadParameter(f"{expires!r} is no time: write 12h, 90d or 52w.", param_hint="--expires")
    return time.time() + int(parts[1]) * _SECONDS[parts[2]]


def _unruled(settings: "Settings", groups: tuple[str, ...]) -> list[str]:
    ruled = {group for rule in settings.access for group in rule.groups}
    return [group for group in groups if group not in ruled]


def _to_wire(key: "Key") -> dict[str, object]:
    facts = asdict(key)
    return facts | {name: _iso(facts[name]) for name in ("created", "expires", "used", "revoked")}


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _line(key: "Key") -> str:
    now = time.time()
    state = "good" if key.usable(now) else "revoked" if key.revoked else "expired"
    facts = [
        f"groups {', '.join(key.groups)}" if key.groups else "public documents only",
        "may write" if key.may_write else "reads only",
        f"made {_day(key.created)}",
        f"expires {_day(key.expires)}" if key.expires else "never expires",
        f"last used {_minute(key.used)}" if key.used else "never used",
        *([f"revoked {_minute(key.revoked)}"] if key.revoked else []),
    ]
    return f"{state:<7} {key.id} {printable(key.name)}: {printable('; '.join(facts))}"


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def _minute(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
