"""Holds a claim that joins a row's key, a column's head and a value against the cell where these meet.

Nothing is found where the row, the column or the value cannot be told.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import STOP_WORDS, figures, stem
from rag.evidence.figures.quantities import normalize_amounts
from rag.evidence.figures.units import is_money, unit_named
from rag.evidence.tables.mentions import (
    SMALL_WORDS,
    Lines,
    Mention,
    Mentions,
    content_stems,
    find_mentions,
    folded_stems,
)
from rag.evidence.tables.relations import Table, is_figure

__all__ = ["Reading", "is_without_subject", "table_conflict", "value_told"]


_LONGEST = 60
"""Words of a claim that is read; a longer one tells of too much at once."""
_LONG = 10_000
"""Words that no lead has."""
_APART = 1
"""Words between a head and a value that leave no doubt that one is of the other."""
_MORE = 1
"""Words of its own, beside keys, heads and values, that a fragment may have."""
_COMPARES = re.compile(
    r"\b(?:than|unlike|instead|rather|whereas|compared|not|never|no|neither|nor|except|besides|apart from|in addition"
    r"|as well as|total|totals|sum|altogether|combined|average|mean|difference|twice|half|double"
    r"|or (?:earlier|later|more|less|fewer|longer|shorter|higher|lower|above|below)|at (?:least|most))\b|n['’]t\b",
    re.IGNORECASE,
)
"""Words by which a value may belong to another row or column, or to several."""
_ORDER = ("former", "latter")
_WHICH = re.compile(rf"\b({'|'.join(_ORDER)})\b", re.IGNORECASE)
_YES_OR_NO = re.compile(r"^\W*(?:yes|no)\b", re.IGNORECASE)
_OF_ALL = re.compile(
    r"\b(?:other|others|else|elsewhere|all|every|each|both|any|most|least|\w{3,}est|otherwise)\b", re.IGNORECASE
)
"""Words by which a sentence leaves the row that was asked for."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A claim as a reader understands it."""

    text: str
    """The claim; of a row that the writer wrote, each cell with its head."""
    leads: tuple[str, ...] = ()
    """What completes a fragment, nearest first: the line that leads in, the question."""


def table_conflict(reading: Reading, tables: Sequence[Table], prose: str = "") -> str | None:
    """Return the value that stands in another row or column than the claim says, in words.

    Nothing is wrong with an empty text, and None says that a row, or its value, cannot be told. ``prose`` is the text
    beside the tables. A value that stands there is none of theirs.
    """
    tables = tuple(tables)
    if not tables or len(reading.text.split()) > _LONGEST:
        return None
    read = _completed(reading, tables)
    if _compares(reading.text, read):
        return None
    values = [
        value
        for value in read.values
        if all(tables[t].rows[r][0] for t, r in value.rows) and not _stands_in(value, read, prose)
    ]
    if read.keys and (wrong := _misplaced(values, read.keys, attrgetter("rows"))):
        value, key = wrong
        rows = ", ".join(dict.fromkeys(tables[t].rows[r][0] for t, r in sorted(value.rows)))
        return f"{value.text}: in the row of {rows}, not of {key.text}"
    others = ((value, head) for value in values if (head := _other_column(value, read, tables)))
    if wrong := _exchanged_columns(values, read) or next(others, None):
        value, head = wrong
        heads = (f"{tables[t].head(c, 1)} {tables[t].head(c)}".strip() or str(c + 1) for t, c in sorted(value.columns))
        return f"{value.text}: in the column {', '.join(dict.fromkeys(heads))}, not {head.text}"
    return "" if read.keys and values else None


def value_told(reading: Reading, tables: Sequence[Table]) -> str:
    """Return the cell of the one row and the one column that a claim speaks of; nothing if it names several, or none.

    Without a head, the claim's values tell which column it means.
    """
    read = _completed(reading, tuple(tables))
    rows = {row for key in read.keys for row in key.rows}
    columns = {column for mention in read.heads or read.values for column in mention.columns}
    cells = [tables[t].rows[r][c] for t, r in rows for table, c in columns if table == t]
    return cells[0] if len(cells) == 1 else ""


