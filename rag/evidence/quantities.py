"""Finds figures and dates, and compares them: "1.5 thousand" is "1,500", "May 3rd, 2024" is "2024-05-03"."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from indexes.text.number_words import ORDINALS, SMALL_CARDINALS, TENS, any_of
from indexes.text.tokenization import figures
from rag.evidence.dates import Day, days_in, normalize_dates

_NUMBERS = SMALL_CARDINALS | TENS | ORDINALS | {"a": 1, "an": 1, "dozen": 12}
_SCALES = {"hundred": 2, "thousand": 3, "k": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9, "trillion": 12, "tn": 12}
_SHORT_SCALES = {"m": 6, "b": 9, "t": 12}
"""Scales of money only: 5 m is otherwise a length."""
_UNITS = {
    form: unit
    for unit, forms in {
        "%": "% percent per cent pct percentage points pp",
        "$": "$ usd dollar dollars", "€": "€ eur euro euros", "£": "£ gbp", "¥": "¥ jpy yen cny rmb yuan",
        "second": "second seconds sec", "minute": "minute minutes min mins", "hour": "hour hours hr hrs",
        "day": "day days", "week": "week weeks", "month": "month months", "quarter": "quarter quarters",
        "year": "year years yr yrs", "decade": "decade decades", "century": "century centuries",
        "km": "km kilometer kilometers kilometre kilometres",
        "mile": "mile miles mi", "m": "meter meters metre metres m",
        "cm": "cm centimeters centimetres", "mm": "mm millimeters millimetres", "foot": "foot feet ft",
        "kg": "kg kilogram kilograms", "g": "gram grams", "ton": "ton tons tonne tonnes",
        "kb": "kb", "mb": "mb", "gb": "gb", "tb": "tb", "token": "token tokens",
    }.items()
    for form in forms.replace("per cent", "per-cent").replace("percentage points", "percentage-points").split()
}  # fmt: skip
_MONEY = frozenset("$€£¥")
_SPOKEN = {"%": "percent", "$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "th": ""}
_WORD_NUMBER = (
    rf"(?:{any_of(TENS)})(?:[- ](?:{any_of([*SMALL_CARDINALS, *ORDINALS])}))?"
    rf"|{any_of(SMALL_CARDINALS)}|{any_of(ORDINALS)}|an?|dozen"
)
_UNIT = r"%|per[ -]cent|percentage[ -]points?|" + any_of(form for form in _UNITS if form != "%" and form.isalpha())
_QUANTITY = re.compile(
    rf"(?P<money>US\$|[$€£¥]|\b(?:USD|EUR|GBP|JPY|CNY|RMB)\b)?\s?"
    rf"(?<![^\W_])(?:(?P<figure>\d+(?:[.,]\d+)*)(?P<nth>st|nd|rd|th)?|(?P<word>{_WORD_NUMBER})(?![^\W_]))"
    rf"(?:[- ]?(?P<scale>{any_of(_SCALES)}|[mbt](?=\b))(?![^\W_]))?"
    rf"(?:[- ]?(?:(?:business|working|calendar|consecutive|full|US|U\.S\.) )?(?P<unit>{_UNIT}|[$€£¥])(?![^\W_]))?",
    re.IGNORECASE,
)
_ROUGH = re.compile(r"(?:about|around|approximately|approx\.?|nearly|almost|roughly|some|circa|~)\s*\Z", re.IGNORECASE)
_ROUGH_CHARS = 16
_UNIT_MARKS = re.compile(rf"(?<![^\W_])(?:{_UNIT})(?![^\W_])|[$€£¥%]", re.IGNORECASE)
_SCALE_MARKS = re.compile(r"\b(thousands?|millions?|billions?)\b|[$€£](m|bn|k)\b|\b(000)s?\b", re.IGNORECASE)
_SCALE_OF_MARK = {"m": 6, "bn": 9, "k": 3, "000": 3}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure with its unit. ``written`` is its number without its scale."""

    value: str
    written: str
    scale: int = 0
    """The power of ten that ``written`` is multiplied by."""
    unit: str = ""
    """Empty if no known unit stands beside it."""
    rough: bool = False
    """Whether "about" or the like stands before it."""
    soft: bool = False
    """Whether it is a word that seldom counts ("a", "one", "first"): a source may mean it, a claim need not."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The quantities and dates of a text."""

    quantities: frozenset[Quantity]
    days: frozenset[Day]
    loose: frozenset[str]
    """All figures outside dates, without units, and the years of dates."""
    units: frozenset[str]
    """The units named anywhere in the text, as in a table's header row."""
    scales: frozenset[int]
    """The scales named anywhere in the text."""

    def __or__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.quantities | other.quantities,
            self.days | other.days,
            self.loose | other.loose,
            self.units | other.units,
            self.scales | other.scales,
        )


