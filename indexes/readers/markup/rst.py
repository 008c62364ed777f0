"""reStructuredText as it is written, so that its lines are the file's; sections begin at headings, tables and code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexes.readers.extraction.extraction_builder import one_line
from indexes.readers.markup.text import text_of
from indexes.types import Extraction, Kind, Section

_RULE = re.compile(r"([!-/:-@\[-`{-~])\1+\s*$")
_BORDER = re.compile(r"(?:\+(?:[-=]+\+)+|=+(?: +=+)+)\s*$")
_CODE = re.compile(r"\.\. (?:code|code-block|sourcecode|highlight|parsed-literal)::")

_MAX_ROWS = 2000
"""Lines of a simple table: its end is searched for no further."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a section begins: its line, counted from 0."""

    line: int
    heading: tuple[str, ...]
    kind: Kind = "prose"


def read_rst(path: Path) -> Extraction:
    text = text_of(path)
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    marks = {0: _Mark(0, ())} | {mark.line: mark for mark in _marks(lines) if mark.line < len(lines)}
    kept = [marks[line] for line in sorted(marks)]
    ends = [starts[mark.line] for mark in kept[1:]] + [len(text)]
    sections = tuple(
        Section(starts[mark.line], end, mark.line + 1, mark.heading, kind=mark.kind)
        for mark, end in zip(kept, ends, strict=True)
    )
    title = next((section.heading[0] for section in sections if section.heading), one_line(path.stem))
    return Extraction(title, text, sections)


def _marks(lines: list[str]) -> Iterator[_Mark]:
    styles: list[tuple[str, bool]] = []
    heading: tuple[str, ...] = ()
    number = 0
    while number < len(lines):
        end = number + 1
        if found := _heading(lines, number):
            style, name, end = found
            if style not in styles:
                styles.append(style)
            levels = styles[: styles.index(style)]
            heading = (*heading[: len(levels)], name)
            yield _Mark(number, heading)
        elif _BORDER.match(lines[number]):
            end = _end_of_table(lines, number)
            yield _Mark(number + 1, heading, "table")  # at its header, not at the rule over it
            yield _Mark(end, heading)
        elif _CODE.match(lines[number]) or lines[number].rstrip().endswith("::"):
            end = _end_of_indented(lines, end)
            yield _Mark(number + 1, heading, "code")
            yield _Mark(end, heading)
        number = end


def _heading(lines: list[str], number: int) -> tuple[tuple[str, bool], str, int] | None:
    """Its style (the rule's character, and whether one stands over it too), its words, and the line after it."""
    one, two, three = (lines[at].rstrip() if at < len(lines) else "" for at in range(number, number + 3))
    if _RULE.match(one) and two.strip() and three == one and len(one) >= len(two.strip()):
        return (one[0], True), one_line(two), number + 3
    before = lines[number - 1].strip() if number else ""
    plain = one and not one[0].isspace() and not _RULE.match(one) and not before
    if plain and _RULE.match(two) and len(two) >= min(len(one), 4):
        return (two[0], False), one_line(one), number + 2
    return None


def _end_of_table(lines: list[str], start: int) -> int:
    """A grid table ends before what is no row of it; a simple one at the rule that a blank line follows."""
    if lines[start].startswith("+"):
        return next((n for n in range(start, len(lines)) if lines[n][:1] not in ("+", "|")), len(lines))
    rules = (n for n in range(start + 1, min(start + _MAX_ROWS, len(lines))) if _BORDER.match(lines[n]))
    return next((n + 1 for n in rules if n + 1 == len(lines) or not lines[n + 1].strip()), start + 2)


def _end_of_indented(lines: list[str], start: int) -> int:
    return next((n for n in range(start, len(lines)) if lines[n].strip() and not lines[n][0].isspace()), len(lines))
