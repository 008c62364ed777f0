"""What passes between the sandbox and its worker: JSON, since a broken worker must not be able to send code."""

import json
from dataclasses import asdict
from typing import Any

from indexes.errors import ReadError
from indexes.types import Extraction, Part, Section

END = b"\n"
"""Of an answer, which is one line."""
ALIVE = END
"""An empty line, sent when a page of many was recognised: the answer is yet to come."""


def dump(result: Extraction | ReadError) -> bytes:
    data = {"error": str(result)} if isinstance(result, ReadError) else asdict(result)
    return json.dumps(data, ensure_ascii=False).encode()


def load(message: bytes) -> Extraction:
    """Raises the ``ReadError`` that was sent in place of an extraction."""
    data = json.loads(message)
    if "error" in data:
        raise ReadError(data["error"])
    return _extraction(data)


def sections_from(rows: list[dict[str, Any]]) -> tuple[Section, ...]:
    return tuple(Section(**{**row, "heading": tuple(row["heading"])}) for row in rows)


def _extraction(data: dict[str, Any]) -> Extraction:
    sections, notes = sections_from(data["sections"]), tuple(data["notes"])
    return Extraction(data["title"], data["text"], sections, notes, tuple(map(_part, data["parts"])))


def _part(data: dict[str, Any]) -> Part:
    found = data["found"]
    return Part(data["path"], found if isinstance(found, str) else _extraction(found))
