"""reStructuredText as it is written, so that its lines are the file's; sections begin at headings, tables and code."""

import re
from collections.abc import Iterator
from pathlib import Path

from indexes.readers.extraction.extraction_builder import one_line
from indexes.readers.markup.sections import SectionStart, cut_sections
from indexes.readers.markup.text import text_of
from indexes.types import Extraction

_RULE = re.compile(r"([!-/:-@\[-`{-~])\1+\s*$")
_BORDER = re.compile(r"(?:\+(?:[-=]+\+)+|=+(?: +=+)+)\s*$")
_CODE = re.compile(r"\.\. (?:code|code-block|sourcecode|highlight|parsed-literal)::")

_MAX_ROWS = 2000
"""Lines of a simple table. Its end is not searched for beyond them."""


def read_rst(path: Path) -> Extraction:
    """Read reStructuredText. A title is that of its first heading, or the file's name."""
    text = text_of(path)
    sections = cut_sections(text, _section_starts(text.splitlines(keepends=True)))
    title = next((section.heading[0] for section in sections if section.heading), one_line(path.stem))
    return Extraction(title, text, sections)


def _section_starts(lines: list[str]) -> Iterator[SectionStart]:
    styles: list[tuple[str, bool]] = []
    heading: tuple[str, ...] = ()
    yield SectionStart(0)
    number = 0
    while number < len(lines):
        end = number + 1
        if match := _heading_at(lines, number):
            style, name, end = match
            if style not in styles:
                styles.append(style)
            heading = (*heading[: styles.index(style)], name)
            yield SectionStart(number, heading)
        elif _BORDER.match(lines[number]):
            end = _end_of_table(lines, number)
            yield SectionStart(number + 1, heading, "table")  # at its header, not at the rule over it
            yield SectionStart(end, heading)
        elif _CODE.match(lines[number]) or lines[number].rstrip().endswith("::"):
            while end < len(lines) and not (lines[end].strip() and not lines[end][0].isspace()):
                end += 1
            yield SectionStart(number + 1, heading, "code")
            yield SectionStart(end, heading)
        number = end


def _heading_at(lines: list[str], number: int) -> tuple[tuple[str, bool], str, int] | None:
    """Return the heading's style, its words and the line after it.

    The style is the rule's character, and whether a rule stands over the words too.
    """
    first, second, third = (lines[at].rstrip() if at < len(lines) else "" for at in range(number, number + 3))
    if _RULE.match(first) and second.strip() and third == first and len(first) >= len(second.strip()):
        return (first[0], True), one_line(second), number + 3
    before = lines[number - 1].strip() if number else ""
    plain = first and not first[0].isspace() and not _RULE.match(first) and not before
    if plain and _RULE.match(second) and len(second) >= min(len(first), 4):
        return (second[0], False), one_line(first), number + 2
    return None


def _end_of_table(lines: list[str], start: int) -> int:
    """Return the line after the table: a grid table ends with its rows, a simple one at a rule before a blank line."""
    if lines[start].startswith("+"):
        return next((n for n in range(start, len(lines)) if lines[n][:1] not in ("+", "|")), len(lines))
    rules = (n for n in range(start + 1, min(start + _MAX_ROWS, len(lines))) if _BORDER.match(lines[n]))
    return next((n + 1 for n in rules if n + 1 == len(lines) or not lines[n + 1].strip()), start + 2)
