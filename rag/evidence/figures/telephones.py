"""Finds telephone numbers, whose digits may be grouped in any way."""

import re

_NUMBER = re.compile(
    r"(?<![\w.,/-])(?<!\d )(?:\+\d|00?[1-9])[\d ()/-]{6,18}\d(?![\d,.]*\d)|(?<![\w-])\(?\d{3}\)?[ -]\d{3}-\d{4}(?!\d)"
)
_FEWEST = 9
"""Digits of a telephone number with its area code."""


def telephones_in(text: str) -> tuple[dict[str, str], str]:
    """Return the last group of each telephone number by all its digits, and the text with blanks in their place."""
    found: dict[str, str] = {}

    def blank(match: re.Match[str]) -> str:
        digits = re.sub(r"\(0\)|\D", "", match[0])
        if len(digits) < _FEWEST:
            return match[0]
        found[digits.removeprefix("00")] = re.findall(r"\d+", match[0])[-1]
        return " " * len(match[0])

    return found, _NUMBER.sub(blank, text)


def are_of_one_line(number: str, other: str) -> bool:
    """Return whether two telephone numbers are the same, one with its country's code: 44 117 … and 0117 …."""
    short, long = sorted((number, other), key=len)
    return long.endswith(short.removeprefix("0"))
