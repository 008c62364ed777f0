"""Words as they are compared: lower case, stemmed, without those that carry no matter."""

import re
from functools import lru_cache

from snowballstemmer import stemmer

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(rf"{_FIGURE.pattern}(?![^\W_])|[^\W_]+(?:['’][^\W_]+)*")
_english = stemmer("english")

STOP_WORDS = frozenset(
    "a about after again all also am an and any are as at be because been before being between both but by can"
    " could did do does doing done down during each few for from further get gets give given had has have"
    " having he her here hers him his how i if in into is it its itself just let may me might more most much"
    " must my no nor not of off on once one only or other our ours out over own please same shall she should so"
    " some such tell than that the their theirs them then there these they this those through to too under"
    " until up upon us very was we were what when where which while who whom whose why will with within would"
    " you your yours".split()
)


def words(text: str) -> list[str]:
    """Lower-case words and figures in order, possessives dropped."""
    return [re.sub(r"['’]s$", "", word) for word in _WORD.findall(text.lower())]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    return str(_english.stemWord(word))


def content_words(text: str) -> list[str]:
    """The words that carry the matter; all of them where none does."""
    every = words(text)
    return [word for word in every if word not in STOP_WORDS] or every


def stems(text: str) -> list[str]:
    """Stemmed content words in order, figures as they are compared."""
    return [
        _plain(word) if word[0].isdigit() and _FIGURE.fullmatch(word) else stem(word) for word in content_words(text)
    ]


def figures(text: str) -> set[str]:
    """Numbers as they are compared: ``1,496.50`` is ``1496.5``."""
    return {_plain(match) for match in _FIGURE.findall(text)}


def _plain(figure: str) -> str:
    figure = re.sub(r",(?=\d{3}(?!\d))", "", figure).replace(",", ".")
    return figure.rstrip("0").rstrip(".") if figure.count(".") == 1 else figure
