"""Writes the numbers of a text as digits in English groups or none: 1650 for "1 650", 250 for its words."""

import re
from collections.abc import Callable
from functools import lru_cache

from indexes.text.number_words import SMALL_CARDINALS, TENS, any_of
from indexes.text.tokenization import figures
from rag.evidence.units import UNIT

_CARDINALS = SMALL_CARDINALS | TENS | {"a": 1}
_POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_BLANKS = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007", " "))
_SPACED = re.compile(r"(?<![\d.,:/-])(?<!\d )[1-9]\d{0,2}(?: \d{3})+(?![ .-]?\d|[:/]|,\d{3})")
_VULGAR = {"½": ".5", "¼": ".25", "¾": ".75"}


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


_WORD = any_of(_CARDINALS)
_REWRITES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (_SPACED.pattern, lambda match: match[0].replace(" ", "")),
    (
        r"(?<![\d.,])[1-9]\d{0,2}(?:(?:\.\d{3})+,\d{1,2}|(?:\.\d{3}){2,})(?![\d.,]*\d)",
        lambda match: match[0].replace(".", "").replace(",", "."),
    ),
    (r"(?<![\d/.–-])(19|20)(\d\d)([/–-])(\d\d)(?![\w/–-])", _full_years),
    (r"\bFY ?['’]?(?:(20\d\d)|(\d\d))(?!\d)", lambda match: f"fiscal year {match[1] or '20' + match[2]}"),
    (rf"\b(?:{_WORD}) (?:hundred|thousand)(?:(?: and |, |[ -])(?:{_WORD}|hundred|thousand)\b)+", _in_digits),
    (rf"\b(\d+|{any_of(SMALL_CARDINALS)}) and a half\b", lambda match: f"{_whole(match[1])}.5"),
    (rf"\b({any_of(SMALL_CARDINALS)})(?= ?[ap]\.?m\b)", lambda match: _whole(match[1])),
    (rf"\bhalf an?( (?:{UNIT}|{any_of(_POWERS)}|billion|dozen)\b)", lambda match: f"0.5{match[1]}"),
    (r"(\d*)([½¼¾])", lambda match: f"{match[1] or 0}{_VULGAR[match[2]]}"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), spell) for pattern, spell in _REWRITES)
_GROUPED = re.compile(r"(?<![\d.,'’])[1-9]\d{0,2}(?:['’\u00a0\u202f\u2009]\d{3})+(?![\d'’])")


@lru_cache(maxsize=4096)
def with_plain_numerals(text: str) -> str:
    """Return the text with its numbers in digits and English groups, and years in full: 2023/2024 for "FY 2023/24"."""
    text = _GROUPED.sub(lambda match: re.sub(r"\D", "", match[0]), text).translate(_BLANKS)
    for pattern, spell in _COMPILED:
        text = pattern.sub(spell, text)
    return text


def figures_apart(text: str) -> set[str]:
    """Return the figures of "1 650" each by itself: they may be two, as in a row of a table."""
    return set[str]().union(*(figures(run) for run in _SPACED.findall(text.translate(_BLANKS))))
