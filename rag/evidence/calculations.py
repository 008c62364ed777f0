"""Recomputes figures of a claim that no source has: sums, differences, products, quotients, days between."""

import calendar
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from rag.evidence.counts import is_count
from rag.evidence.figures.agreement import missing_days, missing_quantities
from rag.evidence.figures.dates import Day
from rag.evidence.figures.numerals import with_plain_numerals
from rag.evidence.figures.quantities import Amounts, Quantity, amounts, is_number
from rag.evidence.figures.units import are_same, in_base_unit
from rag.evidence.tables.mentions import content_stems
from rag.evidence.tables.relations import Table

_TOTAL = (
    r"total\w*|sum|altogether|together|combined|in all|difference|average|insgesamt|zusammen"
    r"|(?<!no )(?<!not )(?:more|less|fewer|longer|shorter|later|earlier) than"
    r"|(?<=\d )(?:(?!and |or )\w+ )?(?:more|less|fewer|longer|shorter|later|earlier|higher|lower|cheaper|dearer)"
)
_SIGNAL = re.compile(
    rf"(?<!\w)(?:{_TOTAL}|makes?|hence|therefore|thus|plus|minus|times|multiplied|divided|twice|last(?:ed|s)?|apart|equals?"
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
_MOST_OPERANDS, _MOST_PAIRED = 8, 16
"""Figures that are combined, and those of which two are, so that the tries are bounded and few come out by chance."""
_MOST_SUMMANDS = 4
_EXPRESSION = re.compile(
    r"(?:\W?\d[\d.,]*\s?(?:%|[^\W\d]{1,9}\s)?\s?(?:[+×*÷/−–-]|x(?=\s))\s?)+\W?\d[\d.,]*\s?(?:%|[^\W\d]{1,9})?(?=\s?=)"
)
"""Arithmetic that a claim writes out: "€450 + 30 × €11 =…"."""
_LENGTHS = {"day": 1, "week": 7, "fortnight": 14}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_ANY_YEAR = 2001
"""Stands for the year of two dates that have none."""
_LONGEST = 1200
"""Days, weeks or months that are added to a date."""


class _Term(NamedTuple):
    """A calculation in words, with its value in a base unit. A figure by itself is the simplest."""

    words: str
    value: Decimal
    unit: str


def recomputed(
    claim: str, source: Amounts, counted: Collection[Quantity] = (), tables: Sequence[Table] = ()
) -> dict[Quantity, str]:
    """Return each figure of the claim that the source lacks, with its calculation: "210 + 2 × 45".

    Nothing is returned unless all of them are explained, but for those ``counted``. The operands are the claim's
    figures that the source has or that were explained, the source's own where the claim speaks of a total, columns of
    ``tables`` that it names, and counts that the claim brings.
    """
    missing = sorted(missing_quantities(amounts(claim), source), key=lambda q: (not q.unit, q.value))
    missing = [figure for figure in missing if figure not in counted]
    has_otherwise = {(q.value, q.unit) for q in source.quantities}
    found: dict[Quantity, str] = {}
    for _ in missing[:_MOST_OPERANDS]:
        for figure in missing[:_MOST_OPERANDS]:
            is_open = figure not in found and is_number(figure.value)
            if is_open and (figure.value, figure.unit) not in has_otherwise:
                others = [q for q in missing[:_MOST_OPERANDS] if q is not figure and is_count(q)]
                calculation = _calculation(figure, claim, source, others, [q for q in found if found[q]], tables)
                used = [q for q in others if f"{q.value} × " in calculation]
                found |= dict.fromkeys(used, "") | ({figure: calculation} if calculation else {})
    return found if len(found) == len(missing) else {}


def derived_days(claim: str, source: Amounts) -> dict[Day, str]:
    """Return each date of the claim that the source lacks, with the date and the time that it follows from.

    A term may end on the day before. Nothing is returned unless all of them follow.
    """
    missing = missing_days(amounts(claim), source)
    starts = [(day, on_calendar) for day in sorted(source.days, key=str) if (on_calendar := day.on_calendar)]
    lengths = [q for q in source.quantities if q.unit in _LENGTHS | _MONTHS and q.value.isdigit() and not q.is_working]
    found: dict[Day, str] = {}
    for (start, on_calendar), length, sign in itertools.product(starts, sorted(lengths, key=str), (1, -1)):
        if int(length.value) <= _LONGEST and (end := _shifted(on_calendar, sign * int(length.value), length.unit)):
            for one, words in ((end, ""), (end - timedelta(days=sign), " - 1 day" if sign > 0 else " + 1 day")):
                known = Day(one.year, one.month, one.day)
                names_it = [day for day in missing if day in (known, replace(known, year=0))]
                found |= {
                    day: f"{start} {'+' if sign > 0 else '-'} {length}{words}" for day in names_it if day not in found
                }
    return found if len(found) == len(missing) else {}


def _shifted(start: date, number: int, unit: str) -> date | None:
    """Return the date so many days, weeks, months or years later; None if no calendar has it."""
    try:
        if unit in _LENGTHS:
            return start + timedelta(days=number * _LENGTHS[unit])
        year, month = divmod(12 * start.year + start.month - 1 + number * _MONTHS[unit], 12)
        return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):
        return None


