"""Finds figures and dates, and compares them: "1.5 thousand" is "1,500", "May 3rd, 2024" is "2024-05-03"."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from indexes.text.number_words import ORDINALS, SMALL_CARDINALS, TENS, any_of
from indexes.text.tokenization import figures
from rag.evidence.figures.dates import CLOCK, Day, clock_time, days_in, rewrite_dates, spoken_day, without_weekdays
from rag.evidence.figures.numerals import figures_apart, with_plain_numerals
from rag.evidence.figures.telephones import telephones_in
from rag.evidence.figures.units import MONEY, UNIT, is_money, spoken, unit_named

_NUMBERS = SMALL_CARDINALS | TENS | ORDINALS | {"a": 1, "an": 1, "dozen": 12}
_SCALES = {
    form: power
    for power, forms in {
        2: "hundred", 3: "thousand|thousands|k|tsd|tsd.|tausend|mille|mil|mila", 5: "lakh|lakhs",
        6: "million|millions|mn|mln|mio|mio.|millionen|millón|millones|milione|milioni", 7: "crore|crores",
        9: "billion|billions|bn|mrd|mrd.|milliarde|milliarden|milliard|milliards|miliardo|miliardi|mil millones",
        12: "trillion|trillions|tn|billionen|billones|bilioni",
    }.items()
    for form in forms.split("|")
}  # fmt: skip
_SCALE_NAMES = {2: "hundred", 3: "thousand", 5: "lakh", 6: "million", 7: "crore", 9: "billion", 12: "trillion"}
_SHORT_SCALES = {"m": 6, "b": 9, "t": 12}
"""Scales of money, or in capitals: 5 m is otherwise a length."""
_WORD_NUMBER = (
    rf"(?:{any_of(TENS)})(?:[- ](?:{any_of([*SMALL_CARDINALS, *ORDINALS])}))?"
    rf"|{any_of(SMALL_CARDINALS)}|{any_of(ORDINALS)}|an?|dozen"
)
_QUANTITY = re.compile(
    rf"(?<![\w:])(?P<clock>{CLOCK})"
    rf"|(?<!\w)(?:(?P<quarter>Q[1-4]|[1-4]Q)|H(?P<half>[12]))(?!\w)"
    rf"|(?<![\w/.,-])(?P<part>[1-9])/(?P<whole>[2-9]|10{{1,2}})(?![\w/]|[.,]\d)"
    rf"|(?<!\w)(?P<any_half>half|halves)(?![^\W_])"
    rf"|(?<=\bversion )(?P<version>\d+(?:\.\d+)*)"
    rf"|(?:(?<=\bsection )|(?<=§ )|(?<=§)|(?<=\bclause ))(?P<section>\d+\.\d+)"
    rf"|(?:(?<=fiscal year )|(?<=financial year ))(?P<years>\d{{4}}/\d{{4}})(?![\d/])"
    rf"|(?:(?<![^\W_])(?P<money>{MONEY})\s?|(?<![^\W_]))"
    rf"(?:(?P<figure>\d+(?:[.,]\d+)*)(?P<nth>st|nd|rd|th)?|(?P<word>{_WORD_NUMBER})(?![^\W_]))"
    rf"(?:[- ]?(?P<scale>{any_of(_SCALES)}|dozen|[mbt](?=\b))(?![^\W_]))?"
    rf"(?:[- ]?(?:d['’]|d[ei] )?(?:(?:(?P<working>business|working)|calendar|consecutive|full) )?(?P<unit>{UNIT})"
    rf"(?![^\W_])(?!(?<=[ \d]t)-))?",
    re.IGNORECASE,
)
_Nearness = Literal["", "about", "nearly", "over", "under"]
_Bound = Literal["", "least", "most"]
_NEARNESS: dict[str, _Nearness] = {
    **dict.fromkeys(
        "about around approximately approx approx. roughly some circa ca. ~ ≈ etwa rund environ ungefähr unos".split(),
        "about",
    ),
    **dict.fromkeys(("nearly", "almost", "close to", "fast", "knapp", "presque", "casi", "quasi"), "nearly"),
    **dict.fromkeys(("over", "above", "exceeding", "more than", "über", "mehr als"), "over"),
    **dict.fromkeys(("under", "below", "less than", "fewer than", "unter", "weniger als"), "under"),
}
_NUMBERED = re.compile(r"(?<![\d.,])\d+(?:\.\d+)+")
"""A version, a section or a fraction as it is written."""
_LEAST_BEFORE = re.compile(
    r"\b(?:at least|no (?:less|fewer|earlier|sooner) than|not (?:less|earlier|before) than|at the earliest|a minimum of"
    r"|minimum|mindestens|frühestens|au moins|au plus tôt|al menos|almeno)"
    r"\s*\Z",
    re.IGNORECASE,
)
_MOST_BEFORE = re.compile(
    r"\b(?:at most|up to|no (?:more|longer|later) than|not (?:more|later) than|at the latest|within|a maximum of"
    r"|maximum|höchstens|spätestens|innerhalb von|maximal|au plus|au plus tard|jusqu['’]à|como máximo|al massimo)\s*\Z",
    re.IGNORECASE,
)
_LEAST_AFTER = re.compile(
    r"\s*(?:\+|or (?:more|longer|over|above)\b|and (?:more|over|above)\b|at (?:the earliest|least)\b)", re.IGNORECASE
)
_MOST_AFTER = re.compile(
    r"\s*(?:or (?:less|fewer|under|below)\b|and (?:under|below)\b|at (?:the latest|most)\b)", re.IGNORECASE
)
_RATE = re.compile(
    rf"\s*(?:[^\W\d]+ ){{0,2}}?(?:(?:per |pro |par |por |/ ?)(?P<any>{UNIT})"
    rf"|(?:an?|each|every|je|al) (?!second)(?P<unit>{UNIT}))(?![^\W_])",
    re.IGNORECASE,
)
"""What makes a figure a rate: "600 requests a minute"; "a second" may be another."""
_TIMES = frozenset("second minute hour day week month year".split())
_NEGATIVE = re.compile(r"(?:(?<![\w.%°])[-–]|\bminus )\s?\Z", re.IGNORECASE)
_BEFORE = re.compile(rf"(?<!\bno )(?<!\bnot )({any_of(_NEARNESS)})\s*\Z", re.IGNORECASE)
_BEFORE_CHARS = 20
_UNIT_MARKS = re.compile(rf"(?<![^\W_])(?:{UNIT})(?![^\W_])|[$€£¥₹%]", re.IGNORECASE)
_SCALE_MARKS = re.compile(
    r"\b(thousands?|millions?|billions?|mio|mrd|mln)\b|[$€£](m|bn|k)\b|\b(000)s?\b", re.IGNORECASE
)
_SCALE_OF_MARK = {"m": 6, "bn": 9, "k": 3, "000": 3}
_THOUSAND_OR_FRACTION = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_CLOCK_OR_FRACTION = re.compile(r"(?:[01]?\d|2[0-3])\.[0-5]\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_BEFORE_YEAR = re.compile(r"\b(?:in|years?|fiscal|since|until|during|quarter|half)\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure with its unit. ``written`` is its number without its scale."""

    value: str
    written: str
    scale: int = 0
    """The power of ten that ``written`` is multiplied by."""
    unit: str = ""
    """Empty if no known unit stands beside it."""
    nearness: _Nearness = ""
    """What stands before it."""
    soft: bool = False
    """Whether it is a word that seldom counts ("a", "one", "first"): a source may mean it, a claim need not."""
    is_year: bool = False
    """Whether it is surely a year, so that no unit named elsewhere is its own."""
    is_working: bool = False
    """Whether it counts working days, of which a week has not seven."""
    others: tuple["Quantity", ...] = ()
    """What it may mean as well: "1.650" one thousand and more, "9:30" an hour of the evening."""
    is_ambiguous: bool = False
    """Whether none of its meanings is the usual one."""
    bound: _Bound = ""
    """Whether it is the least or the most, as the words beside it say."""
    per: str = ""
    """The unit of time of a rate; empty if none stands beside it."""
    is_negative: bool = False
    is_share: bool = False
    """Whether it is a share in words, as a third: its value, in percent, is seldom exact."""

    @property
    def readings(self) -> tuple["Quantity", ...]:
        """All that it may mean."""
        return (self, *self.others)

    def __str__(self) -> str:
        if self.unit == "telephone":
            return self.value
        unit = "" if self.unit == "time" or self.is_share else self.unit.upper() if is_money(self.unit) else self.unit
        scale = _SCALE_NAMES.get(self.scale, "")
        return " ".join(filter(None, (self.written, scale, unit)))


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
    plain = with_plain_numerals(text)
    days, rest = days_in(plain)
    telephones, apart = telephones_in(rest)
    years = {str(day.year) for day in days if day.year}
    scales = set[int]()
    for word, suffix, thousands in _SCALE_MARKS.findall(text):
        mark = (suffix or thousands).lower()
        scales.add(_SCALE_OF_MARK[mark] if mark else _SCALES[word.lower()])
    quantities = frozenset(quantity for match in _QUANTITY.finditer(apart) if (quantity := _quantity(match, apart)))
    quantities |= {Quantity(number, group, unit="telephone") for number, group in telephones.items()}
    scaled = {q.written for q in quantities if q.scale} - {q.written for q in quantities if not q.scale}
    ambiguous = {q.value for q in quantities if q.is_ambiguous}
    in_doubt = scaled | ambiguous | {other.value for q in quantities if "/" in q.value for other in q.others}
    return Amounts(
        quantities=quantities,
        days=frozenset(days),
        loose=frozenset((figures(rest) | set(_NUMBERED.findall(rest)) | years | figures_apart(text)) - in_doubt),
        units=frozenset(unit_named(match[0]) for match in _UNIT_MARKS.finditer(text)),
        scales=frozenset(scales),
    )


