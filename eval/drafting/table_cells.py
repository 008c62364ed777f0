"""Finds table cells that a question can ask for: those whose row and column have names."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from indexes.text.sentences import is_table_row
from indexes.text.tokenization import words
from indexes.types import Document, Passage, Section

PERSON = re.compile(
    r"(?:manager|owner|director|author|officer|minister|president|secretary|chief|head|lead|chair|founder|contact)$"
)
"""Titles of people."""
_QUESTION_WORDS = frozenset("what when where who whom whose which why how today no nr id".split())
"""First words of a column whose name makes no question."""
_CONTEXT_WORDS = frozenset("that this these those other others all any none total".split())
"""Words of a row's name that mean something only beside the other rows."""
_MAX_WORDS = 12
_SAMPLE = 100_000
"""Characters of a document that show how it writes a word."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's value; ``start`` and ``end`` are its row's characters in the passage."""

    key: str
    """The row's first cell."""
    key_column: str
    column: str
    value: str
    start: int
    end: int


def askable_cells(passage: Passage, document: Document) -> Iterator[Cell]:
    """Yield the cells of the tables' rows that lie whole in the passage."""
    place = passage.locator
    for section in document.sections:
        if section.kind == "table" and section.char_start < place.char_end and place.char_start < section.char_end:
            yield from _section_cells(section, passage, document)


def cell_question(cell: Cell) -> str:
    """Return the question for the cell's value."""
    head = re.split(r" (?:of|in|per|a|for|about|on) ", cell.column)[0]
    be = "are" if re.search(r"[^su]s$", head) else "is"
    word = "Who" if PERSON.search(cell.column) else "What"
    kind = "" if _begins_question(cell.key_column) else f"{cell.key_column} "
    return f"{word} {be} the {cell.column} for {kind}“{cell.key}”?"


def _section_cells(section: Section, passage: Passage, document: Document) -> Iterator[Cell]:
    table = document.text[section.char_start : section.char_end]
    header = [_as_noun(name, document.text[:_SAMPLE]) for name in _split(table.partition("\n")[0])]
    if len(set(header)) < len(header) or len(header) < 2 or not all(map(_is_name, header)):
        return
    keys, offset = _row_keys(table), passage.locator.char_start
    for row in re.finditer(r"[^\n]+", passage.text):
        cells = _split(row[0])
        if row.start() + offset <= section.char_start or row.end() + offset > section.char_end:
            continue
        if len(cells) != len(header) or keys[cells[0]] != 1 or not _is_name(cells[0]):
            continue
        if _CONTEXT_WORDS & set(words(cells[0])):
            continue
        for column, value in zip(header[1:], cells[1:], strict=True):
            if words(value) and len(value.split()) <= _MAX_WORDS and not _begins_question(column):
                yield Cell(cells[0], header[0], column, value, *row.span())


@lru_cache(maxsize=4)
def _row_keys(table: str) -> Counter[str]:
    """Count the rows by their first cell."""
    return Counter(cells[0] for line in table.split("\n") if (cells := _split(line)))


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if is_table_row(line) else []


def _is_name(cell: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", cell)) and not re.match(r"\d", cell)


def _begins_question(column: str) -> bool:
    return words(column)[0] in _QUESTION_WORDS


def _as_noun(name: str, text: str) -> str:
    """Return the name in lower case, unless it is an abbreviation or the text capitalises it in a sentence too."""
    name = name.replace("_", " ")
    capital = not name[1:2].islower() or re.search(rf"[a-z,] {re.escape(name.split(' ')[0])}\b", text)
    return name if capital else name[:1].lower() + name[1:]
