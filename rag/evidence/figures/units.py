"""Units and currencies: how each is written, which may mean another, and which are exact multiples of another."""

import re
from decimal import Decimal

from indexes.text.number_words import any_of

CURRENCIES = {
    "$": "$|dollar|dollars|dólar|dólares|dollaro|dollari",
    "usd": "usd|us$|us $|us dollar|us dollars|u.s. dollar|u.s. dollars|american dollars|us-dollar",
    "cad": "cad|c$|ca$|canadian dollar|canadian dollars",
    "aud": "aud|a$|au$|australian dollar|australian dollars",
    "nzd": "nzd|nz$|new zealand dollars", "hkd": "hkd|hk$|hong kong dollars", "sgd": "sgd|s$|singapore dollars",
    "eur": "€|eur|euro|euros",
    "gbp": "£|gbp|pound sterling|pounds sterling|british pounds|livres sterling|libras esterlinas|sterline",
    "pound": "pound|pounds|pfund",
    "cent": "cent|cents|¢|ct|eurocent|centimes|céntimos|centavos|centesimi", "pence": "pence|penny|p",
    "kr": "kr|kr.|krone|kroner|krona|kronor|kronen|couronnes|coronas|corone",
    "nok": "nok|norwegian kroner|norwegian krone", "sek": "sek|swedish kronor|swedish krona",
    "dkk": "dkk|danish kroner|danish krone", "isk": "isk",
    "chf": "chf|sfr|sfr.|franc|francs|franken|franchi|swiss franc|swiss francs|schweizer franken",
    "¥": "¥", "jpy": "jpy|yen|japanese yen", "cny": "cny|rmb|yuan|renminbi|chinese yuan",
    "inr": "₹|inr|rs|rs.|rupee|rupees|indian rupees", "krw": "₩|krw", "rub": "₽|rub|rouble|roubles|ruble|rubles",
    "pln": "zł|pln|zloty|zlotys", "czk": "kč|czk", "huf": "huf|forint", "brl": "r$|brl|reais", "mxn": "mxn",
    "zar": "zar", "ils": "₪|ils|shekel|shekels", "thb": "฿|thb|baht", "aed": "aed|dirham|dirhams",
}  # fmt: skip
_MEASURES = {
    "%": "%|percent|per cent|pct|prozent|pour cent|pourcent|por ciento|per cento",
    "pp": "percentage point|percentage points|pp|prozentpunkte|points de pourcentage|puntos porcentuales",
    "bp": "basis point|basis points|bps|bp|basispunkte",
    "ms": "ms|millisecond|milliseconds",
    "second": "second|seconds|sec|secs|sekunde|sekunden|secondes|segundos|secondi",
    "minute": "minute|minutes|min|mins|minuten|minutos|minuti",
    "hour": "hour|hours|hr|hrs|h|stunde|stunden|heure|heures|hora|horas|ora|ore",
    "day": "day|days|tag|tage|tagen|jour|jours|día|días|giorno|giorni",
    "week": "week|weeks|woche|wochen|semaine|semaines|semana|semanas|settimana|settimane",
    "fortnight": "fortnight|fortnights",
    "month": "month|months|monat|monate|monaten|mois|mes|meses|mese|mesi",
    "quarter": "quarter|quarters|quartal|quartale|trimestre|trimestres|trimestri",
    "half": "half-year|half-years|halbjahr|semestre|semestres",
    "year": "year|years|yr|yrs|jahr|jahre|jahren|ans|année|années|año|años|anno|anni",
    "decade": "decade|decades", "century": "century|centuries|jahrhundert|siècle|siglo|secolo",
    "km": "km|kilometer|kilometers|kilometre|kilometres|kilomètres|kilómetros|chilometri",
    "m": "meter|meters|metre|metres|m|mètre|mètres|metros|metri",
    "cm": "cm|centimeter|centimeters|centimetre|centimetres|zentimeter|centimètres|centímetros|centimetri",
    "mm": "mm|millimeter|millimeters|millimetre|millimetres|millimètres|milímetros|millimetri",
    "mile": "mile|miles|mi|meilen|millas|miglia", "yard": "yard|yards|yd", "foot": "foot|feet|ft",
    "inch": "inch|inches", "nmi": "nautical mile|nautical miles|nmi|seemeilen",
    "km/h": "km/h|kmh|kph|kilometres per hour|kilometers per hour|kilometres an hour|kilometers an hour",
    "mph": "mph|miles per hour|miles an hour", "m/s": "m/s|metres per second|meters per second",
    "m²": "m²|m2|sqm|sq m|square metre|square metres|square meter|square meters|quadratmeter|mètres carrés"
    "|metros cuadrados|metri quadrati",
    "km²": "km²|km2|sq km|square kilometre|square kilometres|square kilometer|square kilometers|quadratkilometer",
    "ha": "ha|hectare|hectares|hektar", "ft²": "sq ft|sqft|ft²|square foot|square feet",
    "m³": "m³|m3|cubic metre|cubic metres|cubic meter|cubic meters|kubikmeter",
    "kg": "kg|kilogram|kilograms|kilogramme|kilogrammes|kilogramm|kilo|kilos|chilogrammi",
    "g": "gram|grams|g|gramme|grammes|gramm|gramos|grammi", "mg": "mg|milligram|milligrams|milligramm",
    "t": "t|tonne|tonnes|metric ton|metric tons|tonnen|toneladas|tonnellate", "ton": "ton|tons", "lb": "lb|lbs",
    "oz": "oz|ounce|ounces",
    "hl": "hl|hectolitre|hectolitres|hectoliter|hectoliters|hektoliter",
    "l": "l|litre|litres|liter|liters|litros|litri", "cl": "cl|centilitre|centilitres|zentiliter",
    "ml": "ml|millilitre|millilitres|milliliter|milliliters|mililitros|millilitri",
    "kb": "kb|kilobyte|kilobytes", "mb": "mb|megabyte|megabytes", "gb": "gb|gigabyte|gigabytes",
    "tb": "tb|terabyte|terabytes", "kib": "kib|kibibytes", "mib": "mib|mebibytes", "gib": "gib|gibibytes",
    "tib": "tib|tebibytes", "token": "token|tokens",
    "w": "watt|watts", "kw": "kw|kilowatt|kilowatts", "mw": "mw|megawatt|megawatts", "gw": "gw|gigawatt|gigawatts",
    "kwh": "kwh|kilowatt hour|kilowatt hours", "mwh": "mwh|megawatt hour|megawatt hours", "gwh": "gwh|gigawatt hours",
    "°c": "°c|º c|ºc|° c|degrees celsius|degree celsius|degrees centigrade|deg c|celsius|grad celsius|degrés celsius"
    "|grados celsius|gradi celsius",
    "°f": "°f|° f|ºf|degrees fahrenheit|degree fahrenheit|deg f|fahrenheit|grad fahrenheit",
    "°": "°|degrees|degree|degrés|grados|gradi",
}  # fmt: skip
_UNITS = {form: unit for unit, forms in (CURRENCIES | _MEASURES).items() for form in forms.split("|")}
_KINDS = {
    "$": frozenset({"usd", "cad", "aud", "nzd", "hkd", "sgd"}),
    "kr": frozenset({"nok", "sek", "dkk", "isk"}),
    "¥": frozenset({"jpy", "cny"}),
    "pound": frozenset({"gbp", "lb"}),
    "ton": frozenset({"t"}),
    "°": frozenset({"°c", "°f"}),
}
"""What a unit may mean that is not told apart further."""
_LESS_USUAL = frozenset({"cad", "aud", "nzd", "hkd", "sgd"})
"""Currencies that a bare "$" means only where the reader knows the country."""
_COINS = {"cent": ("usd", "$", "eur", *_LESS_USUAL), "pence": ("gbp", "pound")}
"""Hundredths of some currencies."""
_MULTIPLES = {
    unit: (base, Decimal(factor))
    for base, factors in {
        "ms": "second 1000 minute 60000 hour 3600000 day 86400000 week 604800000 fortnight 1209600000",
        "month": "quarter 3 half 6 year 12 decade 120 century 1200",
        "mm": "cm 10 m 1000 km 1000000 inch 25.4 foot 304.8 yard 914.4 mile 1609344 nmi 1852000",
        "mg": "g 1000 kg 1000000 t 1000000000 lb 453592.37 oz 28349.523125",
        "ml": "cl 10 l 1000 hl 100000 m³ 1000000",
        "m²": "ha 10000 km² 1000000 ft² 0.09290304",
        "m/h": "km/h 1000 m/s 3600 mph 1609.344",
        "kb": "mb 1000 gb 1000000 tb 1000000000",
        "kib": "mib 1024 gib 1048576 tib 1073741824",
        "w": "kw 1000 mw 1000000 gw 1000000000",
        "kwh": "mwh 1000 gwh 1000000",
        "bp": "pp 100",
    }.items()
    for unit, factor in zip(factors.split()[::2], factors.split()[1::2], strict=True)
}
DEGREES = frozenset({"°c", "°f", "°"})
"""Temperatures, of which the sign counts."""
_IMPERIAL = frozenset("inch foot yard mile nmi lb oz mph ft²".split())
_BYTES = ("kb", "mb", "gb", "tb")
_MONTH = (Decimal(28), Decimal(31))
"""The fewest and most days of a month."""
_YEAR = (Decimal(365) / 12, Decimal(366) / 12)
"""Days of a month, where a year or more is counted."""
_DAY_MS = 86_400_000
_IN_A_YEAR = 12
_SPOKEN = {
    "%": "percent", "$": "dollar", "usd": "dollar", "eur": "euro", "gbp": "pound", "¥": "yen", "jpy": "yen",
    "cny": "yuan", "th": "", "time": "",
}  # fmt: skip
_SIGNS = "$€£¥₹₩₽₪฿%"


