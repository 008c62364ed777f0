"""Writes settings into ``footnote.toml`` and leaves all else in it as it is: comments, order, white space, mode."""

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from shutil import copymode
from typing import Any

from eval.optional import eval_extra
from rag.errors import ConfigError

with eval_extra():
    import tomlkit
    from tomlkit.exceptions import TOMLKitError


def write_settings(file: Path, values: Mapping[str, Any]) -> list[str]:
    """``values`` by key: ``retrieval.limit``. What changed, a line each. Makes the file where there is none.

    Raises ``ConfigError`` where it cannot be read or written.
    """
    try:
        text = file.read_bytes().decode() if file.exists() else ""
        document = tomlkit.parse(text)
        changed = [line for key, value in values.items() if (line := _put(document, key, value))]
        if changed:
            _replace(file.resolve(), _with_line_ends(tomlkit.dumps(document), text))
    except (OSError, UnicodeDecodeError, TOMLKitError, ConfigError) as error:
        raise ConfigError(f"{file} cannot be changed: {error}.") from error
    return [f"{file}: {line}" for line in changed]


def _put(document: tomlkit.TOMLDocument, key: str, value: Any) -> str | None:
    part, _, name = key.partition(".")
    if part not in document:
        document[part] = tomlkit.table()
    table: Any = document[part]
    if not isinstance(table, MutableMapping):
        raise ConfigError(f"{part} is a value in it, and not a part as [{part}] is")
    before = table.get(name)
    new = "" if value is None else value
    if before == new:
        return None
    table[name] = new
    return f"{key} = {new}" + (f", before {before}" if before is not None else "")


def _with_line_ends(text: str, before: str) -> str:
    """What was added ends its lines as all the others do."""
    as_windows = "\r\n" in before and "\n" not in before.replace("\r\n", "")
    return text.replace("\r\n", "\n").replace("\n", "\r\n") if as_windows else text


def _replace(file: Path, text: str) -> None:
    """A whole file or none: a kill leaves the one before. At no time may more people read it than before."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(0o600 if file.exists() else 0o666, exist_ok=False)
    beside.write_text(text, encoding="utf-8", newline="")
    if file.exists():
        copymode(file, beside)
    beside.replace(file)
