"""Counts what a claim says is so many: what it lists itself, a table's rows or values, the items of a list."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from indexes.text.sentences import is_table_row, sentence_spans
from indexes.text.tokenization import STOP_WORDS, figures, stem, stems
from indexes.types import Passage
from rag.evidence.figures.numerals import with_plain_numerals
from rag.evidence.figures.quantities import Quantity, amounts, is_number
from rag.evidence.figures.units import in_base_unit
from rag.evidence.tables.relations import Table, has_whole_table, is_figure, prose_of, read_tables

LARGEST = 100
"""The largest number that a reader would count out."""
_FEWEST = 2
"""Things that are counted: a list or table of one is none."""
_NOUN_WORDS = 3
"""Words after a figure, one of which tells what is counted: "seven regional offices"."""


def _stemmed(words_: str) -> frozenset[str]:
    return frozenset(map(stem, words_.split()))


_ROWS = _stemmed("row rows entry entries item items line lines record records")
_ITEMS_OF_LISTS = _ROWS | _stemmed("step point rule reason way tip condition requirement thing")
_PEOPLE = _stemmed("name person people member staff employee colleague")
_SUMMARY = _stemmed("total totals sum subtotal average mean all overall")
"""Keys of rows that add up the others."""
_SAYS_LITTLE = (
    _stemmed(
        "list table total overall altogether different distinct document source include show exist name number count"
        " contain mention say state give follow available listed one two also currently"
    )
    | _ROWS
)
"""Words of a claim that choose none of the rows."""
_ASIDE = re.compile(r"\([^()]*\)")
_ITEMS = re.compile(r",\s+(?:and|or|und)\s+|,\s+|\s+(?:and|or|und)\s+")
_BULLET = re.compile(r"(?P<indent>[ \t]*)(?:[-*+•▪◦‣–—]|\(?\d{1,3}[.)])\s+(?=\S)")
_NOUN = re.compile(rf"\W{{1,3}}((?:[^\W\d_]+(?:[- ](?=[^\W\d_])|\b)){{1,{_NOUN_WORDS}}})")
_WRITTEN = re.compile(r"(?<![\w.,-])(?:\d+(?![.,]\d)|[^\W\d_]+)")
_ASKED = re.compile(r"\bhow many\W+((?:[^\W\d_]+\W+){1,3})", re.IGNORECASE)
_AT_MOST = re.compile(
    r"\b(?:or|and) (?:earlier|less|fewer|below|under|lower|before)\b"
    r"|\b(?:at most|up to|before|by|under|below|until|no later than|(?:less|fewer|earlier|lower|cheaper) than)\b",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"\b(?:or|and) (?:later|more|above|over|higher|after)\b"
    r"|\b(?:at least|after|over|above|from|no earlier than|(?:more|later|higher) than)\b",
    re.IGNORECASE,
)
_MARKS = str.maketrans("_-/.", "    ")
_START_OF_CELL = re.compile(r"\s(?:to|until|bis|à|a)\s|[–—]|(?<=\d)-(?=\d)")
"""What parts the figure with which a cell begins from the rest: the first of "08:00 to 16:30" counts."""


@dataclass(frozen=True, slots=True)
class Recount:
    """How often a thing is there, in words. ``agrees`` is None if that cannot be told."""

    words: str
    agrees: bool | None
    is_all: bool = False
    """Whether the claim says nothing else."""


class _Count(NamedTuple):
    number: int
    words: str
    is_least: bool = False
    """Whether there are surely so many."""
    is_most: bool = False
    """Whether there are surely no more."""
    is_all: bool = False
    """Whether the claim says nothing else."""

    def contradicts(self, number: int) -> bool:
        """Return whether there are surely more, or surely fewer."""
        return (self.is_least and number < self.number) or (self.is_most and number > self.number)


class _View(NamedTuple):
    """A table as far as it was cited, and whether that is all of it."""

    table: Table
    is_whole: bool


def recount(figure: Quantity, claim: str, passages: Sequence[Passage], asked: str = "") -> Recount | None:
    """Return what counting in the passages finds where a claim says how many things there are; None if nothing.

    ``asked`` is the question, which names the things that a fragment leaves out.
    """
    if not is_count(figure) or int(figure.value) < _FEWEST:
        return None
    number = int(figure.value)
    parts = re.split(r":(?!\d)|[;–—]", _ASIDE.sub(" ", claim))[1:]
    if listed := [len(items) for part in parts if len(items := _ITEMS.split(part.strip(" ."))) > 1]:
        return Recount(f"{number} listed", agrees=True) if number in listed else None
    counts = list(_counts(figure, claim, passages, asked))
    if equal := next((count for count in counts if count.number == number), None):
        return Recount(equal.words, agrees=True, is_all=equal.is_all)
    is_wrong = all(count.contradicts(number) for count in counts)
    return Recount(counts[0].words, agrees=False if is_wrong else None) if counts else None


def without_bullets(text: str) -> str:
    """Return the lines of a text that are no rows, list items without their bullet or number."""
    return "\n".join(_BULLET.sub("", line) for line in prose_of(text).splitlines())


def is_count(figure: Quantity) -> bool:
    """Return whether a figure may be a number of things: whole, small and without a unit."""
    bare = not (figure.unit or figure.scale or figure.soft)
    return bare and figure.value.isdigit() and int(figure.value) <= LARGEST


def _counts(figure: Quantity, claim: str, passages: Sequence[Passage], asked: str) -> Iterator[_Count]:
    match = _ASKED.search(asked)
    noun = _noun_of(figure, claim) or frozenset(stems(match[1]) if match else ())
    titles = [f"{prose_of(p.context)} {p.title} {p.path}".translate(_MARKS) for p in passages]
    for view in _views(passages):
        yield from _counts_of_table(view, noun, claim, figure, frozenset(stems(" ".join(titles))))
    for passage, title in zip(passages, titles, strict=True):
        yield from _counts_of_lists(passage.text, noun, frozenset(stems(title)))
        sentences = (passage.text[start:end] for start, end in sentence_spans(passage.text))
        for sentence in sentences:
            is_list = len(_ITEMS.split(sentence)) == int(figure.value) > _FEWEST and not is_table_row(sentence)
            if is_list and noun & set(stems(sentence)):
                yield _Count(int(figure.value), f"{figure.value} listed")


def _noun_of(figure: Quantity, claim: str) -> frozenset[str]:
    """Return the stems of the words after a figure."""
    plain = with_plain_numerals(claim)
    for match in _WRITTEN.finditer(plain):
        is_it = any(q.value == figure.value and is_count(q) for q in amounts(match[0]).quantities)
        after = _NOUN.match(plain, match.end())
        if is_it and after and after[1].split()[0].lower() not in STOP_WORDS - {"of"}:
            return frozenset(stems(after[1]))
    return frozenset()


def _views(passages: Iterable[Passage]) -> list[_View]:
    """Return the tables of the passages, those with the same header row as one, without rows that add up others."""
    rows: dict[tuple[str, ...], dict[tuple[str, ...], None]] = {}
    whole = set[tuple[str, ...]]()
    for passage in passages:
        for table in read_tables(passage.text, passage.context):
            kept = (row for row in table.rows if row[0] and not set(stems(row[0])) & _SUMMARY)
            rows.setdefault(table.heads, {}).update(dict.fromkeys(kept))
            if has_whole_table(passage.text, table):
                whole.add(table.heads)
    return [_View(Table(heads, tuple(found)), heads in whole) for heads, found in rows.items() if found]


def _counts_of_table(
    view: _View, noun: frozenset[str], claim: str, figure: Quantity, titles: frozenset[str]
) -> Iterator[_Count]:
    """Yield the number of rows where the claim names what they are, and of values where it names a column.

    A noun names the rows as rows, as people with names, or as one kind of them.
    """
    table, said = view.table, frozenset(stems(claim))
    names_rows = bool(noun & _ROWS or (noun & _PEOPLE and set(stems(table.head(0))) & _PEOPLE)) or any(
        value and not is_figure(value) and set(stems(value)) <= noun for row in table.rows for value in row[1:]
    )
    for column in range(len(table.rows[0])):
        head = frozenset(stems(table.head(column)))
        is_named = bool(noun & head or (column == 0 and names_rows))
        if is_figure(table.rows[0][column]) or not (is_named or (column == 0 and said & titles)):
            continue
        chosen, is_all = _chosen_rows(table, claim, head | frozenset(stems(table.head(0))) | (said & titles))
        is_least, kinds = is_all and is_named, {row[column] for row in chosen if row[column]}
        things = f"kinds of {table.head(column)}" if column else "rows"
        for number in dict.fromkeys((len(kinds), *(() if column else (len(chosen),)))):
            yield _Count(number, f"{number} {things}", is_least, is_least and view.is_whole, is_all)
        for number in () if column else _rows_in_bounds(table, claim, figure):
            yield _Count(number, f"{number} rows")


def _chosen_rows(table: Table, claim: str, known: frozenset[str]) -> tuple[list[tuple[str, ...]], bool]:
    """Return the rows that have all values which a claim names, and whether no other word of it chooses among them."""
    said, rows = set(stems(claim)), list(table.rows)
    rest = said - known - _SAYS_LITTLE - (_PEOPLE if known & _PEOPLE else set()) - figures(with_plain_numerals(claim))
    for column in range(1, len(table.rows[0])):
        for value in {row[column] for row in table.rows}:
            words_of_value = set(stems(value))
            if words_of_value and words_of_value <= said and not is_figure(value):
                rows = [row for row in rows if row[column] == value]
                rest -= words_of_value | set(stems(table.head(column)))
    return rows, not {word for word in rest if not word[0].isdigit() and len(amounts(word).quantities) == 0}


def _rows_in_bounds(table: Table, claim: str, figure: Quantity) -> Iterator[int]:
    """Yield in how many rows a column stays within the bound that a claim names, itself included and not."""
    is_most, is_least = _AT_MOST.search(claim) is not None, _AT_LEAST.search(claim) is not None
    bounds = [q for q in amounts(claim).quantities if not q.soft and q != figure and _magnitude(q)]
    if is_most == is_least or len(bounds) != 1 or (bound := _magnitude(bounds[0])) is None:
        return
    for column in range(1, len(table.rows[0])):
        if not (bound[1] or set(stems(table.head(column))) & set(stems(claim))):
            continue
        starts = (_START_OF_CELL.split(row[column])[0] for row in table.rows)
        found = ([_magnitude(quantity) for quantity in amounts(start).quantities] for start in starts)
        inside = [[one[0] for one in magnitudes if one and one[1] == bound[1]] for magnitudes in found]
        values = [one[0] for one in inside if one]
        if 2 * len(values) > len(table.rows):
            yield sum(value <= bound[0] if is_most else value >= bound[0] for value in values)
            yield sum(value < bound[0] if is_most else value > bound[0] for value in values)


def _magnitude(quantity: Quantity) -> tuple[Decimal, str] | None:
    if quantity.unit == "time":
        hour, minute = quantity.value.split(":")
        return Decimal(60 * int(hour) + int(minute)), "time"
    return in_base_unit(quantity.value, quantity.unit) if is_number(quantity.value) else None


def _counts_of_lists(text: str, noun: frozenset[str], titles: frozenset[str]) -> Iterator[_Count]:
    """Yield the number of items of each list whose lead-in or heading names them.

    It is sure where each item is one line, and a line before it and an empty one after it are in view.
    """
    lines, at = text.split("\n"), 0
    while at < len(lines):
        end = at  # up to an empty line, or to one that is no item and comes after an empty one
        while end < len(lines) and (_BULLET.match(lines[end]) or (end > at and lines[end].strip())):
            end += 1
        items = [match["indent"] for line in lines[at:end] if (match := _BULLET.match(line))]
        number, lead = items.count(min(items, default="")), [line for line in lines[:at] if line.strip()][-1:]
        if number >= _FEWEST and noun & (frozenset(stems("".join(lead))) | titles | _ITEMS_OF_LISTS):
            is_plain = len(items) == end - at and bool(lead)
            yield _Count(number, f"{number} items", is_plain, is_plain and any(map(str.strip, lines[end:])))
        at = max(end, at + 1)