def may_be_calculated(claim: str) -> bool:
    """Return whether a claim announces that a figure is its writer's own arithmetic."""
    return bool(_SIGNAL.search(claim) or _CHANGES.search(claim))


def without_announcement(claim: str) -> str:
    """Return a claim without the words that announce a calculation."""
    return _SIGNAL.sub(" ", _TOTALS.sub(" ", claim))


def _calculation(
    figure: Quantity,
    claim: str,
    source: Amounts,
    counts: Sequence[Quantity],
    explained: Iterable[Quantity],
    tables: Iterable[Table],
) -> str:
    """Return the calculation that gives a figure in its unit, in words; nothing without a word that announces one."""
    if not may_be_calculated(claim):
        return ""
    stated, target = amounts(claim), _term(figure)
    missing = missing_quantities(stated, source)
    known = {q for q in stated.quantities if not q.soft and q not in missing} | {*explained}
    is_of_unit = figure.unit in source.units
    units = ("", figure.unit) if is_of_unit else ("",)
    operands = sorted({_term_in(unit, q) for q in known if is_number(q.value) for unit in units})
    groups = [operands]
    if figure.unit and (_TOTALS.search(claim) or _CHANGES.search(claim)):
        alike = {q for q in source.quantities if is_number(q.value) and are_same(q.unit, figure.unit)}
        bare = {q for q in source.quantities if is_of_unit and not (q.unit or _is_year(q.value)) and is_number(q.value)}
        operands += sorted({_term_in(figure.unit, q) for q in alike | bare} - set(operands))
    if _TOTALS.search(claim) or _CHANGES.search(claim):
        groups += [list(line) for table in tables for line in _lines(table, content_stems(claim))]
    days = sorted(stated.days if len(stated.days) > 1 else source.days, key=str)[:_MOST_OPERANDS]
    operands += [_Term(str(day.year), Decimal(day.year), "") for day in days if day.year]
    results = itertools.chain(
        _written_out(claim, {q.value for q in known}, target.unit),
        _days_between(days),
        *(_results(group[:_MOST_PAIRED], [_term(count) for count in counts]) for group in groups),
        _columns(claim, tables) if _TOTALS.search(claim) else (),
    )
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


def _written_out(claim: str, known: Collection[str], unit: str) -> Iterator[_Term]:
    """Yield what the arithmetic comes to that a claim writes out with figures which are known."""
    for match in _EXPRESSION.finditer(re.sub(r",(?=\d{3})", "", with_plain_numerals(claim))):
        if not all(q.value in known for q in amounts(match[0]).quantities):
            continue
        signed, value = re.split(r"([+−–-])", match[0]), Decimal()
        for sign, product in zip(["+", *signed[1::2]], signed[::2], strict=True):
            factors = re.split(r"([×*÷/x])", product)
            numbers = [
                Decimal(re.sub(r"[^\d.]", "", one).strip(".")) / (100 if "%" in one else 1) for one in factors[::2]
            ]
            amount = numbers[0]
            for operator, number in zip(factors[1::2], numbers[1:], strict=True):
                amount = amount * number if operator in "×*x" else amount / (number or 1)
            value += amount if sign == "+" else -amount
        yield _Term(match[0].strip(), value, unit)


