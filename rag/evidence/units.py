"""Units and currencies: how each is written, which may mean another, and which are exact multiples of another."""

import re
from decimal import Decimal

from indexes.text.number_words import any_of

CURRENCIES = {
    "$": "$|dollar|dollars",
    "usd": "usd|us$|us $|us dollar|us dollars|u.s. dollar|u.s. dollars|american dollars",
    "cad": "cad|c$|ca$|canadian dollar|canadian dollars",
    "aud": "aud|a$|au$|australian dollar|australian dollars",
    "nzd": "nzd|nz$|new zealand dollars", "hkd": "hkd|hk$|hong kong dollars", "sgd": "sgd|s$|singapore dollars",
    "eur": "€|eur|euro|euros",
    "gbp": "£|gbp|pound sterling|pounds sterling|british pounds", "pound": "pound|pounds",
    "kr": "kr|kr.|krone|kroner|krona|kronor", "nok": "nok|norwegian kroner|norwegian krone",
    "sek": "sek|swedish kronor|swedish krona", "dkk": "dkk|danish kroner|danish krone", "isk": "isk",
    "chf": "chf|sfr|sfr.|franc|francs|franken|swiss franc|swiss francs",
    "¥": "¥", "jpy": "jpy|yen|japanese yen", "cny": "cny|rmb|yuan|renminbi|chinese yuan",
    "inr": "₹|inr|rs|rs.|rupee|rupees|indian rupees", "krw": "₩|krw", "rub": "₽|rub|rouble|roubles|ruble|rubles",
    "pln": "zł|pln|zloty|zlotys", "czk": "kč|czk", "huf": "huf|forint", "brl": "r$|brl", "mxn": "mxn", "zar": "zar",
    "ils": "₪|ils|shekel|shekels", "thb": "฿|thb|baht", "aed": "aed|dirham|dirhams",
}  # fmt: skip
_MEASURES = {
    "%": "%|percent|per cent|pct", "pp": "percentage point|percentage points|pp", "bp": "basis point|basis points|bps",
    "second": "second|seconds|sec", "minute": "minute|minutes|min|mins", "hour": "hour|hours|hr|hrs|h",
    "day": "day|days", "week": "week|weeks", "fortnight": "fortnight|fortnights", "month": "month|months",
    "quarter": "quarter|quarters", "year": "year|years|yr|yrs", "decade": "decade|decades",
    "century": "century|centuries",
    "km": "km|kilometer|kilometers|kilometre|kilometres", "m": "meter|meters|metre|metres|m",
    "cm": "cm|centimeter|centimeters|centimetre|centimetres", "mm": "mm|millimeter|millimeters|millimetre|millimetres",
    "mile": "mile|miles|mi", "yard": "yard|yards|yd", "foot": "foot|feet|ft", "inch": "inch|inches",
    "kg": "kg|kilogram|kilograms|kilo|kilos", "g": "gram|grams|g", "mg": "mg|milligram|milligrams",
    "tonne": "tonne|tonnes", "ton": "ton|tons", "lb": "lb|lbs", "oz": "oz|ounce|ounces",
    "l": "l|litre|litres|liter|liters", "hl": "hl|hectolitre|hectolitres", "cl": "cl|centilitre|centilitres",
    "ml": "ml|millilitre|millilitres|milliliter|milliliters",
    "kb": "kb|kilobyte|kilobytes", "mb": "mb|megabyte|megabytes", "gb": "gb|gigabyte|gigabytes",
    "tb": "tb|terabyte|terabytes", "token": "token|tokens",
}  # fmt: skip
_UNITS = {form: unit for unit, forms in (CURRENCIES | _MEASURES).items() for form in forms.split("|")}
_KINDS = {
    "$": frozenset({"usd", "cad", "aud", "nzd", "hkd", "sgd"}),
    "kr": frozenset({"nok", "sek", "dkk", "isk"}),
    "¥": frozenset({"jpy", "cny"}),
    "pound": frozenset({"gbp", "lb"}),
    "ton": frozenset({"tonne"}),
}
"""What a unit may mean that is not told apart further."""
_LESS_USUAL = frozenset({"cad", "aud", "nzd", "hkd", "sgd"})
"""Currencies that a bare "$" means only where the reader knows the country."""
_MULTIPLES = {
    unit: (base, Decimal(factor))
    for base, factors in {
        "second": "minute 60 hour 3600 day 86400 week 604800 fortnight 1209600",
        "month": "quarter 3 year 12 decade 120 century 1200",
        "mm": "cm 10 m 1000 km 1000000",
        "inch": "foot 12 yard 36 mile 63360",
        "mg": "g 1000 kg 1000000 tonne 1000000000",
        "oz": "lb 16",
        "ml": "cl 10 l 1000 hl 100000",
        "kb": "mb 1000 gb 1000000 tb 1000000000",
        "bp": "pp 100",
    }.items()
    for unit, factor in zip(factors.split()[::2], factors.split()[1::2], strict=True)
}
_SPOKEN = {
    "%": "percent", "$": "dollar", "usd": "dollar", "eur": "euro", "gbp": "pound", "¥": "yen", "jpy": "yen",
    "cny": "yuan", "th": "", "time": "",
}  # fmt: skip
_SIGNS = "$€£¥₹₩₽₪฿%"


def _pattern(forms: list[str]) -> str:
    return any_of(forms).replace(r"\ ", "[ -]").replace(r"\-", "-")


UNIT = _pattern([form for form in _UNITS if form[0] not in _SIGNS]) + f"|[{re.escape(_SIGNS)}]"
"""Matches a unit after its figure."""
MONEY = r"us \$|" + _pattern([form for forms in CURRENCIES.values() for form in forms.split("|") if len(form) < 4])
"""Matches the sign, code or short form of a currency before its figure."""


def unit_named(written: str) -> str:
    """Return the unit that is written so, in any letter case; nothing if none is."""
    return _UNITS.get(re.sub("[ -]+", " ", written.lower()), "")


def spoken(unit: str) -> str:
    """Return a unit as a word."""
    return _SPOKEN.get(unit, unit)


def is_money(unit: str) -> bool:
    """Return whether a unit is a currency."""
    return unit in CURRENCIES


def may_be_same(unit: str, other: str) -> bool:
    """Return whether two units may mean the same: "$" and "cad", not "usd" and "cad"."""
    return unit == other or other in _KINDS.get(unit, ()) or unit in _KINDS.get(other, ())


def are_same(unit: str, other: str) -> bool:
    """Return whether two units mean the same to any reader."""
    return may_be_same(unit, other) and (unit == other or not {unit, other} & _LESS_USUAL)


def in_base_unit(value: str, unit: str) -> tuple[Decimal, str]:
    """Return a value in the smallest unit that its unit is an exact multiple of: 2 hours are 7200 seconds."""
    base, factor = _MULTIPLES.get(unit, (unit, Decimal(1)))
    return Decimal(value) * factor, base
