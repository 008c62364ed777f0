"""The messages from worker to sandbox: JSON, so that a broken worker cannot send code."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any, get_args

from indexes.errors import ReadError
from indexes.text.normalization import normalise
from indexes.types import EmbeddedDocument, Extraction, Kind, Section

END = b"\n"
"""The end of an answer, which is one line."""
ALIVE = END
"""An empty line, sent after each page that was recognised, while the answer is still to come."""


def dump(result: Extraction | ReadError) -> bytes:
    """Write an extraction, or the reason why there is none."""
    data = {"error": str(result)} if isinstance(result, ReadError) else asdict(result)
    return json.dumps(data, ensure_ascii=False, default=date.isoformat).encode()


def load(message: bytes) -> Extraction:
    """Read an extraction. Raises the ``ReadError`` that was sent, or ``ValueError`` and the like for nonsense."""
    data = json.loads(message)
    if "error" in data:
        raise ReadError(_checked_text(data["error"]))
    return _load_extraction(data)


def sections_from(rows: list[dict[str, Any]]) -> tuple[Section, ...]:
    """Return the sections that JSON objects describe."""
    return tuple(Section(**{**row, "heading": tuple(row["heading"])}) for row in rows)


def _load_extraction(data: dict[str, Any]) -> Extraction:
    title, text, notes = _checked_text(data["title"]), _checked_text(data["text"]), map(_checked_text, data["notes"])
    sections = sections_from(data["sections"])
    for section in sections:
        for heading in section.heading if section.sheet is None else (*section.heading, section.sheet):
            _checked_text(heading)
        counted = {type(section.char_start), type(section.char_end), type(section.line)}
        if counted != {int} or not {type(section.page), type(section.slide)} <= {int, type(None)}:
            raise TypeError("no number")
        if section.kind not in get_args(Kind):
            raise ValueError("no kind of section")
    ends = [0, *(section.char_end for section in sections)]
    if [section.char_start for section in sections] != ends[:-1] or sorted(ends) != ends or ends[-1] != len(text):
        raise ValueError("sections that do not cover the text")
    parts = []
    for part in data["parts"]:
        path, content = _checked_text(part["path"]), part["found"]
        if normalise(path) != path or set(path) & {"\n", "\t"} or not all(step.strip(".") for step in path.split("/")):
            raise ValueError("a path that is not safe")
        parts.append(
            EmbeddedDocument(path, _checked_text(content) if isinstance(content, str) else _load_extraction(content))
        )
    dated = None if data["dated"] is None else date.fromisoformat(data["dated"])
    return Extraction(title, text, sections, tuple(notes), tuple(parts), dated)


def _checked_text(value: object) -> str:
    """Return a text that a file and a database take: raises for other types and for half characters."""
    if not isinstance(value, str):
        raise TypeError("no text")
    value.encode()
    return value
