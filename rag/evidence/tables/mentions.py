"""Finds the keys, heads and values of tables that a text names, each with the cells that it may mean."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from indexes.text.tokenization import STOP_WORDS, figures, stem, words
from rag.evidence.figures.agreement import missing_amounts
from rag.evidence.figures.dates import full_weekdays
from rag.evidence.figures.quantities import amounts
from rag.evidence.tables.relations import MOST_KEYS, Table, is_figure
from rag.evidence.wording.names import fold_accents, leading_name, names

__all__ = ["SMALL_WORDS", "Lines", "Mention", "Mentions", "content_stems", "find_mentions", "folded_stems"]

_Cells: TypeAlias = frozenset[tuple[int, int, int]]
"""Places of cells: table, row, column."""
Lines: TypeAlias = frozenset[tuple[int, int]]
"""Rows or columns: table, and row or column."""
SMALL_WORDS = frozenset("a an the of in for to and or at on per by with".split())
"""Words that a key or a head may have more or fewer of."""
_LOOSE = 2
"""Words that may stand between those of a key."""
_LONGEST_VALUE = 6
"""Words of a value that is no figure."""
_BARE = 1
"""Words beside keys, heads and figures in a claim that gives nothing but a value."""
_NUMBER = re.compile(r"\W*\d{1,3}\W*")
_TWO = 2
"""Keys or heads between which the places of figures tell."""
_ASIDE = re.compile(r"\([^)]*\)|(?<=[a-z]{4})\d{1,2}\b")
"""What of a key names no row: what stands in brackets, and the number of a footnote."""
_YES_OR_NO = frozenset("yes no true false n/a none".split())


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a text that name a row, a column or a value, and the cells that these may mean."""

    at: frozenset[int]
    cells: _Cells
    text: str
    is_exact: bool = True
    """Whether it says of itself what it is, as two digits, a unit or a name do."""
    level: int = 0
    """Of a head: 0 in the lowest header row, 1 in the one above."""

    @property
    def rows(self) -> Lines:
        """The rows of these cells."""
        return frozenset(cell[:2] for cell in self.cells)

    @property
    def columns(self) -> Lines:
        """The columns of these cells."""
        return frozenset((table, column) for table, _, column in self.cells)


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a text says of some tables."""

    words: tuple[str, ...]
    """Its words in order, as stems."""
    keys: tuple[Mention, ...]
    heads: tuple[Mention, ...]
    values: tuple[Mention, ...]

    @property
    def named(self) -> frozenset[int]:
        """The places of the words in keys, heads and values."""
        return frozenset(at for mention in (*self.keys, *self.heads, *self.values) for at in mention.at)


@lru_cache(maxsize=1024)
def find_mentions(text: str, tables: tuple[Table, ...], width: int = MOST_KEYS) -> Mentions:
    """Return what a text says of some tables. Keys are looked for in the first ``width`` columns that have any."""
    tokens = tuple(words(_folded(text)))
    stemmed = tuple(map(stem, tokens))
    keys = _widest(_mentions_of_keys(stemmed, tables, width))
    taken = frozenset(at for key in keys for at in key.at)
    key_columns = {column for key in keys for column in key.columns}
    heads = _widest(_mentions_of_heads(stemmed, taken, tables, key_columns))
    taken |= {at for head in heads for at in head.at}
    sure = {column for head in heads for column in head.columns}
    own = {word for at, word in enumerate(stemmed) if at not in taken and not word[0].isdigit()} - STOP_WORDS
    if len(own) <= _BARE:
        sure |= {(t, c) for t, table in enumerate(tables) for c in range(len(table.rows[0]))}
    values = list(_texts(stemmed, taken, tables, sure))
    taken |= {at for value in values for at in value.at}
    placed = len(tokens) + (len(keys) < _TWO and len(heads) < _TWO)
    values += [value for value in _figures(text, tokens, taken, tables, sure) if max(value.at) < placed]
    values += _names(text, tokens, taken, tables)
    return Mentions(stemmed, tuple(keys), tuple(heads), tuple(values))


def _mentions_of_heads(
    stemmed: tuple[str, ...], taken: frozenset[int], tables: Sequence[Table], key_columns: Set[tuple[int, int]]
) -> list[Mention]:
    """Return the columns that a text names, by their heads and by the heads that span them."""
    found = dict[tuple[str, frozenset[int], int], set[tuple[int, int, int]]]()
    for t, table in enumerate(tables):
        for level in (0, 1):
            heads = [table.head(c, level) for c in range(len(table.rows[0]))]
            stems_by_head = {head: _head_stems(head) for head in heads}
            for c, head in enumerate(heads):
                if not c or (t, c) in key_columns:
                    continue
                for at in _places_of_head(head, stems_by_head, stemmed):
                    if not at & taken:
                        found.setdefault((head, at, level), set()).update((t, r, c) for r in range(len(table.rows)))
    return [Mention(at, frozenset(cells), text, level=level) for (text, at, level), cells in found.items()]


def _places_of_head(head: str, heads: Mapping[str, frozenset[str]], stemmed: tuple[str, ...]) -> list[frozenset[int]]:
    """Return where a text names a head: by all its words, or by those that tell it from a head with the same ones."""
    if places := _occurrences(heads[head], stemmed, len(head.split())):
        return places
    others = [stems for other, stems in heads.items() if other != head and stems & heads[head]]
    own = heads[head].difference(*others)
    contrasts = all(other - heads[head] for other in others)
    return _occurrences(own, stemmed, len(own)) if others and own and contrasts else []


def _mentions_of_keys(stemmed: tuple[str, ...], tables: Sequence[Table], width: int) -> list[Mention]:
    """Return the rows that a text names; by the leftmost column that it names any by, and those beside it."""
    last = min(width, max((table.key_columns.stop for table in tables), default=0))
    by_column = [found for column in range(last) if (found := _mentions_of_column(column, stemmed, tables))]
    named = by_column[0] if by_column else []
    for within in by_column[1:]:
        if any(len(key.rows) > 1 for key in named):
            named = _narrowed(named, within)
    return named


def _narrowed(outer: Sequence[Mention], inner: Sequence[Mention]) -> list[Mention]:
    """Return the rows that keys of two columns name together, each in the place of what tells it from the others."""
    pairs = [
        (one, other)
        for other in inner
        for one in ([_beside(other, outer)] if len(inner) > 1 else outer)
        if one.rows & other.rows and not one.at & other.at
    ]
    together = [
        Mention(
            (other if len(inner) > 1 else one).at,
            frozenset(cell for cell in one.cells if cell[:2] in other.rows),
            f"{one.text}, {other.text}",
        )
        for one, other in pairs
    ]
    return together + [one for one in outer if all(one is not paired for paired, _ in pairs)]


def _beside(key: Mention, others: Sequence[Mention]) -> Mention:
    """Return which of some keys stands with a key: next to it, or else before it, or else after it."""
    first, last = min(key.at), max(key.at)

    def distance(other: Mention) -> tuple[bool, bool, int]:
        apart = max(first - max(other.at), min(other.at) - last)
        return apart > 1, min(other.at) > first, apart

    return min(others, key=distance)


def _mentions_of_column(column: int, stemmed: tuple[str, ...], tables: Sequence[Table]) -> list[Mention]:
    """Return the rows that a text names by a column.

    A number, as of a grade or a week, names a row only beside a word of its column's head.
    """
    found = dict[tuple[str, frozenset[int]], set[tuple[int, int, int]]]()
    for t, table in enumerate(tables):
        is_headed = bool(content_stems(table.head(column)) & set(stemmed)) if column in table.key_columns else False
        for r, row in enumerate(table.rows if column in table.key_columns else ()):
            if _NUMBER.fullmatch(row[column]) and not is_headed:
                continue
            for at in _occurrences(_label_stems(_ASIDE.sub(" ", row[column])), stemmed, len(row[column].split())):
                found.setdefault((row[column], at), set()).add((t, r, column))
    return [Mention(at, frozenset(cells), text) for (text, at), cells in found.items()]


def _figures(
    text: str,
    tokens: Sequence[str],
    taken: frozenset[int],
    tables: Sequence[Table],
    sure: Set[tuple[int, int]],
) -> Iterable[Mention]:
    """Yield the figures and dates of a text that stand in a cell. One digit is exact only in a ``sure`` column.

    One that is written in words stands after all the others.
    """
    said, nothing = amounts(text), amounts("")
    parts = [(q.written, bool(q.unit) or len(q.written) > 1, replace(nothing, quantities=frozenset({q})), q.soft)
             for q in said.quantities]  # fmt: skip
    parts += [(str(d.day or d.year), True, replace(nothing, days=frozenset({d})), False) for d in said.days]
    for written, is_exact, part, is_soft in parts:
        begins = figures(written.partition(":")[0])
        places = [at for at, token in enumerate(tokens) if begins & figures(token)] or [len(tokens)]
        cells = frozenset(
            (t, r, c)
            for t, table in enumerate(tables)
            for r, row in enumerate(table.rows)
            for c in range(1, len(row))
            if not missing_amounts(part, table.amounts_at(r, c))
        )
        free = [at for at in places if at not in taken]
        if cells and free and not is_soft:
            mention = Mention(frozenset(free[:1]), cells, _as_written(text, written), is_exact)
            yield replace(mention, is_exact=is_exact or bool(mention.columns & sure))


def _names(text: str, tokens: Sequence[str], taken: frozenset[int], tables: Sequence[Table]) -> Iterable[Mention]:
    """Yield the names of a text that stand in a cell, word by word. Beside a figure they are its unit."""
    known = names(text) | {leading_name(text, alone=False)}
    units = {at + side for at, token in enumerate(tokens) if token[0].isdigit() for side in (-1, 1)}
    for at, token in enumerate(tokens):
        is_unit = at in units and _as_written(text, token).isupper()
        if at not in taken and token in known and not token[0].isdigit() and not is_unit:
            cells = _cells_with((token,), tables, whole=False)
            if cells and not all(is_figure(tables[t].rows[r][c]) for t, r, c in cells):
                yield Mention(frozenset({at}), cells, _as_written(text, token))


def _texts(
    stemmed: tuple[str, ...], taken: frozenset[int], tables: Sequence[Table], sure: Set[tuple[int, int]]
) -> Iterable[Mention]:
    """Yield the cells without figures that a text repeats. One word is a value only in a ``sure`` column."""
    cells = {
        cell: (t, c)
        for t, table in enumerate(tables)
        for row in table.rows
        for c, cell in enumerate(row)
        if c and not is_figure(cell) and cell.lower() not in _YES_OR_NO
    }
    for cell, column in cells.items():
        part = tuple(map(stem, words(_folded(cell))))
        if not len(part) <= _LONGEST_VALUE or not set(part) - STOP_WORDS or (len(part) == 1 and column not in sure):
            continue
        for start in range(len(stemmed) - len(part) + 1):
            at = frozenset(range(start, start + len(part)))
            if stemmed[start : start + len(part)] == part and not at & taken:
                yield Mention(at, _cells_with(part, tables, whole=True), cell)


def _cells_with(part: tuple[str, ...], tables: Sequence[Table], *, whole: bool) -> _Cells:
    """Return the cells that are these stems, or, unless ``whole``, have this word."""
    found = set()
    for t, table in enumerate(tables):
        for r, row in enumerate(table.rows):
            for c, cell in enumerate(row):
                tokens = words(_folded(cell))
                if c and ((tuple(map(stem, tokens)) == part) if whole else part[0] in tokens):
                    found.add((t, r, c))
    return frozenset(found)


def _widest(mentions: Iterable[Mention]) -> list[Mention]:
    """Return the mentions without those that lie within a longer one."""
    found = list(mentions)
    return [one for one in found if not any(one.at < other.at for other in found)]


def _occurrences(part: frozenset[str], stemmed: tuple[str, ...], length: int) -> list[frozenset[int]]:
    """Return where all of some stems stand close together, in any order; ``length`` words is how long they are."""
    places = [at for at, word in enumerate(stemmed) if word in part]
    windows = [
        frozenset(at for at in places if start <= at <= end)
        for start, end in itertools.combinations_with_replacement(places, 2)
        if end - start < length + _LOOSE and part.issubset(stemmed[start : end + 1])
    ]
    found = list[frozenset[int]]()
    for window in sorted(windows, key=lambda window: max(window) - min(window)):
        if not any(min(window) <= max(other) and min(other) <= max(window) for other in found):
            found.append(window)
    return sorted(found, key=min)


@lru_cache(maxsize=4096)
def _label_stems(label: str) -> frozenset[str]:
    """Return the words that name a row or a column."""
    return frozenset(stem(word) for word in words(_folded(label)) if word not in SMALL_WORDS)


@lru_cache(maxsize=4096)
def _head_stems(head: str) -> frozenset[str]:
    """Return the words that name a column, without its unit."""
    part = _label_stems(re.sub(r"\([^)]*\)|,\s*\D*$", " ", head))
    return frozenset(word for word in part if len(part) == 1 or not amounts(word).units) or part


def folded_stems(text: str) -> list[str]:
    """Return the stems of a text in order, without accents."""
    return [stem(word) for word in words(_folded(text))]


def _folded(text: str) -> str:
    """Return a text as its words are compared: without accents, with weekdays in full."""
    return fold_accents(full_weekdays(text.replace("_", " ")))


def content_stems(text: str) -> set[str]:
    """Return the stems of a text that tell of something: no figures, and none that every text has."""
    return {word for word in folded_stems(text) if word not in STOP_WORDS and not word[0].isdigit()}


def _as_written(text: str, word: str) -> str:
    """Return a word or a figure as a text has it, with its capitals and signs."""
    parts = re.findall(r"\d+(?:[.,]\d+)*|[^\W_]+", text)
    return next((part for part in parts if word in (fold_accents(part).lower(), *figures(part))), word)
