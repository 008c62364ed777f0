"""Finds dates and times of day, and gives them one spelling: "May 3rd, 2024" is "2024-05-03", "5 pm" is "17:00"."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from indexes.text.number_words import MONTH_NUMBERS, MONTHS, any_of

_MONTHS_ELSEWHERE = {
    form: number
    for number, forms in enumerate(
        (
            "januar|janvier|enero|gennaio", "februar|février|febrero|febbraio", "märz|mars|marzo",
            "avril|abril|aprile", "mai|mayo|maggio", "juni|juin|junio|giugno", "juli|juillet|julio|luglio",
            "août|agosto", "septembre|septiembre|settembre", "oktober|octobre|octubre|ottobre",
            "novembre|noviembre", "dezember|décembre|diciembre|dicembre",
        ), start=1,
    )
    for form in forms.split("|")
}  # fmt: skip
"""German, French, Spanish and Italian; what English has too is left out."""
_NUMBERS = MONTH_NUMBERS | _MONTHS_ELSEWHERE
_MONTH = rf"(?P<month>{any_of(MONTH_NUMBERS)})\b\.?"
_MONTH_ELSEWHERE = rf"(?P<month>{any_of(_MONTHS_ELSEWHERE)})\b"
_YEAR = r"(?P<year>1[0-9]\d\d|20\d\d)\b"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:(?:st|nd|rd|th|er)?\b|\.(?= ))"
_DAY_OR_MONTH = r"(?P<{}>3[01]|[12]\d|0?[1-9])"
_CENTURY = 70
"""The first year of two digits that is of the last century."""
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)(?!\d)",
        r"(?<!\d)(?P<year>20\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
        rf"(?<![\d./-]){_DAY_OR_MONTH.format('day')}(?P<sign>[./-])(?: ?){_DAY_OR_MONTH.format('month')}(?P=sign)"
        r"(?: ?)(?P<year>(?:1[0-9]|20)\d\d\b|(?<=/)\d\d\b)(?![./-]\d)",
        r"(?<![\d./-])(?P<month>0?[1-9]|1[0-2])/(?P<year>19\d\d|20\d\d)(?![\d/])",
        rf"\b{_DAY}(?: of)? {_MONTH}(?: ?,? {_YEAR})?",
        rf"\b{_DAY}(?: de| di)? {_MONTH_ELSEWHERE}(?:(?: de| del)? {_YEAR})?",
        rf"\b{_MONTH} {_DAY}(?!,\d)(?: ?,? {_YEAR})?",
        rf"\b{_MONTH},? {_YEAR}",
    )
)
_JOINT = r"( ?[–-] ?| to | and | bis | und | au | et | al | y | e )"
_NTH = r"(?:st|nd|rd|th|er)?"
_NAMED = rf"(?:{any_of([*MONTH_NUMBERS, *_MONTHS_ELSEWHERE])})\b\.?"
_DAYS_OF_MONTH = re.compile(
    rf"(?<![\d./:-])([12]?\d|3[01])\.?{_NTH}{_JOINT}(?:the )?([12]?\d|3[01])\.?{_NTH} "
    rf"(?:of |de |di )?({_NAMED}(?:,? (?:de |del )?(?:19|20)\d\d\b)?)",
    re.IGNORECASE,
)
_DAYS_AFTER_MONTH = re.compile(
    rf"\b({_NAMED}) ([12]?\d|3[01]){_NTH}{_JOINT}([12]?\d|3[01]){_NTH}(?![\d:]|,\d)(,? (?:19|20)\d\d\b)?", re.IGNORECASE
)
CLOCK = (
    r"(?:1[0-2]|0?\d)(?:[:.][0-5]\d)? ?[ap](?:m\b|\.m\.)"
    r"|(?:2[0-3]|[01]?\d)(?::[0-5]\d(?!\d|:\d)| ?h ?[0-5]\d\b|(?:[:.][0-5]\d)? uhr\b)"
)
"""Matches a time of day."""


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(
    rf"\b(?P<weekday>{any_of(_WEEKDAYS)}),? (?:the )?(?=(?P<day>\d+) (?P<month>{any_of(MONTHS)}) (?P<year>\d{{4}})\b)",
    re.IGNORECASE,
)


_SHORT_WEEKDAY = re.compile(r"\b(?:Mon|Tues?|Thu(?:rs?)?|Fri|(?:Wed|Sat|Sun)(?=\.?\s*(?:[|,–/&+:-]|\d|$|and |to )))\b")
"""Those that are words as well count only in a row or a list, or before a figure."""


@dataclass(frozen=True, slots=True)
class Day:
    """A date; 0 stands for a part that the text leaves out."""

    year: int
    month: int
    day: int
    is_ambiguous: bool = False
    """Whether day and month may stand in the other order, as in 03/04/2025."""

    def __str__(self) -> str:
        return "-".join(f"{part:02}" for part in (self.year, self.month, self.day) if part)

    @property
    def readings(self) -> tuple["Day", ...]:
        """The dates that it may mean, the first with the day before the month."""
        first = Day(self.year, self.month, self.day)
        return (first, Day(self.year, self.day, self.month)) if self.is_ambiguous else (first,)

    @property
    def on_calendar(self) -> date | None:
        """The day, if it is given in full, can be read in one way and exists."""
        try:
            return None if self.is_ambiguous else date(self.year, self.month, self.day)
        except ValueError:
            return None


def spread_days(text: str) -> str:
    """Return the text with each of several days by its month and year: "3 May 2024 – 5 May 2024" for "3–5 May 2024"."""
    text = _DAYS_OF_MONTH.sub(r"\1 \4\2\3 \4", text)
    return _DAYS_AFTER_MONTH.sub(
        lambda match: f"{match[1]} {match[2]}{match[5] or ''}{match[3]}{match[1]} {match[4]}{match[5] or ''}", text
    )


def days_in(text: str) -> tuple[set[Day], str]:
    """Return the dates of a text, and the text with blanks in their place."""
    days: set[Day] = set()

    def blank(match: re.Match[str]) -> str:
        day = _day(match)
        if day is None:
            return match[0]
        days.add(day)
        return " " * len(match[0])

    for pattern in _DATES:
        text = pattern.sub(blank, text)
    return days, text


def rewrite_dates(text: str, spell: Callable[[Day], str]) -> str:
    """Return the text with each date as ``spell`` writes it."""

    def spelt(match: re.Match[str]) -> str:
        day = _day(match)
        return match[0] if day is None else spell(day)

    for pattern in _DATES:
        text = pattern.sub(spelt, text)
    return text


def spoken_day(day: Day) -> str:
    """Return a date as "3 may 2024", without the parts that are not given."""
    return " ".join(filter(None, (str(day.day or ""), MONTHS[day.month - 1], str(day.year or ""))))


def without_weekdays(text: str) -> str:
    """Return a text with its dates as ``spoken_day`` writes them without the weekdays that follow from these dates."""

    def keep(match: re.Match[str]) -> str:
        day = Day(int(match["year"]), MONTHS.index(match["month"].lower()) + 1, int(match["day"])).on_calendar
        return "" if day and match["weekday"].lower() == _WEEKDAYS[day.weekday()] else match[0]

    return _WEEKDAY.sub(keep, text)


def full_weekdays(text: str) -> str:
    """Return a text with its weekdays written in full: "Thursday" for "Thu"."""
    return _SHORT_WEEKDAY.sub(
        lambda match: next(day for day in _WEEKDAYS if day.startswith(match[0][:3].lower())).title(), text
    )


def clock_time(written: str) -> tuple[str, bool]:
    """Return a time of day as hours and minutes, "17:00", and whether it may be twelve hours later."""
    hour, minute = (int(part) for part in [*re.findall(r"\d+", written), "0"][:2])
    half = re.search("[ap](?=\\.?m)", written.lower())
    if half:
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    is_open = half is None and 1 <= hour <= 12 and written[0] != "0" and not re.search("[a-z]", written.lower())
    return f"{hour:02}:{minute:02}", is_open


def _day(match: re.Match[str]) -> Day | None:
    parts = match.groupdict()
    month = parts["month"].lower()
    number = int(month) if month.isdigit() else _NUMBERS[month]
    day = int(parts.get("day") or 0)
    sign = parts.get("sign")
    if sign in ("/", "-") and number > 12 >= day:  # 1/19/2025
        number, day = day, number
    if parts["month"] == "may" or not 1 <= number <= 12:  # the verb
        return None
    year = int(parts.get("year") or 0)
    year += 0 if not 0 < year < 100 else 2000 if year < _CENTURY else 1900
    return Day(year, number, day, sign in ("/", "-") and day <= 12 and day != number)
