"""Tells whether a source has the figures and dates of a claim: surely, in one reading of several, or not at all."""

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from rag.evidence.figures.dates import Day, rewrite_dates, spoken_day, without_weekdays
from rag.evidence.figures.numerals import with_plain_numerals
from rag.evidence.figures.quantities import Amounts, Quantity, is_number, rewrite_quantities, spelt
from rag.evidence.figures.telephones import are_of_one_line
from rag.evidence.figures.units import DEGREES, are_equal, are_same, is_money, may_be_equal, may_be_same

_SHARE_REACH = 4
"""Percentage points that "about a third" may be away; twice as many leave doubt."""
_ROUNDED_DIGITS = 2
"""Digits that "over" and "under" may leave out without telling less than a reader expects."""


def missing_amounts(claim: Amounts, source: Amounts) -> list[str]:
    """Return the figures and dates of the claim that the source lacks, in words, in alphabetical order."""
    missing = [str(quantity) for quantity in missing_quantities(claim, source)]
    return sorted([*missing, *map(str, missing_days(claim, source))])


def missing_days(claim: Amounts, source: Amounts) -> list[Day]:
    """Return the dates of the claim that the source has in no reading."""
    return [day for day in claim.days if not _days_of(day, source, may=True)]


def missing_quantities(claim: Amounts, source: Amounts) -> list[Quantity]:
    """Return the figures of the claim that the source has in no reading."""
    return [
        quantity
        for quantity in claim.quantities
        if not (
            quantity.soft
            or _is_loose(quantity, source)
            or any(_may_agree(quantity, q, source) for q in source.quantities)
        )
    ]


def has_uncertain_amounts(claim: Amounts, source: Amounts) -> bool:
    """Return whether the source has a figure or date of the claim in one reading of several only: 03/04/2025, 1.650."""
    figures_are_sure = all(
        quantity.soft
        or _is_loose(quantity, source)
        or any(_agrees(quantity, q, source) for q in source.quantities)
        or not any(_may_agree(quantity, q, source) for q in source.quantities)
        for quantity in claim.quantities
    )
    days_are_sure = all(_days_of(day, source) or not _days_of(day, source, may=True) for day in claim.days)
    return not (figures_are_sure and days_are_sure)


def spell_as(text: str, source: Amounts) -> str:
    """Return a text with the source's spelling of each figure and date that it has: "56 day" for "eight weeks"."""

    def spell_day(day: Day) -> str:
        named = next((one for one in day.readings if _days_of(one, source, may=True)), day)
        return spoken_day(named).title()  # in small letters "may" is the verb

    def spell(quantity: Quantity) -> str:
        if quantity.soft or _is_loose(quantity, source):
            return ""
        with_unit = {bool(one.unit) for one in quantity.readings}
        alike = [q for q in source.quantities if bool(q.unit) in with_unit and _may_agree(quantity, q, source)]
        if not alike or any((q.value, q.unit) == (quantity.value, quantity.unit) for q in alike):
            return ""
        return spelt(min(alike, key=lambda q: (not _agrees(quantity, q, source), q.value)))

    return rewrite_quantities(without_weekdays(rewrite_dates(with_plain_numerals(text), spell_day)), spell)


def _days_of(day: Day, source: Amounts, *, may: bool = False) -> list[Day]:
    """Return the dates of the source that a date names; with ``may``, those too that it names in one reading only.

    One of the source may lack the year, and the date any part.
    """
    if not may and day.is_ambiguous:
        return [known for known in source.days if day == known]
    return [
        known
        for known in source.days
        if (may or not known.is_ambiguous)
        and any(
            one.month == other.month
            and one.day in (0, other.day)
            and (one.year in (0, other.year) or (not other.year and str(one.year) in source.loose))
            for one in day.readings
            for other in known.readings
        )
    ]


def _is_loose(quantity: Quantity, source: Amounts) -> bool:
    is_bare = not quantity.unit and not quantity.scale and not quantity.is_ambiguous
    is_number_of = quantity.unit in ("version", "section") and not any(
        q.unit == quantity.unit for q in source.quantities
    )
    alike = [q for q in source.quantities if q.value == quantity.value]
    is_other_rate = bool(alike) and all(_are_other_rates(quantity, q) for q in alike)
    return (is_bare or is_number_of) and quantity.value in source.loose and not is_other_rate


def _are_other_rates(claim: Quantity, source: Quantity) -> bool:
    """Return whether both are rates, by another time: 60 requests a minute, 60 an hour."""
    return bool(claim.per and source.per) and claim.per != source.per


def _may_agree(claim: Quantity, source: Quantity, among: Amounts) -> bool:
    """Return whether a quantity of the source agrees with the claim's in any reading of one of them.

    A bare hour of the claim may be a time of the source, but no time a bare figure.
    """
    others = (one for one in claim.others if one.unit == "time" or claim.unit != "time")
    return any(_read_alike(claim, other, among, may=True) for other in source.readings) or any(
        _read_alike(one, source, among, may=True) for one in others
    )