@lru_cache(maxsize=4096)
def normalize_amounts(text: str) -> str:
    """Return the text with figures and dates in one spelling: "3 may" for "May 3rd", "1500 dollar" for "$1.5k"."""
    return rewrite_quantities(
        rewrite_dates(with_plain_numerals(text), spoken_day), lambda quantity: "" if quantity.soft else spelt(quantity)
    )


def leave_out(text: str, unwanted: Collection[Quantity | Day]) -> str:
    """Return the text without some of its quantities and dates."""
    if any(isinstance(one, Day) for one in unwanted):
        plain = with_plain_numerals(text)
        text = rewrite_dates(plain, lambda day: " " if day in unwanted else spoken_day(day).title())
    return rewrite_quantities(text, lambda quantity: " " if quantity in unwanted else "") if unwanted else text


@lru_cache(maxsize=4096)
def without_amounts(text: str) -> str:
    """Return the text with dates in small letters and amounts in figures: "US$", "Prozent", "Oct" are no names."""
    plain = without_weekdays(rewrite_dates(with_plain_numerals(text), spoken_day))
    return rewrite_quantities(plain, lambda q: q.value if q.scale or q.unit not in ("", "th") else "")


def is_number(value: str) -> bool:
    """Return whether a figure is no version, as 1.2.3, no time of day and not very long."""
    return value.replace(".", "", 1).isdigit() and len(value) < 30


