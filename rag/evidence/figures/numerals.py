"""Writes the numbers of a text as digits in English groups or none: 1650 for "1 650", 250 for its words."""

import re
from collections.abc import Callable
from functools import lru_cache

from indexes.text.number_words import MONTHS, SMALL_CARDINALS, TENS, any_of
from indexes.text.tokenization import figures
from rag.evidence.figures.dates import full_weekdays, spread_days
from rag.evidence.figures.units import MONEY, UNIT, unit_named

_CARDINALS = SMALL_CARDINALS | TENS | {"a": 1, "an": 1}
_POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_BLANKS = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007", " ") | {"−": "-"})
_SPACED = re.compile(r"(?<![\d.,:/-])(?<!\d )[1-9]\d{0,2}(?: \d{3})+(?![ .-]?\d|[:/]|,\d{3})")
_VULGAR = {"½": ".5", "¼": ".25", "¾": ".75"}
_PARTS = {
    ("hour", "minute"): 60, ("minute", "second"): 60, ("day", "hour"): 24, ("week", "day"): 7, ("year", "month"): 12,
    ("foot", "inch"): 12, ("lb", "oz"): 16,
}  # fmt: skip
"""How many of a smaller unit one has that is spoken with it."""
_WHOLES = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_WHOLES |= {f"{word}s": number for word, number in _WHOLES.items()} | {"halves": 2}
_ELSEWHERE = {
    form: number
    for number, forms in {
        1: "ein eine einen einer un une una uno", 2: "zwei deux dos due", 3: "drei trois tres tre",
        4: "vier quatre cuatro quattro", 5: "fünf cinq cinco cinque", 6: "sechs six seis sei",
        7: "sieben sept siete sette", 8: "acht huit ocho otto", 9: "neun neuf nueve nove", 10: "zehn dix diez dieci",
        11: "elf onze once undici", 12: "zwölf douze doce dodici", 14: "vierzehn quatorze catorce quattordici",
        15: "fünfzehn quinze quince quindici", 20: "zwanzig vingt veinte venti", 30: "dreißig trente treinta trenta",
    }.items()
    for form in forms.split()
}  # fmt: skip
"""German, French, Spanish and Italian numbers."""
_WORDS_TOO = frozenset("ein eine einen einer un une una uno dos due sei sept six neuf once elf tre".split())
"""Those that are other words as well, also in English: read as numbers only before a unit in such a language."""
_UNIT_ELSEWHERE = (
    "sekunden?|minuten|stunden?|tagen?|tage?|wochen?|monat(?:en?)?|jahr(?:en?)?|prozent|jours?|semaines?|mois|ans?"
    "|années?|heures?|días?|semanas?|mes(?:es)?|años?|horas?|giorn[io]|settiman[ae]|mes[ei]|ann[io]|or[ae]|minut[io]s?"
)
_AGO = "zuvor|vorher|davor|früher|später|darauf|antes|después|prima|dopo|plus tôt|plus tard|auparavant"
"""What makes "ein Jahr" the year before or after, and no length of time."""
_WORD = any_of(_CARDINALS)
_HOUR = any_of([word for word, number in SMALL_CARDINALS.items() if 0 < number <= 12]) + r"|1[0-2]|[1-9]"
_AT = "|".join(rf"(?<=\b{word} )" for word in "at by to from until till before after and between around".split())
_SCALE = r"(?:thousand|million|billion|trillion|bn|mn|[mk])\b"
_OF_SHARE = any_of(word for word in _WHOLES if word not in ("half", "halves"))
_MOSTLY = r"(?:(?:more|less) than|over|under|nearly|almost|about|around|roughly|approximately|at least|up to|only|just)"


def _in_digits(match: re.Match[str]) -> str:
    """Return a number in words as digits: 2500 for "two thousand five hundred"."""
    total = part = 0
    for word in re.findall(r"[a-z]+", match[0].lower()):
        if word == "hundred":
            part *= 100
        elif word in _POWERS:
            total, part = total + part * _POWERS[word], 0
        else:
            part += _CARDINALS.get(word, 0)
    return str(total + part)


def _whole(number: str) -> str:
    return number if number.isdigit() else str(_CARDINALS[number.lower()])


def _full_years(match: re.Match[str]) -> str:
    """Return 2023/2024 for "2023/24" and 1990–1995 for "1990–95"; a month after a year stands as it is."""
    century, start, sign, end = match.groups()
    is_span = int(end) == int(start) + 1 or (sign != "/" and int(end) > max(int(start), 12))
    return f"{century}{start}{sign}{century}{end}" if is_span else match[0]