def _pattern(forms: list[str]) -> str:
    return any_of(forms).replace(r"\ ", "[ -]").replace(r"\-", "-")


UNIT = _pattern([form for form in _UNITS if form[0] not in _SIGNS]) + f"|[{re.escape(_SIGNS)}]"
"""Matches a unit after its figure."""
_WORDS_TOO = {"cent", "yen", "all", "p", "ct", "¢"}
MONEY = r"us \$|" + _pattern(
    [form for forms in CURRENCIES.values() for form in forms.split("|") if len(form) < 4 and form not in _WORDS_TOO]
)
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
    """Return a value in the unit that its unit is an exact multiple of: 2 hours are 7,200,000 milliseconds."""
    if unit == "°c":
        return Decimal(value) * 9 / 5 + 32, "°f"
    base, factor = _MULTIPLES.get(unit, (unit, Decimal(1)))
    return Decimal(value) * factor, base


def are_equal(value: str, unit: str, other: str, other_unit: str) -> bool:
    """Return whether two amounts are the same, their units being exact multiples: 2 hours, 120 minutes."""
    if unit in _COINS or other_unit in _COINS:
        return _in_hundredths(value, unit, other, other_unit) or _in_hundredths(other, other_unit, value, unit)
    if {unit, other_unit} == {"bp", "%"}:
        points, percent = (value, other) if unit == "bp" else (other, value)
        return Decimal(points) == 100 * Decimal(percent)
    return in_base_unit(value, unit) == in_base_unit(other, other_unit)


