"""Source code: the text as it is, so that its lines are the file's; sections begin at functions and classes.

The rules know no language: a declaration is told by its keyword, or, as in C, by a name before brackets and no
semicolon; what is indented under a class-like one is within it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexes.readers.extraction.extraction_builder import one_line
from indexes.readers.markup.text import text_of
from indexes.types import Extraction, Section

_WORDS = (
    r"(?:(?:export|default|public|private|protected|internal|static|abstract|final|sealed|partial|async|unsafe|const"
    r"|inline|virtual|override|readonly|declare|data|open|extern(?:\s+\"C\")?|pub(?:\([^)]*\))?)\s+)*"
)
_OUTER = re.compile(
    rf"{_WORDS}(?:class|interface|trait|struct|enum|union|record|module|mod|namespace|object|impl(?:<[^>]*>)?)\s+"
    r"(?P<name>[\w$.:]+(?:<[^>]*>)?(?:\s+for\s+[\w$.:]+)?)(?=[^;=]*$|\s*[:({])"
)
_INNER = re.compile(
    rf"{_WORDS}(?:def|fn|func|function\*?|sub|fun)\s+(?:\([^)]*\)\s*)?(?P<name>[\w$.:?!]+)"
    rf"|{_WORDS}(?:const|let|var)\s+(?P<arrow>[\w$]+)\s*=\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>|\w+\s*=>)"
    r"|type\s+(?P<go>\w+)\s+(?:struct|interface)\b"
    r"|create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+|materialized\s+|unique\s+)?"
    r"(?:table|view|function|procedure|trigger|index|type)\s+(?:if\s+not\s+exists\s+)?(?P<sql>[\w.\"`\[\]]+)",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"(?P<before>[\w$&*<>:,\[\]?~ ]*?)(?P<name>[\w$:~]+)\s*\([^;=]*$")
_NO_NAMES = set("if else for foreach while switch catch return sizeof do with using lock new throw elif match".split())
_TABLE = re.compile(r"\[+(?P<name>[^\[\]]+)\]+\s*(?:[#;].*)?$")
_LEAD = re.compile(r"(?:#|//|/\*|\*|--|@|\[\w|template\b)")
"""Comments and decorations: they belong to the declaration under them."""
_MAX_LINE = 400
"""Longer lines declare nothing that a person named: they are packed or generated."""
_PLAIN = {".yaml", ".yml", ".css"}
_TABLES = {".toml", ".ini"}


@dataclass(frozen=True, slots=True)
class _Mark:
    line: int
    heading: tuple[str, ...]


def read_code(path: Path) -> Extraction:
    text = text_of(path)
    lines = text.splitlines(keepends=True)
    suffix = path.suffix.lower()
    marks = [] if suffix in _PLAIN else list(_tables(lines) if suffix in _TABLES else _declarations(lines))
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    if not marks or marks[0].line:
        marks.insert(0, _Mark(0, ()))
    ends = [starts[mark.line] for mark in marks[1:]] + [len(text)]
    sections = tuple(
        Section(starts[mark.line], end, mark.line + 1, mark.heading, kind="code")
        for mark, end in zip(marks, ends, strict=True)
    )
    return Extraction(one_line(path.name), text, sections)


def _tables(lines: list[str]) -> Iterator[_Mark]:
    for number, line in enumerate(lines):
        if found := _TABLE.match(line):
            yield _Mark(number, (found["name"].strip(),))


def _declarations(lines: list[str]) -> Iterator[_Mark]:
    """One mark a line at most, in order; what follows a declaration at its own indent is its parent's again."""
    open_: list[tuple[int, str, bool]] = []  # indent, name, whether others stand within
    heading: tuple[str, ...] = ()
    last = -1
    for number, line in enumerate(lines):
        body = line.strip()
        if (
            not body
            or len(body) > _MAX_LINE
            or body[0] in "})]{"
            or body.startswith(("end", "EOF"))
            or _LEAD.match(body)
        ):
            continue
        indent = len(line) - len(line.lstrip())
        while open_ and open_[-1][0] >= indent:
            open_.pop()
        if all(outer for *_, outer in open_) and (found := _declared(body, within=bool(open_))):
            open_.append((indent, *found))
        elif open_ or not heading:
            continue
        now = tuple(name for _, name, _ in open_)
        start = _lead(lines, number, last)
        heading, last = now, start
        yield _Mark(start, now)


def _declared(body: str, *, within: bool) -> tuple[str, bool] | None:
    if found := _OUTER.match(body):
        return one_line(found["name"]).rstrip(":"), True
    if found := _INNER.match(body):
        return next(name for name in found.groups() if name), False
    found = _BRACKETS.match(body)
    named = found and not {found["name"], *found["before"].split()} & _NO_NAMES
    if found and named and (found["before"].strip() or (within and body.endswith("{")) or body.endswith("() {")):
        return found["name"], False
    return None


def _lead(lines: list[str], number: int, last: int) -> int:
    """The first of the comments and decorations right above."""
    while number - 1 > last and _LEAD.match(lines[number - 1].strip()):
        number -= 1
    return number
