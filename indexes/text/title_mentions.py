"""Documents that a text names: how a title would stand in prose, and which of a text's words may be one."""

import re

from indexes.text.tokenization import STOP_WORDS

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_ASIDE = re.compile(r"\s*\([^)]*\)")
_LONGEST = 10
"""Words of a name."""
_SHORTEST = 3
"""Letters of a name that is one word."""


def title_as_name(title: str) -> str:
    """The title as other texts would have it, without what tells it from its like; empty where it could be any word."""
    words = _WORD.findall(_ASIDE.sub("", title))
    if not 0 < len(words) <= _LONGEST or words[0][0].islower():
        return ""
    alone = len(words) == 1
    if alone and (len(words[0]) < _SHORTEST or words[0].lower() in STOP_WORDS or not words[0][0].isalpha()):
        return ""
    return " ".join(words)


def possible_names(text: str) -> set[str]:
    """What may be a name in it: all runs of words that begin with no small letter."""
    words = _WORD.findall(text)
    starts = [at for at, word in enumerate(words) if not word[0].islower()]
    return {" ".join(words[at : at + length]) for at in starts for length in range(1, _LONGEST + 1)}


def mentions_name(name: str, text: str) -> bool:
    """Whether the text has the name, however it is written."""
    return f" {name.casefold()} " in f" {' '.join(_WORD.findall(text)).casefold()} "