def _share(match: re.Match[str]) -> str:
    """Return a share as a fraction: 3/4 for "three quarters", 1/4 for "one in four"."""
    part, whole = _whole(match["part"] or "1"), match["whole"].lower()
    number = _WHOLES[whole] if whole in _WHOLES else int(_whole(whole))
    return f"{part}/{number}" if int(part) < number else match[0]


def _joined(match: re.Match[str]) -> str:
    """Return an amount in two units in the smaller: 90 minutes for "1 hour 30 minutes"."""
    times = _PARTS.get((unit_named(match["unit"]), unit_named(match["smaller"])))
    whole = int(_whole(match["number"]))
    return f"{times * whole + int(_whole(match['rest']))} {match['smaller']}" if times else match[0]


def _with_scale(match: re.Match[str]) -> str:
    """Return a range with the currency and scale at both its ends: "$10 million – $15 million" for "$10–15 million"."""
    low, high, scale = match["low"], match["high"], match["scale"]
    if "and" in match["joint"] and not match.string[: match.start()].lower().endswith("between "):
        return match[0]
    sign = match["sign"] or re.sub(r"[\d.,]", "", low)
    return f"{low}{scale}{match['joint']}{sign}{high}{scale}"


def _start_of_time(match: re.Match[str]) -> str:
    """Return "9 am" for the beginning of "9 to 11 am"; that of "9 to 5 pm" stands as it is."""
    is_before = int(_whole(match[1])) % 12 < int(_whole(match["end"])) % 12
    return f"{match[1]} {match['half']}m" if is_before else match[0]


