"""JSON, with a line for each value behind its path; JSON Lines, with a line for each record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexes.errors import ReadError
from indexes.readers.extraction.extraction_builder import one_line
from indexes.readers.markup.text import text_of
from indexes.types import Extraction, Section


class _Pairs(list[tuple[str, Any]]):
    """An object as it is written: a name that occurs twice has two values."""


def read_json(path: Path) -> Extraction:
    """Read JSON as lines of ``path: value``."""
    return _extraction("".join(f"{line}\n" for line in _lines(_parse(text_of(path), "JSON"))), path)


def read_jsonl(path: Path) -> Extraction:
    """Read JSON Lines as a line for each record, with the file's line numbers."""
    records = (
        "; ".join(_lines(_parse(line, f"JSON in line {number}"))) if line.strip() else ""
        for number, line in enumerate(text_of(path).splitlines(), start=1)
    )
    return _extraction("".join(f"{record}\n" for record in records), path)


def _parse(text: str, what: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
    except ValueError as error:
        raise ReadError(f"is not {what}: {error}") from error
    except RecursionError as error:
        raise ReadError("nests too deeply") from error


def _lines(value: Any, name: str = "") -> Iterator[str]:
    """Yield ``a.b[0].c: value`` for each value."""
    if isinstance(value, _Pairs):
        for key, inner in value:
            yield from _lines(inner, f"{name}.{one_line(key)}" if name else one_line(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _lines(inner, f"{name}[{number}]")
    else:
        shown = one_line(value) if isinstance(value, str) else json.dumps(value)
        yield f"{name}: {shown}" if name else shown


def _extraction(text: str, path: Path) -> Extraction:
    if not text.strip():
        raise ReadError("holds no text")
    return Extraction(one_line(path.stem), text, (Section(0, len(text), kind="code"),))
