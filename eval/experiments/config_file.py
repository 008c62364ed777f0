"""Write settings into ``footnote.toml``. Its comments, order, white space and file mode stay as they are."""

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
    """Write ``values``, by key as in ``retrieval.limit``, and return a line for each change. A missing file is made.

    Raises ``ConfigError`` where it cannot be read or written.
    """
    try:
        before = file.read_bytes().decode() if file.exists() else ""
        document = tomlkit.parse(before)
        changes = [change for key, value in values.items() if (change := _set_value(document, key, value))]
        if changes:
            text = tomlkit.dumps(document)
            if "\r\n" in before and "\n" not in before.replace("\r\n", ""):  # tomlkit ends new lines by \n alone
                text = text.replace("\r\n", "\n").replace("\n", "\r\n")
            _replace_file(file.resolve(), text)
    except (OSError, UnicodeDecodeError, TOMLKitError, ConfigError) as error:
        raise ConfigError(f"{file} cannot be changed: {error}.") from error
    return [f"{file}: {change}" for change in changes]


def _set_value(document: tomlkit.TOMLDocument, key: str, value: Any) -> str | None:
    """Returns the change in words; None where the key has the value already."""
    part, _, name = key.partition(".")
    if part not in document:
        document[part] = tomlkit.table()
    table: Any = document[part]
    if not isinstance(table, MutableMapping):
        raise ConfigError(f"in it, {part} is a value and not a table [{part}]")
    before = table.get(name)
    new = "" if value is None else value
    if before == new:
        return None
    table[name] = new
    return f"{key} = {new}" + (f", before {before}" if before is not None else "")


def _replace_file(file: Path, text: str) -> None:
    """Replaces the file at once, so that a kill leaves the old one. At no time can more people read it than before."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(0o600 if file.exists() else 0o666, exist_ok=False)
    beside.write_text(text, encoding="utf-8", newline="")
    if file.exists():
        copymode(file, beside)
    beside.replace(file)
