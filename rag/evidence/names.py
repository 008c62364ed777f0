"""Names in a claim, and whether a source has them: as words, by their initials, or by the word that is made of them."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from indexes.text.number_words import MONTHS
from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import STOP_WORDS, words

_NAME = re.compile(r"\b(?:[A-Z][\w&.’'-]*[a-z][\w-]*|[A-Z]{2,}[\w-]*|[A-Z]\.?(?=[\s,.]|$))")
_MIXED = re.compile(
    r"\b(?=\w*[A-Za-z])(?=\w*\d)(?!\d+(?:st|nd|rd|th|[kmbt]|bn|mn|am|pm|[kmgt]b|[ck]?m|k?g|s)\b)\w{2,}\b"
)
"""``E1042``: one character more or less is another thing."""
_CAPITALS = re.compile(r"\b[A-Z][\w’'.-]*(?:(?:\s+(?:of|the|and|for|&|on|in)){0,2}\s+[A-Z][\w’'.-]*)+")
_ALL_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_ACRONYM = re.compile(r"\b(?:[A-Z]\.?){2,6}\b\.?")
_PEOPLES = ("ese", "ish", "ian", "an", "ic", "i", "ean")
_IRREGULAR = {
    "french": "france", "british": "britain", "dutch": "netherlands", "spanish": "spain", "greek": "greece",
    "danish": "denmark", "swiss": "switzerland", "welsh": "wales", "american": "america", "mexican": "mexico",
}  # fmt: skip
_ABSTRACT = re.compile(r"[aeiou]\w*(?:tion|sion|ment|ness|ity|ance|ence|ing|ism|ship|ure|age|ly|als?|[^s]s)$")
"""How nouns end that may begin a sentence without an article, and are no names."""
_NO_NAMES = frozenset(("i", *MONTHS, "mr", "mrs", "ms", "dr", "prof"))


@lru_cache(maxsize=4096)
def names(claim: str) -> frozenset[str]:
    """Words with a capital, small and folded, but for those that a sentence or a quotation begins with."""
    inside = itertools.chain.from_iterable(_NAME.findall(_headless(claim[a:b])) for a, b in sentence_spans(claim))
    found = {part for name in inside for part in words(folded(name)) if name.isupper() or part not in STOP_WORDS}
    mixed = {word.lower() for word in _MIXED.findall(folded(claim))}
    return frozenset((found | mixed) - _NO_NAMES)


def codes(claim: str) -> frozenset[str]:
    """Those of its names that are names in any language: in capitals throughout, or with a digit among letters."""
    found = [*_MIXED.findall(folded(claim)), *_ALL_CAPITALS.findall(folded(claim))]
    return frozenset(part for name in found for part in words(name)) - _NO_NAMES


@lru_cache(maxsize=4096)
def first_name(claim: str, *, alone: bool = True) -> str:
    """The first word, where it reads as a name: no plural, no abstract noun; ``alone``: before a small word."""
    start = re.match(r"[\W_]*([^\W\d_][\w’'-]*)(?:\s+([^\W\d_][\w’'-]*))?", folded(claim))
    if start is None or not start[1][:1].isupper():
        return ""
    first, after = (words(start[1]) or [""])[0], start[2] or ""
    if first in STOP_WORDS or _ABSTRACT.search(first):
        return ""
    return first if not alone or after[:1].islower() or (start[1].isupper() and len(first) > 1) else ""


def unknown(claim: str, known: frozenset[str], source: str) -> list[str]:
    """Names of the claim that the source has in no form; ``known`` are its words, small and folded."""
    return absent(names(claim), claim, known, source)


def absent(named: Iterable[str], claim: str, known: frozenset[str], source: str) -> list[str]:
    """Those of some of the claim's names, as ``names`` gives them, that the source has in no form, in order."""
    strange = {name for name in named if not _is_known(name, known)}
    if strange:
        strange -= _spelt_out(claim, source) | _shortened(claim, source)
    return sorted(strange)


def folded(text: str) -> str:
    """Without accents."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _is_known(name: str, known: frozenset[str]) -> bool:
    if name in known or any(form in known for form in _forms(name)):
        return True
    if len(name) == 1:  # J. Smith
        return any(word.startswith(name) for word in known)
    return any(_same_people(name, word) for word in known if word[:3] == name[:3])


def _forms(name: str) -> Iterable[str]:
    yield from (name + "s", name.removesuffix("s"), _IRREGULAR.get(name, name))
    yield from (people for people, land in _IRREGULAR.items() if land == name)
    yield name.replace(".", "")
    yield name.replace("-", "")


def _same_people(one: str, other: str) -> bool:
    """``chinese`` is of ``china``: the shorter is whole but for its last letter, the longer ends as peoples do."""
    short, long = sorted((one, other), key=len)
    shared = len(short) - 1
    return shared >= 4 and long[:shared] == short[:shared] and long[shared:] in _PEOPLES


def _spelt_out(claim: str, source: str) -> set[str]:
    """Acronyms of the claim whose words stand in the source, in small letters."""
    return {short.lower() for short in _acronyms(claim) if short in _initials(source)}


def _shortened(claim: str, source: str) -> set[str]:
    """Words of names in the claim of which the source has the initials."""
    short = _acronyms(source)
    every = itertools.chain.from_iterable(map(_initials_of, _CAPITALS.findall(folded(claim)))) if short else ()
    return {part for initials, run in every if initials in short for part in words(" ".join(run))}


@lru_cache(maxsize=1024)
def _acronyms(text: str) -> frozenset[str]:
    return frozenset(found.replace(".", "") for found in _ACRONYM.findall(text))


@lru_cache(maxsize=1024)
def _initials(text: str) -> frozenset[str]:
    """Of runs of words with capitals, and of all their parts."""
    return frozenset(initials for run in _CAPITALS.findall(text) for initials, _ in _initials_of(run))


def _initials_of(run: str) -> Iterator[tuple[str, list[str]]]:
    """Of all the parts of a run of two words to six, with the small words between them and without, each with its
    words."""
    every = re.findall(r"[\w’']+", run)
    for of in (every, [word for word in every if word[0].isupper()]):
        for start in range(min(len(of), 8)):
            for end in range(start + 2, min(len(of), start + 6) + 1):
                yield "".join(word[0] for word in of[start:end]).upper(), of[start:end]


def _headless(sentence: str) -> str:
    return re.sub(r"^\W*\w+", "", sentence)