_REWRITES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (_SPACED.pattern, lambda match: match[0].replace(" ", "")),
    (r"(?<![\d.,])\d{1,2}(?:,\d\d)+,\d{3}(?![,\d])", lambda match: match[0].replace(",", "")),
    (
        r"(?<![\d.,])[1-9]\d{0,2}(?:(?:\.\d{3})+,\d{1,2}|(?:\.\d{3}){2,})(?![\d.,]*\d)",
        lambda match: match[0].replace(".", "").replace(",", "."),
    ),
    (r"(?<![\w.,)\]'’/])\.(?=\d)", lambda _: "0."),
    (r"(?<![\w.])v(?=\d+\.\d)", lambda _: "version "),
    (r"(?<=\d) s(?![\w.])", lambda _: " seconds"),
    (
        rf"(?P<low>(?:{MONEY})?(?<![\d.,])(?!(?:19|20)\d\d )\d[\d.,]*)(?P<joint> ?[–-] ?| to | or | and )"
        rf"(?P<sign>{MONEY})?(?P<high>\d[\d.,]*)(?P<scale> ?{_SCALE})",
        _with_scale,
    ),
    (r"(?<![\d/.–-])(19|20)(\d\d)([/–-])(\d\d)(?![\w/–-])", _full_years),
    (r"\bFY ?['’]?(?:(20\d\d)|(\d\d))(?!\d)", lambda match: f"fiscal year {match[1] or '20' + match[2]}"),
    (rf"\b({any_of(MONTHS)}),? ['’](?=\d\d\b(?!s))", lambda match: f"{match[1]} 20"),
    (r"\b([1-4]Q|Q[1-4]|H[12]) ?['’]?(?=\d\d\b)", lambda match: f"{match[1]} 20"),
    (
        r"\b(?:(first|1st)|second|2nd) half(?= of (?:the )?(?:(?:fiscal|financial) )?(?:year|20\d\d))",
        lambda match: "H1" if match[1] else "H2",
    ),
    (r"\bun an\b", lambda _: "1 year"),
    (
        rf"\b({any_of(_ELSEWHERE)}) (?=(?:{_UNIT_ELSEWHERE})\b(?! (?:{_AGO})\b))",
        lambda match: f"{_ELSEWHERE[match[1].lower()]} ",
    ),
    (rf"\b(?-i:({any_of(_ELSEWHERE.keys() - _WORDS_TOO)}))\b", lambda match: str(_ELSEWHERE[match[1]])),
    (rf"\b(?:{_WORD}) (?:hundred|thousand)(?:(?: and |, |[ -])(?:{_WORD}|hundred|thousand)\b)+", _in_digits),
    (rf"\b(\d+|{any_of(SMALL_CARDINALS)}) and a half\b", lambda match: f"{_whole(match[1])}.5"),
    (rf"\b(\d+|{_WORD}) ({UNIT}) and a half\b", lambda match: f"{_whole(match[1])}.5 {match[2]}"),
    (rf"\b({any_of(SMALL_CARDINALS)})(?= ?[ap]\.?m\b)", lambda match: _whole(match[1])),
    (rf"\b({_WORD}|\d) quarters? of an hour\b", lambda match: f"{15 * int(_whole(match[1]))} minutes"),
    (rf"\bhalf past ({_HOUR})\b", lambda match: f"{_whole(match[1])}:30"),
    (rf"\b(?:a )?quarter (?:past|after) ({_HOUR})\b", lambda match: f"{_whole(match[1])}:15"),
    (rf"\b(?:a )?quarter to ({_HOUR})\b", lambda match: f"{int(_whole(match[1])) - 1 or 12}:45"),
    (rf"(?:{_AT})(?-i:noon|midday)\b", lambda _: "12:00"),
    (rf"(?:{_AT})(?-i:midnight)\b", lambda _: "00:00"),
    (rf"(?:{_AT})([01]\d|2[0-3])([0-5]\d)(?= (?:hours|hrs)\b)", lambda match: f"{match[1]}:{match[2]}"),
    (
        r"(?<![\d.,:/-])([01]?\d|2[0-4])(?= ?[–-] ?[\d.:]+ uhr\b| (?:bis|und|to|and) [\d.:]+ uhr\b)",
        lambda match: f"{match[1]} Uhr",
    ),
    (
        rf"(?<![\d.,:/-])({_HOUR})(?=(?: ?[–-] ?| to | until | and )(?P<end>{_HOUR})(?:[.:]\d\d)?"
        r" ?(?P<half>[ap])\.?m\b)",
        _start_of_time,
    ),
    (rf"\b({_HOUR}) ?o['’]clock\b", lambda match: f"{_whole(match[1])}:00"),
    (rf"\bhalf an?( (?:{UNIT}|{any_of(_POWERS)}|billion|dozen)\b)", lambda match: f"0.5{match[1]}"),
    (rf"\b(?P<part>an?|one) (?P<whole>{_OF_SHARE})(?= of\b(?! (?:a|an|the)? ?(?:year|20\d\d|century)))", _share),
    (
        rf"\b(?P<lead>{_MOSTLY} )(?P<part>an?|one)[ -](?P<whole>{_OF_SHARE})\b",
        lambda match: match["lead"] + _share(match),
    ),
    (rf"\b(?P<part>{any_of(SMALL_CARDINALS)}|\d)[ -](?P<whole>thirds|fourths|fifths|sixths|eighths|tenths)\b", _share),
    (r"\b(?P<part>three) (?P<whole>quarters)(?= of\b)", _share),
    (
        rf"\b(?P<lead>{_MOSTLY} )(?P<part>)(?P<whole>half)\b(?! past| an?\b)",
        lambda match: match["lead"] + _share(match),
    ),
    (r"\b(?P<part>)(?P<whole>half) of\b(?! (?:the )?(?:fiscal )?(?:year|20\d\d))", lambda match: f"{_share(match)} of"),
    (
        rf"\b(?P<part>{_WORD}|\d{{1,2}})\s(?:in(?: every)?|out\sof)\s(?P<whole>{_WORD}|10{{1,2}}|[2-9])\b"
        rf"(?![-\s]?(?:{UNIT})\b|[.,:/]\d)",
        _share,
    ),
    (
        rf"\b(?P<number>\d+|{_WORD}) ?(?P<unit>{UNIT})(?:,? and |, | )?(?P<rest>\d+|{_WORD}) ?(?P<smaller>{UNIT})\b",
        _joined,
    ),
    (r"(\d*)([½¼¾])", lambda match: f"{match[1] or 0}{_VULGAR[match[2]]}"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), spell) for pattern, spell in _REWRITES)
_GROUPED = re.compile(r"(?<![\d.,'’])[1-9]\d{0,2}(?:['’\u00a0\u202f\u2009]\d{3})+(?![\d'’])")


@lru_cache(maxsize=4096)
def with_plain_numerals(text: str) -> str:
    """Return the text with its numbers in digits and English groups, and years in full: 2023/2024 for "FY 2023/24"."""
    text = _GROUPED.sub(lambda match: re.sub(r"\D", "", match[0]), full_weekdays(text)).translate(_BLANKS)
    for pattern, spell in _COMPILED:
        text = pattern.sub(spell, text)
    return spread_days(text)


def figures_apart(text: str) -> set[str]:
    """Return the figures of "1 650" each by itself: they may be two, as in a row of a table."""
    return set[str]().union(*(figures(run) for run in _SPACED.findall(text.translate(_BLANKS))))
