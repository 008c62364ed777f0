"""The cells of tables that may be asked for: those whose row and column have names."""

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
"""What people are called by."""
_ASKING = frozenset("what when where who whom whose which why how today no nr id".split())
"""First words of a column of which nothing can be asked by its name."""
_LEANING = frozenset("that this these those other others all any none total".split())
"""Words of a row's name that say something only beside the other rows."""
_MOST_WORDS = 12
_TELLING = 100_000
"""Characters of a document that tell how it writes a word."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``start`` and ``end`` are its row's in the passage."""

    key: str
    """The row's first cell."""
    key_column: str
    column: str
    value: str
    start: int
    end: int


def askable_cells(passage: Passage, document: Document) -> Iterator[Cell]:
    """Of the tables' rows that lie whole in the passage."""
    place = passage.locator
    for section in document.sections:
        if section.kind == "table" and section.char_start < place.char_end and place.char_start < section.char_end:
            yield from _cells_of(section, passage, document)


def cell_question(cell: Cell) -> str:
    head = re.split(r" (?:of|in|per|a|for|about|on) ", cell.column)[0]
    be = "are" if re.search(r"[^su]s$", head) else "is"
    word = "Who" if PERSON.search(cell.column) else "What"
    of = "" if _asks(cell.key_column) else f"{cell.key_column} "
    return f"{word} {be} the {cell.column} for {of}“{cell.key}”?"


def _cells_of(section: Section, passage: Passage, document: Document) -> Iterator[Cell]:
    table = document.text[section.char_start : section.char_end]
    header = [_common(name, document.text[:_TELLING]) for name in _split(table.partition("\n")[0])]
    if len(set(header)) < len(header) or len(header) < 2 or not all(map(_is_name, header)):
        return
    known, before = _keys(table), passage.locator.char_start
    for row in re.finditer(r"[^\n]+", passage.text):
        within = section.char_start < row.start() + before and row.end() + before <= section.char_end
        cells = _split(row[0])
        if within and len(cells) == len(header) and known[cells[0]] == 1 and _stands_alone(cells[0]):
            for column, value in zip(header[1:], cells[1:], strict=True):
                if words(value) and len(value.split()) <= _MOST_WORDS and not _asks(column):
                    yield Cell(cells[0], header[0], column, value, *row.span())


@lru_cache(maxsize=4)
def _keys(table: str) -> Counter[str]:
    """How many rows begin with each."""
    return Counter(cells[0] for line in table.split("\n") if (cells := _split(line)))


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if is_table_row(line) else []


def _is_name(cell: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", cell)) and not re.match(r"\d", cell)


def _stands_alone(key: str) -> bool:
    return _is_name(key) and not _LEANING & set(words(key))


def _asks(column: str) -> bool:
    return words(column)[0] in _ASKING


def _common(name: str, text: str) -> str:
    """As a common noun, unless it begins with an abbreviation or with what the text writes large in a sentence too."""
    name = name.replace("_", " ")
    large = not name[1:2].islower() or re.search(rf"[a-z,] {re.escape(name.split(' ')[0])}\b", text)
    return name if large else name[:1].lower() + name[1:]