def rewrite_quantities(text: str, spell: Callable[[Quantity], str]) -> str:
    """Return the text with each quantity as ``spell`` writes it; as it stands where that is nothing."""

    def replaced(match: re.Match[str]) -> str:
        quantity = _quantity(match, text)
        spelt = spell(quantity) if quantity else ""
        return f"{match[0][: len(match[0]) - len(match[0].lstrip())]}{spelt}" if spelt else match[0]

    return _QUANTITY.sub(replaced, text)


def spelt(quantity: Quantity) -> str:
    """Return a quantity as a number in digits with its unit as a word."""
    return f"{quantity.value} {spoken(quantity.unit)}".rstrip()


def _quantity(match: re.Match[str], text: str) -> Quantity | None:
    if match["clock"]:
        return _time_of_day(*clock_time(match["clock"]))
    if match["years"]:  # which of them a single year means is open
        years = (Quantity(year, year) for year in match["years"].split("/"))
        return Quantity(match["years"], match["years"], others=tuple(years))
    if match["part"]:
        percent = f"{Decimal(100 * int(match['part'])) / int(match['whole']):.10f}".rstrip("0").rstrip(".")
        nearness = _nearness(text[: match.start()])
        return Quantity(percent, f"{match['part']}/{match['whole']}", unit="%", nearness=nearness, is_share=True)
    if match["any_half"]:
        return Quantity("50", "half", unit="%", soft=True, is_share=True)
    for unit in ("quarter", "half", "version", "section"):
        if number := match[unit]:
            return Quantity(number.strip("Q"), number.strip("Q"), unit=unit)
    return _number(match, text)


