"""Words in the form in which they are compared, and the titles by which one text may mention another."""

import re
import unicodedata
from functools import lru_cache

from snowballstemmer import stemmer

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(rf"{_FIGURE.pattern}(?![^\W_])|[^\W_]+(?:['’][^\W_]+)*")
_english = stemmer("english")
_CJK = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_RUN = re.compile(rf"[{_CJK}]+|{_FIGURE.pattern}(?![^\W_])|(?:(?![{_CJK}])\w)+(?:['’](?:(?![{_CJK}])\w)+)*")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_CODE = re.compile(r"(?<![\w./-])(?:(?=[^\s\d]*\d)[^\W_]*[^\W\d_][^\W_]*(?:[-./][^\W_]+)+|\d+(?:[-./][^\W_]+){2,})")
_NAME_WORD = re.compile(r"\w+(?:['’]\w+)*")
_ASIDE = re.compile(r"\s*\([^)]*\)")
_LONGEST_NAME = 10
"""The most words that a name has."""
_SHORTEST_NAME = 3
"""The fewest letters of a name of one word."""

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
    """The words and numbers of a text in order, in lower case, without a possessive 's."""
    return [re.sub(r"['’]s$", "", word) for word in _WORD.findall(text.lower())]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The English stem of a lower-case word."""
    return str(_english.stemWord(word))


def content_words(text: str) -> list[str]:
    """The words of a text that are no stop words; all its words if there are only stop words."""
    every = words(text)
    return [word for word in every if word not in STOP_WORDS] or every


def stems(text: str) -> list[str]:
    """The stems of the content words in order, numbers as in ``figures``."""
    return [
        _canonical_number(word) if word[0].isdigit() and _FIGURE.fullmatch(word) else stem(word)
        for word in content_words(text)
    ]


def terms(text: str) -> list[str]:
    """The search terms of a text in order: folded stems, numbers as in ``figures``, stop words too.

    An identifier (``snake_case``, ``CamelCase``, ``E1042``) is a term, and so is each of its parts. Chinese, Japanese
    and Korean, which have no blanks between words, become pairs of characters.
    """
    return [term for run in _RUN.findall(text) for term in _terms_of(run)]


def content_terms(text: str) -> list[str]:
    """The search terms of the words that are no stop words; all terms if there are only stop words."""
    runs = _RUN.findall(text)
    content = [run for run in runs if run.lower() not in STOP_WORDS]
    return [term for run in content or runs for term in _terms_of(run)]


@lru_cache(maxsize=200_000)
def _terms_of(run: str) -> tuple[str, ...]:
    if _FIGURE.fullmatch(run):
        return (_canonical_number(run),)
    if re.match(f"[{_CJK}]", run):
        return tuple(run[at : at + 2] for at in range(max(1, len(run) - 1)))
    bare = re.sub(r"['’]", "", re.sub(r"['’][sS]$", "", run))
    folded = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    parts = list[str]()
    for piece in folded.split("_"):  # an identifier's parts begin at capitals and digits; other scripts have none
        subwords = _PART.findall(piece)
        parts += subwords if "".join(subwords) == piece else [piece]
    parts = [part for part in parts if part != folded and (len(part) > 1 or part.isdigit())]
    # casefold, as FTS5 folds too: a sigma at the end of a word is another letter to lower()
    return (folded.casefold() if parts else stem(folded.casefold()), *(stem(part.casefold()) for part in parts))


def figures(text: str) -> set[str]:
    """The numbers of a text in the form in which they are compared: ``1,496.50`` is ``1496.5``."""
    return {_canonical_number(match) for match in _FIGURE.findall(text)}


def _canonical_number(figure: str) -> str:
    figure = re.sub(r",(?=\d{3}(?!\d))", "", figure).replace(",", ".")
    return figure.rstrip("0").rstrip(".") if figure.count(".") == 1 else figure


def identifiers(text: str) -> set[str]:
    """The codes of a text, with hyphens, dots or slashes, in lower case: ``a-101``, ``hn-3/4``, ``4.10.2``."""
    return set(_CODE.findall(text.casefold()))


def title_as_name(title: str) -> str:
    """The title as other texts would cite it, without parentheses; empty if it could be any word."""
    words = _NAME_WORD.findall(_ASIDE.sub("", title))
    if not 0 < len(words) <= _LONGEST_NAME or words[0][0].islower():
        return ""
    alone = len(words) == 1
    if alone and (len(words[0]) < _SHORTEST_NAME or words[0].lower() in STOP_WORDS or not words[0][0].isalpha()):
        return ""
    return " ".join(words)


def possible_names(text: str) -> set[str]:
    """All runs of words of the text that do not begin with a small letter: one may be a name."""
    words = _NAME_WORD.findall(text)
    starts = [at for at, word in enumerate(words) if not word[0].islower()]
    return {" ".join(words[at : at + length]) for at in starts for length in range(1, _LONGEST_NAME + 1)}


def mentions_name(name: str, text: str) -> bool:
    """Whether the text contains the name, in small letters or capitals."""
    return f" {name.casefold()} " in f" {' '.join(_NAME_WORD.findall(text)).casefold()} "
