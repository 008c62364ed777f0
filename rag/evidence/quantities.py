"""Figures and dates as they are compared: "1.5 thousand" is "1,500", "May 3rd, 2024" is "2024-05-03"."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from indexes.text.number_words import ORDINALS, SMALL_CARDINALS, TENS, any_of
from indexes.text.tokenization import figures
from rag.evidence.dates import Day, days_in, with_days_respelt

_SCALES = {"hundred": 2, "thousand": 3, "k": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9, "trillion": 12, "tn": 12}
_SHORT_SCALES = {"m": 6, "b": 9, "t": 12}
"""Only of money: 5 m is otherwise a length."""
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
_MARKS = re.compile(rf"(?<![^\W_])(?:{_UNIT})(?![^\W_])|[$€£¥%]", re.IGNORECASE)
_SCALE_MARKS = re.compile(r"\b(thousands?|millions?|billions?)\b|[$€£](m|bn|k)\b|\b(000)s?\b", re.IGNORECASE)
_MARKED = {"m": 6, "bn": 9, "k": 3, "000": 3}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure with what it counts. ``written`` is its number without its scale."""

    value: str
    written: str
    scale: int = 0
    unit: str = ""
    """Empty where none that is known stands with it."""
    rough: bool = False
    soft: bool = False
    """Whether it is a word that seldom counts ("a", "one", "first"): a source may mean it, a claim need not."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a text counts and dates."""

    quantities: frozenset[Quantity]
    days: frozenset[Day]
    loose: frozenset[str]
    """All figures outside of dates, years of dates too, without units."""
    units: frozenset[str]
    """Units that are told anywhere, as a table's header does."""
    scales: frozenset[int]
    """Likewise powers of ten."""

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
    days, rest = days_in(text)
    years = {str(day.year) for day in days if day.year}
    return Amounts(
        quantities=frozenset(_quantities(rest)),
        days=frozenset(days),
        loose=frozenset(figures(rest) | years),
        units=frozenset(_unit(found[0]) for found in _MARKS.finditer(text)),
        scales=frozenset(_scale_told(found) for found in _SCALE_MARKS.finditer(text)),
    )


def missing(claim: Amounts, source: Amounts) -> list[str]:
    """Figures and dates of the claim that the source has not, in words, in no order that matters."""
    quantities = [q for q in claim.quantities if not q.soft and not _is_borne_out(q, source)]
    days = [day for day in claim.days if not _is_dated(day, source)]
    return sorted([f"{q.written}{' ' if q.unit else ''}{q.unit}" for q in quantities] + [str(d) for d in days])


@lru_cache(maxsize=4096)
def respelt(text: str) -> str:
    """The text with its figures and dates in one spelling: "May 3rd" as "3 may", "$1.5 thousand" as "1500 dollar"."""
    text = with_days_respelt(text)
    return _QUANTITY.sub(lambda found: _one_quantity(found, text), text)


def _one_quantity(found: re.Match[str], text: str) -> str:
    quantity = _quantity(found, text)
    if quantity is None or quantity.soft:
        return found[0]
    lead = found[0][: len(found[0]) - len(found[0].lstrip())]
    return f"{lead}{quantity.value} {_SPOKEN.get(quantity.unit, quantity.unit)}".rstrip()


def _is_borne_out(claim: Quantity, source: Amounts) -> bool:
    if not claim.unit and not claim.scale and claim.value in source.loose:
        return True
    return any(_agrees(claim, q, source) and _fits(claim, q, source) for q in source.quantities)


def _agrees(claim: Quantity, source: Quantity, among: Amounts) -> bool:
    """In value; a table may tell the scale of all its figures at its head."""
    if claim.value == source.value or (claim.rough and _rounds_to(source.value, claim.value)):
        return True
    return bool(claim.scale) and not source.scale and claim.scale in among.scales and claim.written == source.value


def _fits(claim: Quantity, source: Quantity, among: Amounts) -> bool:
    """In unit; a source may tell it apart from the figure, or not at all where it is money."""
    if claim.unit == source.unit or (not claim.unit and source.unit != "th"):
        return True
    known = among.units & _MONEY if claim.unit in _MONEY else among.units
    return not source.unit and (claim.unit in known or (claim.unit in _MONEY and not known))


def _rounds_to(exact: str, rounded: str) -> bool:
    digits = len(rounded.replace(".", "").strip("0"))
    if exact.count(".") > 1 or rounded.count(".") > 1 or not digits:
        return False
    return len(exact.replace(".", "").strip("0")) > digits and float(f"{float(exact):.{digits}g}") == float(rounded)


def _is_dated(claim: Day, source: Amounts) -> bool:
    return any(
        claim.month == day.month
        and claim.day in (0, day.day)
        and (claim.year in (0, day.year) or (not day.year and str(claim.year) in source.loose))
        for day in source.days
    )


def _quantities(text: str) -> set[Quantity]:
    return {made for found in _QUANTITY.finditer(text) if (made := _quantity(found, text))}


def _quantity(found: re.Match[str], text: str) -> Quantity | None:
    money, scale_word = found["money"], (found["scale"] or "").lower()
    unit = _unit(money or found["unit"] or "")
    if scale_word in _SHORT_SCALES and not money:
        unit, scale = unit or ("m" if scale_word == "m" else ""), 0
    else:
        scale = (_SCALES | _SHORT_SCALES).get(scale_word, 0)
    word = (found["word"] or "").lower()
    if word in ("a", "an") and not (scale or unit):
        return None
    written = _plain(found["figure"]) if found["figure"] else str(_of_words(word))
    before = text[max(0, found.start() - _ROUGH_CHARS) : found.start()]
    soft = word in ("a", "an", "one") and not scale and not (word == "one" and unit)
    if not unit and (found["nth"] or re.split("[- ]", word)[-1] in ORDINALS):
        unit = "th"
    return Quantity(_scaled(written, scale), written, scale, unit, bool(_ROUGH.search(before)), soft or unit == "th")


def _of_words(word: str) -> int:
    """``twenty-five`` is 25."""
    known = SMALL_CARDINALS | TENS | ORDINALS | {"a": 1, "an": 1, "dozen": 12}
    return sum(known[part] for part in re.split("[- ]", word))


def _scaled(written: str, scale: int) -> str:
    if written.count(".") > 1:  # a version
        return written
    return _normal(Decimal(written).scaleb(scale)) if len(written) < 20 else written


def _plain(figure: str) -> str:
    (plain,) = figures(figure)
    return plain


def _normal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unit(written: str) -> str:
    written = written.lower().removeprefix("us")
    return _UNITS.get(written) or _UNITS.get(re.sub("[ -]", "-", written).removesuffix("s") + "s", written and "%")


def _scale_told(found: re.Match[str]) -> int:
    short = (found[2] or found[3] or "").lower()
    return _MARKED[short] if short else _SCALES[found[1].lower().removesuffix("s")]