def _number(match: re.Match[str], text: str) -> Quantity | None:
    word, unit = (match["word"] or "").lower(), unit_named(match["money"] or match["unit"] or "")
    scale_word = match["scale"] or ""
    if word in ("a", "an") and not (scale_word or unit):
        return None
    is_nth = bool(match["nth"]) or re.split("[- ]", word)[-1] in ORDINALS
    before = text[max(0, match.start() - _BEFORE_CHARS) : match.start()]
    rate = _RATE.match(text, match.end())
    time = unit_named(rate["any"] or rate["unit"]) if rate else ""
    quantity = Quantity(
        "",
        min(figures(match["figure"])) if word == "" else str(sum(_NUMBERS[part] for part in re.split("[- ]", word))),
        unit=unit or ("th" if is_nth else ""),
        nearness=_nearness(before),
        soft=(word in ("a", "an", "one") and not scale_word and not (word == "one" and unit)) or (is_nth and not unit),
        is_year=not unit and bool(_YEAR.fullmatch(match["figure"] or "") and _BEFORE_YEAR.search(before)),
        is_working=bool(match["working"]),
        bound=_bound(before, text[match.end() : match.end() + _BEFORE_CHARS]),
        per=time if time in _TIMES else "",
        is_negative=bool(_NEGATIVE.search(before)),
    )
    readings = _scaled(quantity, scale_word, has_money=bool(match["money"]))
    if scale_word in ("m", "t") and not match["money"]:  # 5 m is a length first, then millions
        readings[0] = replace(readings[0], unit=unit or scale_word)
    if _CLOCK_OR_FRACTION.fullmatch(match["figure"] or "") and not (unit or scale_word):  # 17.30
        readings += _time_of_day(*clock_time(match["figure"])).readings
    if not scale_word and unit != "%" and _THOUSAND_OR_FRACTION.fullmatch(match["figure"] or ""):
        thousands = match["figure"].replace(".", "")
        readings.append(replace(quantity, value=thousands, written=thousands))
        readings[0] = replace(readings[0], is_ambiguous=True)
    return replace(readings[0], others=tuple(readings[1:]))


def _bound(before: str, after: str) -> _Bound:
    """Return whether the words beside a figure make it the least or the most."""
    if _MOST_BEFORE.search(before) or _MOST_AFTER.match(after):
        return "most"
    if _LEAST_BEFORE.search(before) or _LEAST_AFTER.match(after):
        return "least"
    nearness = _nearness(before)
    return "least" if nearness == "over" else "most" if nearness == "under" else ""


def _time_of_day(time: str, is_open: bool) -> Quantity:
    """Return a time as a quantity. It may be twelve hours later if it ``is_open``; a full hour may be named alone."""
    hour, minute = time.split(":")
    later = f"{(int(hour) + 12) % 24:02}:{minute}"
    hours = {str(int(hour)), str((int(hour) - 1) % 12 + 1)} if minute == "00" else set()
    others = [Quantity(later, later, unit="time")] if is_open else []
    return Quantity(time, time, unit="time", others=(*others, *(Quantity(hour, hour) for hour in sorted(hours))))


def _nearness(before: str) -> _Nearness:
    found = _BEFORE.search(before[-_BEFORE_CHARS:])
    return _NEARNESS[found[1].lower()] if found else ""


def _scaled(quantity: Quantity, word: str, *, has_money: bool) -> list[Quantity]:
    """Return what a figure may be with the word after it, the usual meaning first."""
    written, power = quantity.written, (_SCALES | _SHORT_SCALES).get(word.lower(), 0)
    may_be_length = word in _SHORT_SCALES and not has_money
    readings = []
    for scale in (0, power) if may_be_length else (power,):
        value = written
        if is_number(written) and len(written) < 20:
            value = f"{(Decimal(written) * (12 if word.lower() == 'dozen' else 1)).scaleb(scale):f}"
            value = value.rstrip("0").rstrip(".") if "." in value else value
        readings.append(replace(quantity, scale=scale, value=value))
    return readings
