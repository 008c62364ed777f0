"""Words as they are compared: lower case, stemmed, without those that carry no matter."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from snowballstemmer import stemmer

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(rf"{_FIGURE.pattern}(?![^\W_])|[^\W_]+(?:['’][^\W_]+)*")
_english = stemmer("english")
_CJK = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_RUN = re.compile(rf"[{_CJK}]+|{_FIGURE.pattern}(?![^\W_])|(?:(?![{_CJK}])\w)+(?:['’](?:(?![{_CJK}])\w)+)*")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

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


def terms(text: str) -> list[str]:
    """What a text is found by, in order: folded stems, figures as they are compared, stop words too.

    An identifier (``snake_case``, ``CamelCase``, ``E1042``) is a term and its parts are; Chinese, Japanese and Korean,
    which put no blanks between words, are pairs of characters.
    """
    return [term for run in _RUN.findall(text) for term in _terms_of(run)]


def content_terms(text: str) -> list[str]:
    """Those that carry the matter; all of them where none does."""
    runs = _RUN.findall(text)
    carrying = [run for run in runs if run.lower() not in STOP_WORDS]
    return [term for run in carrying or runs for term in _terms_of(run)]


@lru_cache(maxsize=200_000)
def _terms_of(run: str) -> tuple[str, ...]:
    if _FIGURE.fullmatch(run):
        return (_plain(run),)
    if re.match(f"[{_CJK}]", run):
        return tuple(run[at : at + 2] for at in range(max(1, len(run) - 1)))
    bare = re.sub(r"['’]", "", re.sub(r"['’][sS]$", "", run))
    folded = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    parts = [part for part in _parts(folded) if part != folded and (len(part) > 1 or part.isdigit())]
    # casefold, as FTS5 folds too: a sigma at the end of a word is another letter to lower()
    return (folded.casefold() if parts else stem(folded.casefold()), *(stem(part.casefold()) for part in parts))


def _parts(word: str) -> Iterator[str]:
    """Of an identifier: between its marks, and where capitals and figures begin; the whole in other scripts."""
    for piece in word.split("_"):
        found = _PART.findall(piece)
        yield from found if "".join(found) == piece else [piece]


def figures(text: str) -> set[str]:
    """Numbers as they are compared: ``1,496.50`` is ``1496.5``."""
    return {_plain(match) for match in _FIGURE.findall(text)}


def _plain(figure: str) -> str:
    figure = re.sub(r",(?=\d{3}(?!\d))", "", figure).replace(",", ".")
    return figure.rstrip("0").rstrip(".") if figure.count(".") == 1 else figure
