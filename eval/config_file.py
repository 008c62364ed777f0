"""Writes settings into ``footnote.toml`` and leaves all else in it as it is: comments, order, white space."""

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from eval.extra import eval_extra
from rag.errors import ConfigError

with eval_extra():
    import tomlkit
    from tomlkit.exceptions import TOMLKitError


def write_settings(file: Path, values: Mapping[str, Any]) -> list[str]:
    """``values`` by key: ``retrieval.limit``. What changed, a line each. Makes the file where there is none.

    Raises ``ConfigError`` where it cannot be read or written.
    """
    try:
        document = tomlkit.parse(file.read_text("utf-8") if file.exists() else "")
        changed = [line for key, value in values.items() if (line := _put(document, key, value))]
        if changed:
            _replace(file, tomlkit.dumps(document))
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


def _replace(file: Path, text: str) -> None:
    """A whole file or none: a kill leaves the one before."""
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
