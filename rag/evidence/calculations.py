"""Recomputes figures of a claim that no source has: sums, differences, products, quotients, days between."""

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from rag.evidence.counts import is_count
from rag.evidence.figures.agreement import missing_quantities
from rag.evidence.figures.dates import Day
from rag.evidence.figures.quantities import Amounts, Quantity, amounts, is_number
from rag.evidence.figures.units import are_same, in_base_unit

_TOTAL = (
    r"total\w*|sum|altogether|together|combined|in all|difference|average|insgesamt|zusammen"
    r"|(?:more|less|fewer|longer|shorter|later|earlier) than"
)
_SIGNAL = re.compile(
    rf"(?<!\w)(?:{_TOTAL}|makes?|hence|therefore|thus|plus|minus|times|multiplied|divided|twice|lasted|apart|equals?"
    r"|that is|i\.e\.|(?<=, )so|(?<=and )so)(?!\w)|[=+×*÷]",
    re.IGNORECASE,
)
"""What says that a figure is the writer's own arithmetic."""
_CHANGES = re.compile(
    r"\b(?:grew|grown|grows|rose|risen|rises|fell|fallen|falls|dropped|drops|declined|shrank|climbed|gained|lost|increas\w+"
    r"|decreas\w+|growth|rise|fall|drop|decline|up|down|saves?|saved|savings?)\b",
    re.IGNORECASE,
)
"""What says that a figure may be a difference or a rate of change."""
_TOTALS = re.compile(rf"(?<!\w)(?:{_TOTAL})(?!\w)", re.IGNORECASE)
"""What says so even if the claim does not repeat the figures."""
_MOST_OPERANDS = 8
"""Figures that are combined, so that the tries are bounded and few come out by chance."""
_MOST_SUMMANDS = 4


class _Term(NamedTuple):
    """A calculation in words, with its value in a base unit. A figure by itself is the simplest."""

    words: str
    value: Decimal
    unit: str


def recomputed(claim: str, source: Amounts, counted: Collection[Quantity] = ()) -> dict[Quantity, str]:
    """Return each figure of the claim that the source lacks, with its calculation: "210 + 2 × 45".

    Nothing is returned unless all of them are explained, but for those ``counted``. The operands are the claim's
    figures that the source has, the source's own where the claim speaks of a total, and counts that the claim brings.
    """
    stated = amounts(claim)
    missing = sorted(missing_quantities(stated, source), key=lambda q: (not q.unit, q.value))
    missing = [figure for figure in missing if figure not in counted]
    found: dict[Quantity, str] = {}
    for figure in missing[:_MOST_OPERANDS]:
        if figure not in found and is_number(figure.value):
            others = [q for q in missing[:_MOST_OPERANDS] if q is not figure and is_count(q)]
            calculation = _calculation(figure, claim, source, others)
            used = [q for q in others if f"{q.value} × " in calculation]
            found |= dict.fromkeys(used, "") | ({figure: calculation} if calculation else {})
    return found if len(found) == len(missing) else {}


def may_be_calculated(claim: str) -> bool:
    """Return whether a claim announces that a figure is its writer's own arithmetic."""
    return bool(_SIGNAL.search(claim) or _CHANGES.search(claim))