def _agrees(claim: Quantity, source: Quantity, among: Amounts) -> bool:
    """Return whether a quantity of the source agrees with the claim's to any reader."""
    return claim.is_ambiguous == source.is_ambiguous and _read_alike(claim, source, among)


def _read_alike(claim: Quantity, source: Quantity, among: Amounts, *, may: bool = False) -> bool:
    """Return whether two quantities agree in value and unit, in their first reading.

    A table may give the scale of all its figures at its head. A source may give a unit apart from the figure, and that
    of money nowhere.
    """
    if claim.scale and not claim.unit and source.unit == "%":  # 0 million is not 0 %
        return False
    if {claim.bound, source.bound} == {"least", "most"} or _are_other_rates(claim, source):
        return False
    if {claim.unit, source.unit} <= DEGREES and claim.is_negative != source.is_negative:  # below zero, above it
        return False
    if _are_equal(claim, source, may=may):
        return True
    if claim.unit and not (source.unit or source.is_year or is_money(claim.unit)):  # 0.5, below "length (m)"
        headed = (replace(source, unit=unit) for unit in among.units if unit != claim.unit)
        if any(_are_equal(claim, quantity, may=False) for quantity in headed):
            return True
    scaled = claim.scale and not source.scale and claim.scale in among.scales and claim.written == source.value
    scaled = scaled and not source.is_year and (not source.unit or is_money(source.unit) or source.unit == claim.unit)
    if not (claim.value == source.value or scaled or _is_rounded(claim, source, may=may)):
        return False
    alike = may_be_same if may else are_same
    if alike(claim.unit, source.unit) or (not claim.unit and source.unit not in ("th", "time")):
        return True
    if source.unit or claim.unit == "time" or source.is_year:
        return False
    known = {unit for unit in among.units if not is_money(claim.unit) or is_money(unit)}
    return any(alike(claim.unit, unit) for unit in known) or (is_money(claim.unit) and not known)


def _are_equal(claim: Quantity, source: Quantity, *, may: bool) -> bool:
    """Return whether both are the same amount, the units being exact multiples: 2 hours, 120 minutes."""
    if claim.unit == source.unit:
        is_line = claim.unit == "telephone" and are_of_one_line(claim.value, source.value)
        return claim.value == source.value or is_line
    if may and not (claim.unit and source.unit) and claim.value != source.value:  # 0.25, 25 %
        percent, share = (claim, source) if claim.unit == "%" else (source, claim)
        both = percent.unit == "%" and is_number(percent.value) and is_number(share.value)
        return both and "." in share.value and Decimal(percent.value) == 100 * Decimal(share.value)
    if not (claim.unit and source.unit) or claim.is_working or source.is_working or "time" in (claim.unit, source.unit):
        return False
    if not (is_number(claim.value) and is_number(source.value)):
        return False
    values = _signed(claim), claim.unit, _signed(source), source.unit
    return are_equal(*values) or (may and may_be_equal(*values))


def _signed(quantity: Quantity) -> str:
    return f"-{quantity.value}" if quantity.is_negative and quantity.unit in DEGREES else quantity.value


def _is_rounded(claim: Quantity, source: Quantity, *, may: bool) -> bool:
    """Return whether the claim's figure is the source's, rounded as the word before it says: over 5,000 of 5,212."""
    if not (is_number(claim.value) and is_number(source.value)):
        return False
    if claim.is_share or source.is_share:
        return _is_near_share(claim, source, may=may)
    if not claim.nearness or source.nearness:
        return False
    digits, exact_digits = (len(value.replace(".", "").strip("0")) for value in (claim.value, source.value))
    if not 0 < digits < exact_digits:
        return False
    if claim.nearness in ("about", "nearly"):
        is_past = claim.nearness == "nearly" and Decimal(source.value) > Decimal(claim.value)
        return float(f"{float(source.value):.{digits}g}") == float(claim.value) and (may or not is_past)
    exact = Decimal(source.value)
    step = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    mode = ROUND_FLOOR if claim.nearness == "over" else ROUND_CEILING
    rounded = (exact / step).to_integral_value(mode) * step
    return rounded == Decimal(claim.value) and (may or exact_digits - digits >= _ROUNDED_DIGITS)


def _is_near_share(claim: Quantity, source: Quantity, *, may: bool) -> bool:
    """Return whether a share is another, as people round: over a third of 35 %; with ``may``, 33 % of a third too."""
    share, exact = Decimal(claim.value), Decimal(source.value)
    excess = exact - share
    if not claim.nearness or excess == 0:
        return excess == 0 or (may and abs(excess) < 1 and {round(share), round(exact)} <= {share, exact})
    reach = 2 * _SHARE_REACH if may else _SHARE_REACH
    low, high = {"about": (-reach, reach), "over": (0, reach)}.get(claim.nearness, (-reach, 0))
    return low <= excess <= high