def is_without_subject(reading: Reading, tables: Sequence[Table]) -> bool:
    """Return whether a fragment gives a row's value, and neither it nor its leads say which row was meant.

    The leads may name the row in part: "vest for children" means the rows of all vests.
    """
    tables = tuple(tables)
    claim = find_mentions(reading.text, tables)
    if not reading.leads or claim.keys or not claim.values or not _is_fragment(claim, reading):
        return False
    if any(find_mentions(lead, tables).keys for lead in reading.leads):
        return False
    asked = {word for lead in reading.leads for word in folded_stems(lead)}
    return not any(
        len(tables[t].rows) < 2 or asked & content_stems(" ".join(tables[t].rows[r][c] for c in tables[t].key_columns))
        for value in claim.values
        for t, r in value.rows
    )


def _completed(reading: Reading, tables: tuple[Table, ...]) -> Mentions:
    """Return what the claim says, with the keys, heads and values that it leaves to its leads."""
    read, leads = find_mentions(reading.text, tables), [find_mentions(lead, tables) for lead in reading.leads]
    if (which := _WHICH.search(reading.text)) and not read.keys:
        pair = next((lead.keys for lead in leads if len({key.rows for key in lead.keys}) == len(_ORDER)), ())
        named = sorted(pair, key=lambda key: min(key.at))[_ORDER.index(which[1].lower()) :][:1]
        return replace(read, keys=_before(named))
    first = min((column for lead in leads for key in lead.keys for _, column in key.columns), default=0)
    if read.keys and all(column > first for key in read.keys for _, column in key.columns):
        values_only = find_mentions(reading.text, tables, first + 1)
        read = values_only if _is_fragment(values_only, reading) else read
    if _is_about_others(read) or not _is_fragment(read, reading):
        return read
    for text, lead in zip(reading.leads, leads, strict=True):
        if not _is_about_others(lead) and not _compares(text, lead):
            read = replace(
                read,
                keys=read.keys or _before(lead.keys),
                heads=read.heads or _before(lead.heads),
                values=read.values or (_before(lead.values) if read.keys else ()),
            )
    return read


