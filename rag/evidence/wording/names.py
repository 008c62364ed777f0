"""Finds names, and matches them: as words, by initials, or by the word for a people that a country gives."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from indexes.text.number_words import MONTHS
from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import STOP_WORDS, words
from rag.evidence.figures.quantities import without_amounts
from rag.evidence.wording.language_id import has_capital_nouns

_NAME = re.compile(r"\b(?:[A-Z][\w&.’'-]*[a-z][\w-]*|[A-Z]{2,}[\w-]*|[A-Z]\.?(?=[\s,.]|$))")
_MIXED = re.compile(
    r"\b(?=\w*[A-Za-z])(?=\w*\d)(?!\d+(?:st|nd|rd|th|[kmbtKMBT]|bn|mn|am|pm|[kmgt]b|[ck]?m|[km]?g|s|h|min|m?l)\b)\w{2,}\b"
)
"""``E1042``: a code, which no other spelling matches."""
_CAPITALS = re.compile(r"\b[A-Z][\w’'.-]*(?:(?:\s+(?:of|the|and|for|&|on|in)){0,2}\s+[A-Z][\w’'.-]*)+")
_ALL_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_ACRONYM = re.compile(r"\b(?:[A-Z]\.?){2,6}\b\.?")
_PEOPLES = ("ese", "ish", "ian", "an", "ic", "i", "ean")
_IRREGULAR = {
    "french": "france", "british": "britain", "dutch": "netherlands", "spanish": "spain", "greek": "greece",
    "danish": "denmark", "swiss": "switzerland", "welsh": "wales", "american": "america", "mexican": "mexico",
}  # fmt: skip
_ABSTRACT = re.compile(r"[aeiou]\w*(?:tion|sion|ment|ness|ity|ance|ence|ing|ism|ship|ure|age|ly|als?|[^s]s)$")
"""Endings of common nouns that may begin a sentence without an article."""
_BEGINNING = re.compile(r"^\W*\w+|(?<=\| )[A-Z][a-z]+(?= [a-z])")
"""The first word of a sentence, and that of a cell before a word in small letters."""
_PRONOUNS = frozenset("nobody everybody somebody anybody everyone someone anyone nothing everything something".split())
_ROOT, _SEVERAL = 4, 2
"""Letters that the inflections of a noun share; nouns that are missing by no chance."""
_PEOPLE = re.compile(r"\b(?:Herrn?|Frau|Dr\.|Prof\.) (?:Dr\. )?([A-ZÄÖÜ][\w-]+(?: [A-ZÄÖÜ][\w-]+)?)")
"""People of a language where nouns have capitals."""
_NOT_NAMES = frozenset(("i", *MONTHS, "mr", "mrs", "ms", "dr", "prof"))


@lru_cache(maxsize=4096)
def names(claim: str) -> frozenset[str]:
    """Return the capitalised words, lower-cased and without accents, that begin no sentence and no quotation."""
    claim = without_amounts(claim)
    sentences = (_BEGINNING.sub("", claim[start:end]) for start, end in sentence_spans(claim))
    inside = itertools.chain.from_iterable(map(_NAME.findall, sentences))
    parts = {part for name in inside for part in words(fold_accents(name)) if name.isupper() or part not in STOP_WORDS}
    mixed = {word.lower() for word in _MIXED.findall(fold_accents(claim))}
    return frozenset((parts | mixed) - _NOT_NAMES)


def codes(claim: str) -> frozenset[str]:
    """Return the names that are names in any language: those all in capitals, and those that mix digits and letters."""
    matches = [*_MIXED.findall(fold_accents(claim)), *_ALL_CAPITALS.findall(fold_accents(claim))]
    return frozenset(part for name in matches for part in words(name)) - _NOT_NAMES


def names_in(claim: str, language: str) -> frozenset[str]:
    """Return the words that are surely names in a claim of a language: where nouns have capitals, codes and people."""
    if not has_capital_nouns(language):
        return names(claim)
    return codes(claim) | {part for people in _PEOPLE.findall(claim) for part in words(fold_accents(people))}


def absent_nouns(claim: str, known: frozenset[str]) -> list[str]:
    """Return the nouns with capitals that a source has in no inflection, if they are most of a claim's and several."""
    nouns = names(claim)
    beginnings = {word[:_ROOT] for word in known}
    absent = [noun for noun in nouns if noun[:_ROOT] not in beginnings]
    return sorted(absent) if len(absent) >= max(_SEVERAL, len(nouns) / 2) else []


@lru_cache(maxsize=4096)
def leading_name(claim: str, *, alone: bool = True) -> str:
    """Return the first word if it reads as a name, else nothing.

    Plurals and abstract nouns do not. With ``alone``, a word in small letters must follow.
    """
    start = re.match(r"[\W_]*([^\W\d_][\w’'-]*)(?:\s+([^\W\d_][\w’'-]*))?", fold_accents(without_amounts(claim)))
    if start is None or not start[1][:1].isupper():
        return ""
    first, after = (words(start[1]) or [""])[0], start[2] or ""
    if first in STOP_WORDS | _PRONOUNS or _ABSTRACT.search(first):
        return ""
    return first if not alone or after[:1].islower() or (start[1].isupper() and len(first) > 1) else ""


def unknown_names(claim: str, known: frozenset[str], source: str) -> list[str]:
    """Return the claim's names that the source has in no form. ``known`` are the source's words, as ``names`` folds."""
    return absent_names(names(claim), claim, known, source)


def absent_names(candidates: Iterable[str], claim: str, known: frozenset[str], source: str) -> list[str]:
    """Return those of some of the claim's names that the source has in no form, in alphabetical order."""
    absent = {name for name in candidates if not _is_known(name, known)}
    if absent and (acronyms := _acronyms(claim)):
        initials = {initials for run in _CAPITALS.findall(source) for initials, _ in _initials_of(run)}
        absent -= {acronym.lower() for acronym in acronyms & initials}
    if absent and (known_acronyms := _acronyms(source)):
        runs = itertools.chain.from_iterable(map(_initials_of, _CAPITALS.findall(fold_accents(claim))))
        absent -= {part for initials, run in runs if initials in known_acronyms for part in words(" ".join(run))}
    return sorted(absent)


def fold_accents(text: str) -> str:
    """Return the text without accents."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _is_known(name: str, known: frozenset[str]) -> bool:
    if name in known:
        return True
    forms = {name + "s", name.removesuffix("s"), name.replace(".", ""), name.replace("-", "")}
    forms |= {_IRREGULAR.get(name, name), *(people for people, land in _IRREGULAR.items() if land == name)}
    if forms & known:
        return True
    if len(name) == 1:  # J. Smith
        return any(word.startswith(name) for word in known)
    for word in (word for word in known if word[:3] == name[:3]):  # china, chinese
        short, long = sorted((name, word), key=len)
        shared = len(short) - 1
        if shared >= 4 and long[:shared] == short[:shared] and long[shared:] in _PEOPLES:
            return True
    return False


@lru_cache(maxsize=1024)
def _acronyms(text: str) -> frozenset[str]:
    return frozenset(acronym.replace(".", "") for acronym in _ACRONYM.findall(text))


def _initials_of(run: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the initials and words of each part, two to six words long, with the small words between and without."""
    tokens = re.findall(r"[\w’']+", run)
    for part in (tokens, [token for token in tokens if token[0].isupper()]):
        for start in range(min(len(part), 8)):
            for end in range(start + 2, min(len(part), start + 6) + 1):
                yield "".join(token[0] for token in part[start:end]).upper(), part[start:end]
