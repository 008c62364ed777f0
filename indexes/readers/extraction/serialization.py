"""What passes between the sandbox and its worker: JSON, since a broken worker must not be able to send code."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any, get_args

from indexes.errors import ReadError
from indexes.text.normalization import normalise
from indexes.types import EmbeddedDocument, Extraction, Kind, Section

END = b"\n"
"""Of an answer, which is one line."""
ALIVE = END
"""An empty line, sent when a page of many was recognised: the answer is yet to come."""


def dump(result: Extraction | ReadError) -> bytes:
    data = {"error": str(result)} if isinstance(result, ReadError) else asdict(result)
    return json.dumps(data, ensure_ascii=False, default=date.isoformat).encode()


def load(message: bytes) -> Extraction:
    """Raises the ``ReadError`` that was sent instead, and where it is neither, ``ValueError`` or what Python raises."""
    data = json.loads(message)
    if "error" in data:
        raise ReadError(_text(data["error"]))
    return _extraction(data)


def sections_from(rows: list[dict[str, Any]]) -> tuple[Section, ...]:
    return tuple(Section(**{**row, "heading": tuple(row["heading"])}) for row in rows)


def _extraction(data: dict[str, Any]) -> Extraction:
    title, text, notes = _text(data["title"]), _text(data["text"]), tuple(map(_text, data["notes"]))
    sections = sections_from(data["sections"])
    for section in sections:
        _check(section)
    ends = [0, *(section.char_end for section in sections)]
    if [section.char_start for section in sections] != ends[:-1] or sorted(ends) != ends or ends[-1] != len(text):
        raise ValueError("sections that do not cover the text")
    return Extraction(title, text, sections, notes, tuple(map(_part, data["parts"])), _date(data["dated"]))


def _date(day: str | None) -> date | None:
    return None if day is None else date.fromisoformat(day)


def _check(section: Section) -> None:
    for text in section.heading if section.sheet is None else (*section.heading, section.sheet):
        _text(text)
    counted = {type(section.char_start), type(section.char_end), type(section.line)}
    if counted != {int} or not {type(section.page), type(section.slide)} <= {int, type(None)}:
        raise TypeError("no number")
    if section.kind not in get_args(Kind):
        raise ValueError("no kind of section")


def _part(data: dict[str, Any]) -> EmbeddedDocument:
    """A path is as ``enclosures`` makes them: it leads nowhere else, and its characters can be seen."""
    path, found = _text(data["path"]), data["found"]
    if normalise(path) != path or set(path) & {"\n", "\t"} or not all(step.strip(".") for step in path.split("/")):
        raise ValueError("a path that is not safe")
    return EmbeddedDocument(path, _text(found) if isinstance(found, str) else _extraction(found))


def _text(value: object) -> str:
    """Raises where it is none, or has half a character in it, which no file and no database takes."""
    if not isinstance(value, str):
        raise TypeError("no text")
    value.encode()
    return value
