"""English words that stand for numbers: months, cardinals and ordinals."""

import re
from collections.abc import Iterable

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
MONTH_NAMES = tuple(month.capitalize() for month in MONTHS)
MONTH_NUMBERS = {
    form: number for number, month in enumerate(MONTHS, start=1) for form in (month[:3], month)
} | {"sept": 9}  # fmt: skip
"""From 1 to 12, by name and abbreviation."""
SMALL_CARDINALS = {word: number for number, word in enumerate(
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
     "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
)}  # fmt: skip
TENS = {word: 10 * number for number, word in enumerate(
    ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
)}  # fmt: skip
ORDINALS = {word: number for number, word in enumerate(
    ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
     "twelfth"), start=1
)} | {"twentieth": 20}  # fmt: skip


def any_of(words: Iterable[str]) -> str:
    """Return a pattern that matches any of the words, the longest first: "months" before "month"."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
