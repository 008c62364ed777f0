"""Finds dates and gives them one spelling: "May 3rd, 2024" is "2024-05-03"."""

import re
from dataclasses import dataclass

from indexes.text.number_words import MONTH_NUMBERS, MONTHS, any_of

_MONTH = rf"(?P<month>{any_of(MONTH_NUMBERS)})\b\.?"
_YEAR = r"(?P<year>1[0-9]\d\d|20\d\d)\b"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\b"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)(?!\d)",
        r"(?<!\d)(?P<year>20\d\d)(?P<month>0\d|1[0-2])(?P<day>[0-2]\d|3[01])(?!\d)",
        rf"\b{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?",
        rf"\b{_MONTH} {_DAY}(?!,\d)(?:,? {_YEAR})?",
        rf"\b{_MONTH},? {_YEAR}",
    )
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date; 0 stands for a part that the text leaves out."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        return "-".join(f"{part:02}" for part in (self.year, self.month, self.day) if part)


def days_in(text: str) -> tuple[set[Day], str]:
    """Return the dates of a text, and the text with blanks in their place."""
    days: set[Day] = set()
    for pattern in _DATES:
        days |= {day for match in pattern.finditer(text) if (day := _day(match))}
        text = pattern.sub(lambda match: match[0] if match["month"] == "may" else " " * len(match[0]), text)
    return days, text


def normalize_dates(text: str) -> str:
    """Return the text with each date written as "3 may 2024", without the parts that are not given."""

    def spell(match: re.Match[str]) -> str:
        day = _day(match)
        if day is None:
            return match[0]
        return " ".join(filter(None, (str(day.day or ""), MONTHS[day.month - 1], str(day.year or ""))))

    for pattern in _DATES:
        text = pattern.sub(spell, text)
    return text


def _day(match: re.Match[str]) -> Day | None:
    parts = match.groupdict()
    month = parts["month"].lower()
    number = int(month) if month.isdigit() else MONTH_NUMBERS[month]
    if parts["month"] == "may" or not 1 <= number <= 12:  # the verb
        return None
    return Day(int(parts.get("year") or 0), number, int(parts.get("day") or 0))