def may_be_equal(value: str, unit: str, other: str, other_unit: str) -> bool:
    """Return whether an amount may be another, more exact one: two months of 8 weeks, 1 GB of 1024 MB."""
    if unit in _BYTES and other_unit in _BYTES:
        steps = _BYTES.index(unit) - _BYTES.index(other_unit)
        return Decimal(value) * Decimal(1024) ** steps == Decimal(other)
    (amount, base), (known, known_base) = in_base_unit(value, unit), in_base_unit(other, other_unit)
    if base == known_base and (unit in _IMPERIAL) != (other_unit in _IMPERIAL):  # 5 miles, 8 km
        exact = known / in_base_unit("1", unit)[0]
        return exact != 0 and round(exact, len(value.partition(".")[2])) == Decimal(value)
    if {base, known_base} == {"ms", "month"}:
        months, ms = (amount, known) if base == "month" else (known, amount)
        fewest, most = _YEAR if months >= _IN_A_YEAR else _MONTH
        return fewest * months - 1 <= ms / _DAY_MS <= most * months
    return False


def _in_hundredths(value: str, unit: str, other: str, other_unit: str) -> bool:
    same_value = Decimal(value) == 100 * Decimal(other)
    return unit in _COINS and other_unit in _COINS[unit] and same_value