@lru_cache(maxsize=4096)
def amounts(text: str) -> Amounts:
    """Return the quantities and dates of a text."""
    days, rest = days_in(text)
    years = {str(day.year) for day in days if day.year}
    scales = set[int]()
    for word, suffix, thousands in _SCALE_MARKS.findall(text):
        mark = (suffix or thousands).lower()
        scales.add(_SCALE_OF_MARK[mark] if mark else _SCALES[word.lower().removesuffix("s")])
    return Amounts(
        quantities=frozenset(quantity for match in _QUANTITY.finditer(rest) if (quantity := _quantity(match, rest))),
        days=frozenset(days),
        loose=frozenset(figures(rest) | years),
        units=frozenset(_unit(match[0]) for match in _UNIT_MARKS.finditer(text)),
        scales=frozenset(scales),
    )


def missing_amounts(claim: Amounts, source: Amounts) -> list[str]:
    """Return the figures and dates of the claim that the source lacks, in words, in alphabetical order."""
    missing = [
        f"{quantity.written}{' ' if quantity.unit else ''}{quantity.unit}"
        for quantity in claim.quantities
        if not (quantity.soft or (quantity.value in source.loose and not quantity.unit and not quantity.scale))
        and not any(_agrees(quantity, q, source) for q in source.quantities)
    ]
    missing += [
        str(day)
        for day in claim.days
        if not any(  # a source may leave out the year, and a claim any part
            day.month == known.month
            and day.day in (0, known.day)
            and (day.year in (0, known.year) or (not known.year and str(day.year) in source.loose))
            for known in source.days
        )
    ]
    return sorted(missing)


@lru_cache(maxsize=4096)
def normalize_amounts(text: str) -> str:
    """Return the text with figures and dates in one spelling: "3 may" for "May 3rd", "1500 dollar" for "$1.5k"."""
    text = normalize_dates(text)

    def spell(match: re.Match[str]) -> str:
        quantity = _quantity(match, text)
        if quantity is None or quantity.soft:
            return match[0]
        blank = match[0][: len(match[0]) - len(match[0].lstrip())]
        return f"{blank}{quantity.value} {_SPOKEN.get(quantity.unit, quantity.unit)}".rstrip()

    return _QUANTITY.sub(spell, text)


def _agrees(claim: Quantity, source: Quantity, among: Amounts) -> bool:
    """Return whether a quantity of the source agrees with the claim's in value and unit.

    A table may give the scale of all its figures at its head. A source may give a unit apart from the figure, and that
    of money nowhere.
    """
    scaled = claim.scale and not source.scale and claim.scale in among.scales and claim.written == source.value
    rounded = False
    if claim.rough and "." not in (claim.value.replace(".", "", 1) + source.value.replace(".", "", 1)):
        digits, exact_digits = (len(value.replace(".", "").strip("0")) for value in (claim.value, source.value))
        rounded = 0 < digits < exact_digits and float(f"{float(source.value):.{digits}g}") == float(claim.value)
    if not (claim.value == source.value or rounded or scaled):
        return False
    if claim.unit == source.unit or (not claim.unit and source.unit != "th"):
        return True
    known = among.units & _MONEY if claim.unit in _MONEY else among.units
    return not source.unit and (claim.unit in known or (claim.unit in _MONEY and not known))


def _quantity(match: re.Match[str], text: str) -> Quantity | None:
    money, scale_word = match["money"], (match["scale"] or "").lower()
    unit = _unit(money or match["unit"] or "")
    if scale_word in _SHORT_SCALES and not money:
        unit, scale = unit or ("m" if scale_word == "m" else ""), 0
    else:
        scale = (_SCALES | _SHORT_SCALES).get(scale_word, 0)
    word = (match["word"] or "").lower()
    if word in ("a", "an") and not (scale or unit):
        return None
    if match["figure"]:
        (written,) = figures(match["figure"])
    else:  # twenty-five
        written = str(sum(_NUMBERS[part] for part in re.split("[- ]", word)))
    before = text[max(0, match.start() - _ROUGH_CHARS) : match.start()]
    soft = word in ("a", "an", "one") and not scale and not (word == "one" and unit)
    if not unit and (match["nth"] or re.split("[- ]", word)[-1] in ORDINALS):
        unit = "th"
    value = written
    if written.count(".") <= 1 and len(written) < 20:  # no version, as 1.2.3, and no very long figure
        value = f"{Decimal(written).scaleb(scale):f}"
        value = value.rstrip("0").rstrip(".") if "." in value else value
    return Quantity(value, written, scale, unit, bool(_ROUGH.search(before)), soft or unit == "th")


def _unit(written: str) -> str:
    written = written.lower().removeprefix("us")
    return _UNITS.get(written) or _UNITS.get(re.sub("[ -]", "-", written).removesuffix("s") + "s", written and "%")
