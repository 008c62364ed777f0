"""Mentions of documents by title: the name that a title gives, and the names that a text may contain."""

import re

from indexes.text.tokenization import STOP_WORDS

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_ASIDE = re.compile(r"\s*\([^)]*\)")
_LONGEST = 10
"""The most words that a name has."""
_SHORTEST = 3
"""The fewest letters of a name of one word."""


def title_as_name(title: str) -> str:
    """The title as other texts would cite it, without parentheses; empty if it could be any word."""
    words = _WORD.findall(_ASIDE.sub("", title))
    if not 0 < len(words) <= _LONGEST or words[0][0].islower():
        return ""
    alone = len(words) == 1
    if alone and (len(words[0]) < _SHORTEST or words[0].lower() in STOP_WORDS or not words[0][0].isalpha()):
        return ""
    return " ".join(words)


def possible_names(text: str) -> set[str]:
    """All runs of words of the text that do not begin with a small letter: one may be a name."""
    words = _WORD.findall(text)
    starts = [at for at, word in enumerate(words) if not word[0].islower()]
    return {" ".join(words[at : at + length]) for at in starts for length in range(1, _LONGEST + 1)}


def mentions_name(name: str, text: str) -> bool:
    """Whether the text contains the name, in small letters or capitals."""
    return f" {name.casefold()} " in f" {' '.join(_WORD.findall(text)).casefold()} "