def _calculation(figure: Quantity, claim: str, source: Amounts, counts: Sequence[Quantity]) -> str:
    """Return the calculation that gives a figure in its unit, in words; nothing without a word that announces one."""
    if not may_be_calculated(claim):
        return ""
    stated, target = amounts(claim), _term(figure)
    missing = missing_quantities(stated, source)
    known = {q for q in stated.quantities if not q.soft and q not in missing}
    is_of_unit = figure.unit in source.units
    operands = [_term_in(figure.unit if is_of_unit else "", q) for q in known if is_number(q.value)]
    operands = sorted(operands, key=lambda term: term.words)
    if figure.unit and (_TOTALS.search(claim) or _CHANGES.search(claim)):
        alike = {q for q in source.quantities if is_number(q.value) and are_same(q.unit, figure.unit)}
        bare = {q for q in source.quantities if is_of_unit and not (q.unit or _is_year(q.value)) and is_number(q.value)}
        operands += sorted({_term_in(figure.unit, q) for q in alike | bare} - set(operands))
    days = sorted(stated.days, key=str)[:_MOST_OPERANDS]
    operands += [_Term(str(day.year), Decimal(day.year), "") for day in days if day.year]
    results = _results(operands[:_MOST_OPERANDS], [_term(count) for count in counts], days)
    decimals = len(figure.written.partition(".")[2])
    for words, value, unit in results:
        is_rounded = bool(decimals or figure.nearness) and round(value, decimals) == target.value
        equal = value == target.value or is_rounded
        if equal and (not figure.unit or are_same(unit, target.unit)):
            return words
    return ""


def _term(quantity: Quantity) -> _Term:
    return _Term(quantity.value, *in_base_unit(quantity.value, quantity.unit))


def _term_in(unit: str, quantity: Quantity) -> _Term:
    """Return a quantity as an operand; one without a unit has that of its table's head."""
    return _term(quantity if quantity.unit or _is_year(quantity.value) else replace(quantity, unit=unit))


def _results(terms: Sequence[_Term], counts: Sequence[_Term], days: Sequence[Day]) -> Iterator[_Term]:
    """Yield what comes of the terms by one kind of calculation."""
    for size in range(2, _MOST_SUMMANDS + 1):
        for group in itertools.combinations(terms, size):
            if len({term.unit for term in group}) == 1:
                yield _Term(" + ".join(t.words for t in group), sum((t.value for t in group), Decimal()), group[0].unit)
    for one, other in itertools.permutations(terms, 2):
        yield from _of_two(one, other)
    for count, term in itertools.product(counts, terms):
        product = _Term(f"{count.words} × {term.words}", count.value * term.value, term.unit)
        yield product
        for other in terms:
            if other.unit == term.unit and other is not term:
                yield _Term(f"{other.words} + {product.words}", other.value + product.value, term.unit)
    whole = [(day, on_calendar) for day in days if (on_calendar := day.on_calendar)]
    for (first, start), (last, end) in itertools.combinations(whole, 2):
        for length in (abs((end - start).days), abs((end - start).days) + 1):  # without the first day, and with it
            yield _Term(f"{first} to {last}", *in_base_unit(str(length), "day"))


def _of_two(one: _Term, other: _Term) -> Iterator[_Term]:
    """Yield difference, ratio and percentage of two of one unit; a share or a multiple of one of another."""
    if one.unit != other.unit:
        if one.unit == "%":
            yield _Term(f"{one.words} % of {other.words}", one.value * other.value / 100, other.unit)
        elif not one.unit and one.value:
            yield _Term(f"{one.words} × {other.words}", one.value * other.value, other.unit)
            yield _Term(f"{other.words} ÷ {one.words}", other.value / one.value, other.unit)
        return
    yield _Term(f"{one.words} - {other.words}", one.value - other.value, one.unit)
    if not one.unit and _is_year(one.words) and _is_year(other.words):
        yield _Term(f"{one.words} - {other.words}", *in_base_unit(str(one.value - other.value), "year"))
    if other.value:
        yield _Term(f"({one.words} - {other.words}) ÷ {other.words}", (one.value / other.value - 1) * 100, "%")
        yield _Term(f"{one.words} ÷ {other.words}", one.value / other.value, "")
        yield _Term(f"{one.words} ÷ {other.words}", one.value / other.value * 100, "%")
    if not one.unit:
        yield _Term(f"{one.words} × {other.words}", one.value * other.value, "")


def _is_year(value: str) -> bool:
    return re.fullmatch(r"1[5-9]\d\d|20\d\d", value) is not None