def _lines(table: Table, said: Collection[str]) -> Iterator[list[_Term]]:
    """Yield the figures of each row of a table, and of each column that a claim with these stems names."""
    lines = [[(row, column) for column in range(1, len(table.rows[0]))] for row in range(len(table.rows))]
    named = [line for line in zip(*lines, strict=True) if content_stems(table.head(line[0][1])) & set(said)]
    for line in [*lines, *named]:
        cells = [table.amounts_at(*cell) for cell in line]
        units = [next(iter(sorted(cell.units)), "") for cell in cells]
        figures = [q for cell in cells if len(cell.quantities) == 1 for q in cell.quantities]
        yield [_term_in(unit, q) for q, unit in zip(figures, units, strict=False) if is_number(q.value)]


def _columns(claim: str, tables: Iterable[Table]) -> Iterator[_Term]:
    """Yield the sum and the mean of each column of figures that a claim names by its head."""
    said = content_stems(claim)
    for table in tables:
        for column in range(1, len(table.rows[0])):
            cells = [table.amounts_at(row, column) for row in range(len(table.rows))]
            quantities = [next(iter(cell.quantities)) for cell in cells if len(cell.quantities) == 1]
            numbers = [Decimal(q.value) for q in quantities if is_number(q.value)]
            if len(numbers) == len(cells) > 1 and content_stems(table.head(column)) & said:
                unit = next((unit for cell in cells for unit in sorted(cell.units)), "")
                base = in_base_unit(str(sum(numbers)), unit)
                words = " + ".join(map(str, numbers))
                yield _Term(words, *base)
                yield _Term(f"({words}) ÷ {len(numbers)}", base[0] / len(numbers), base[1])


def _results(terms: Sequence[_Term], counts: Sequence[_Term]) -> Iterator[_Term]:
    """Yield what comes of the terms by one kind of calculation."""
    for size in range(2, _MOST_SUMMANDS + 1):
        for group in itertools.combinations(terms if size == 2 else terms[:_MOST_OPERANDS], size):
            if len({term.unit for term in group}) == 1:
                yield _Term(" + ".join(t.words for t in group), sum((t.value for t in group), Decimal()), group[0].unit)
    for share in terms:
        if share.unit == "%":
            yield _Term(f"1 + {share.words} %", 1 + share.value / 100, "")
            yield _Term(f"1 - {share.words} %", 1 - share.value / 100, "")
    for one, other in itertools.permutations(terms, 2):
        yield from _of_two(one, other)
    for count, term in itertools.product(counts, terms):
        product = _Term(f"{count.words} × {term.words}", count.value * term.value, term.unit)
        yield product
        for other in terms:
            if other.unit == term.unit and other is not term:
                yield _Term(f"{other.words} + {product.words}", other.value + product.value, term.unit)


def _days_between(days: Iterable[Day]) -> Iterator[_Term]:
    """Yield the time between any two dates that are given in full, without the first day and with it."""
    dated = [(day, day if day.year else replace(day, year=_ANY_YEAR)) for day in days]
    whole = [(day, on_calendar) for day, full in dated if (on_calendar := full.on_calendar)]
    for (first, start), (last, end) in itertools.combinations(whole, 2):
        if bool(first.year) != bool(last.year):
            continue
        for length in (abs((end - start).days), abs((end - start).days) + 1):
            yield _Term(f"{first} to {last}", *in_base_unit(str(length), "day"))
        if start.day == end.day:
            months = abs(12 * (end.year - start.year) + end.month - start.month)
            yield _Term(f"{first} to {last}", *in_base_unit(str(months), "month"))


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