def _before(mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """Return mentions in a lead as they stand to the claim: before its first word."""
    return tuple(replace(mention, at=frozenset(at - _LONG for at in mention.at)) for mention in mentions)


def _compares(text: str, read: Mentions) -> bool:
    """Return whether a text compares or adds rows, by a word that names none of them."""
    labels = {read.words[at] for label in (*read.keys, *read.heads) for at in label.at if at >= 0}
    return any(stem(match[0].lower()) not in labels for match in _COMPARES.finditer(_YES_OR_NO.sub("", text)))


def _is_about_others(read: Mentions) -> bool:
    """Return whether a text speaks of other rows than it names, or of all of them."""
    in_keys = {at for key in read.keys for at in key.at}
    return _OF_ALL.search(" ".join(word for at, word in enumerate(read.words) if at not in in_keys)) is not None


def _is_fragment(read: Mentions, reading: Reading) -> bool:
    """Return whether a claim says little more than values, keys, heads and what it was asked."""
    known = {word for lead in reading.leads for word in folded_stems(lead)}
    known |= {word for value in read.values for word in folded_stems(value.text)}
    known |= {read.words[at] for at in read.named if at < len(read.words)}
    own = set(folded_stems(normalize_amounts(reading.text))) - known - SMALL_WORDS - STOP_WORDS
    return len(own) <= _MORE


def _misplaced(
    values: Sequence[Mention], labels: Sequence[Mention], line: Callable[[Mention], Lines]
) -> tuple[Mention, Mention] | None:
    """Return a value and the label whose row lacks it, if no way to pair values and labels bears the claim out.

    ``line`` gives the rows of a mention, or its columns if the labels are heads.
    """
    every = Lines().union(*map(line, labels))
    exact = [value for value in values if value.is_exact and not every <= line(value)]
    if len(exact) < len(labels) or len(set(map(line, labels))) == 1:
        return next(((value, labels[0]) for value in exact if not line(value) & every), None)
    if len(exact) > len(labels) and any(all(line(value) & line(label) for value in exact) for label in labels):
        return None  # all of one, and the others are named beside it
    pairings = _pairings(exact, labels)
    wrong = [next(((v, k) for v, k in pairs if not line(v) & line(k)), None) for pairs in pairings]
    return wrong[0] if wrong and all(wrong) else None


def _pairings(values: Sequence[Mention], keys: Sequence[Mention]) -> list[list[tuple[Mention, Mention]]]:
    """Return the ways to pair values with keys: with the key before, with the key after, in order.

    In order means of each key in turn: "the limits are 5 and 7, the fees 1 and 2".
    """
    values, keys = (sorted(mentions, key=lambda m: min(m.at)) for mentions in (values, keys))
    before = [[key for key in keys if min(key.at) < min(value.at)] for value in values]
    after = [[key for key in keys if min(key.at) > min(value.at)] for value in values]
    ways = []
    if all(before):
        ways.append([(value, found[-1]) for value, found in zip(values, before, strict=True)])
    if all(after):
        ways.append([(value, found[0]) for value, found in zip(values, after, strict=True)])
    if len(values) % len(keys) == 0:
        ways.append(list(zip(values, itertools.cycle(keys), strict=False)))
    return ways


def _exchanged_columns(values: Sequence[Mention], read: Mentions) -> tuple[Mention, Mention] | None:
    """Return a value and the head that it is given under, where as many values as heads are, in other places."""
    rows = Lines().union(*(key.rows for key in read.keys))
    inside = [replace(value, cells=frozenset(cell for cell in value.cells if cell[:2] in rows)) for value in values]
    heads = [head for head in read.heads if head.level == min(other.level for other in read.heads)]
    headed = [value for value in inside if any(value.columns & head.columns for head in heads)]
    if not 1 < len(heads) == len(headed):
        return None
    return _misplaced(headed, heads, attrgetter("columns"))


def _other_column(value: Mention, read: Mentions, tables: Sequence[Table]) -> Mention | None:
    """Return the head under which the claim gives the value, if it stands in the right row under another."""
    rows = Lines().union(*(key.rows for key in read.keys)) or value.rows
    columns = {(t, c) for t, r, c in value.cells if (t, r) in rows}
    heads = [head for head in read.heads if {t for t, _ in head.columns} & {t for t, _ in columns}]
    heads = [head for head in heads if not any(head.level == o.level and o.columns & columns for o in heads)]
    named = [tables[t].head(c, level) for t, c in columns for level in {head.level for head in heads}]
    after = {at + 1 for head in heads for at in head.at}  # "vegetarian dish" is one
    said = {word for at, word in enumerate(read.words) if at not in after and not is_money(unit_named(word))}
    said -= {word for head in heads for word in folded_stems(head.text)}
    if not all(named) or any(content_stems(name) & said for name in named):
        return None
    kinds = {is_figure(tables[t].rows[r][c]) for t, r, c in value.cells}
    for head in heads:
        meant = {(t, r, c) for t, c in head.columns for row_table, r in rows if row_table == t}
        taken = any(other.cells & meant for other in read.values if other is not value)
        fits_both = any(set(folded_stems(head.text)) <= set(folded_stems(name)) for name in named)
        alike = not fits_both and any(is_figure(tables[t].rows[r][c]) in kinds for t, r, c in meant)
        start, end = sorted((max(head.at), min(value.at)))
        between = [at for at in range(max(start + 1, 0), end) if at not in read.named]
        own = (read.words[at] for at in between if not unit_named(read.words[at]))
        is_near = sum(word not in STOP_WORDS for word in own) <= _APART
        if alike and not taken and is_near:
            return head
    return None


def _stands_in(value: Mention, read: Mentions, prose: str) -> bool:
    """Return whether a sentence beside the tables has a value, and another word of the claim."""
    wanted, said = set(folded_stems(value.text)), figures(value.text)
    rest = {word for word in read.words if word not in STOP_WORDS and not word[0].isdigit()} - wanted
    for start, end in sentence_spans(prose):
        sentence = prose[start:end]
        found = set(folded_stems(sentence))
        if (said <= figures(sentence) if said else wanted <= found) and rest & found:
            return True
    return False
