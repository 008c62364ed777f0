"""Source code: the text as it is, so that its lines are the file's. Sections begin at functions and classes.

The rules know no language. A declaration has a keyword or, as in C, a name before brackets and no semicolon. What is
indented under a class belongs to it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from indexes.readers.extraction.extraction_builder import one_line
from indexes.readers.markup.sections import SectionStart, cut_sections
from indexes.readers.markup.text import text_of
from indexes.types import Extraction

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
_WITH_BRACKETS = re.compile(r"(?P<before>[\w$&*<>:,\[\]?~ ]*?)(?P<name>[\w$:~]+)\s*\([^;=]*$")
_NO_NAMES = set("if else for foreach while switch catch return sizeof do with using lock new throw elif match".split())
_TABLE = re.compile(r"\[+(?P<name>[^\[\]]+)\]+\s*(?:[#;].*)?$")
_LEAD = re.compile(r"(?:#|//|/\*|\*|--|@|\[\w|template\b)")
"""Comments and decorators, which belong to the declaration under them."""
_MAX_LINE = 400
"""Longer lines are packed or generated, and declare nothing that a person named."""
_WITHOUT_DECLARATIONS = {".yaml", ".yml", ".css"}
_WITH_TABLES = {".toml", ".ini"}


def read_code(path: Path) -> Extraction:
    """Read source code or a configuration file. The title is the file's name."""
    text = text_of(path)
    lines = text.splitlines(keepends=True)
    suffix = path.suffix.lower()
    starts = [SectionStart(0, (), "code")]
    if suffix in _WITH_TABLES:
        tables = ((number, _TABLE.match(line)) for number, line in enumerate(lines))
        starts += [SectionStart(number, (table["name"].strip(),), "code") for number, table in tables if table]
    elif suffix not in _WITHOUT_DECLARATIONS:
        starts += _declarations(lines)
    return Extraction(one_line(path.name), text, cut_sections(text, starts))


def _declarations(lines: list[str]) -> Iterator[SectionStart]:
    """Yield at most one start a line, in order. What follows a declaration at its own indent is its parent's again."""
    outer: list[tuple[int, str, bool]] = []  # indent, name, whether declarations may stand within
    heading: tuple[str, ...] = ()
    last = -1
    for number, line in enumerate(lines):
        body = line.strip()
        closing = not body or body[0] in "})]{" or body.startswith(("end", "EOF"))
        if closing or len(body) > _MAX_LINE or _LEAD.match(body):
            continue
        indent = len(line) - len(line.lstrip())
        while outer and outer[-1][0] >= indent:
            outer.pop()
        if all(holds for *_, holds in outer) and (declaration := _declaration(body, within=bool(outer))):
            outer.append((indent, *declaration))
        elif outer or not heading:
            continue
        heading = tuple(name for _, name, _ in outer)
        start = number
        while start - 1 > last and _LEAD.match(lines[start - 1].strip()):
            start -= 1
        last = start
        yield SectionStart(start, heading, "code")


def _declaration(body: str, *, within: bool) -> tuple[str, bool] | None:
    """Return the declared name, and whether other declarations may stand within it."""
    if match := _OUTER.match(body):
        return one_line(match["name"]).rstrip(":"), True
    if match := _INNER.match(body):
        return next(name for name in match.groups() if name), False
    match = _WITH_BRACKETS.match(body)
    if not match or {match["name"], *match["before"].split()} & _NO_NAMES:
        return None
    if match["before"].strip() or (within and body.endswith("{")) or body.endswith("() {"):
        return match["name"], False
    return None
