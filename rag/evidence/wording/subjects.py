"""Tells whether a claim says of one party what the source says of another: who does what, who pays, who treats whom."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from indexes.text.tokenization import STOP_WORDS, words
from rag.evidence.figures.quantities import normalize_amounts
from rag.evidence.wording.alignment import sentences_in
from rag.evidence.wording.names import fold_accents, names
from rag.evidence.wording.verb_forms import base_stem

_BOUNDS = re.compile(r"[,;:]\s|\s[–—-]\s|\b(?:and|but|while|whereas|although|though)\b", re.IGNORECASE)
_TITLES = frozenset("mr mrs ms miss dr captain prof professor nurse sir".split())
_ARTICLES = frozenset("the a an each every".split())
_JOINING = frozenset("that if when because as since which who whom".split())
_PRONOUN = re.compile(r"\W*(?:he|she|they|it)\b", re.IGNORECASE)
_FEWEST = 2
"""Words beside the parties that tell what is done; times that a noun begins a clause, so that it is a party."""
_MOST = 40
"""Clauses of a source that are compared."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A clause: its parties in order, each with the word that tells its part, and the stems of what is said of them."""

    parties: tuple[str, ...]
    parts: tuple[str, ...]
    """The preposition before each party; "by" for who does it, by whichever voice."""
    told: frozenset[str]
    text: str
    is_inherited: bool = False
    """Whether its party is that of the clause before, which may mean another."""

    def is_near(self, other: "Deed") -> bool:
        """Return whether another clause says most of it too."""
        return len(self.told & other.told) > len(self.told) / 2

    def is_turned(self, other: "Deed") -> bool:
        """Return whether two parties have changed places where the same is said with the same words before each."""
        pair = len(self.parties) == 2 and self.parties == other.parties[::-1] and self.parties[0] != self.parties[1]
        return pair and self.parts == other.parts and self.is_near(other)

    def is_of_another(self, other: "Deed", fewest: int = _FEWEST) -> bool:
        """Return whether another clause has all that is said, of somebody else who has the same part in it."""
        parts = {part for party, part in zip(other.parties, other.parts, strict=True) if party not in self.parties}
        is_other = not {*self.parties} & {*other.parties} and bool(parts & {*self.parts})
        return is_other and not other.is_inherited and len(self.told) >= fewest and self.told <= other.told


def exchanged_party(claim: str, text: str, leads: Sequence[str] = ()) -> str:
    """Return the clause of a text that says of another party what the claim says of one, in words; else nothing.

    Parties are names, and nouns that begin several clauses: "the tenant", "the landlord". The ``leads`` before a claim,
    nearest first, tell whom it means by "she".
    """
    known = dict(_parties_of(text))
    if len(set(known.values())) < _FEWEST:
        return ""
    source = _deeds(text, text)[:_MOST]
    meant = next((known[word] for lead in leads for word in words(fold_accents(lead)) if word in known), "")
    deeds = [
        replace(deed, parties=(meant,), parts=("by",))
        if meant and not deed.parties and _PRONOUN.match(deed.text)
        else deed
        for deed in _deeds(claim, text)
    ]
    others = [{party for one in source if deed.is_of_another(one, 1) for party in one.parties} for deed in deeds]
    pairs = list(zip(deeds, others, strict=True))
    for deed, hosts in pairs:
        own = [one for one in source if {*one.parties} & {*deed.parties}]
        host = next(filter(deed.is_turned, own), None)
        if own and not host and not any(map(deed.is_near, own)):
            is_mutual = any({*deed.parties} & back and hosts & {*one.parties} for one, back in pairs)
            host = next((one for one in source if deed.is_of_another(one, 1 if is_mutual else _FEWEST)), None)
        if host:
            return f"the source says “{host.text}”"
    return ""


@lru_cache(maxsize=1024)
def _parties_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return each word that names a party, with the last word of its name: nouns that begin several clauses too."""
    named, tokens = names(text) - _TITLES, words(fold_accents(text))
    last = dict[str, str]()
    for after, token in pairwise(["", *tokens[::-1]]):
        if token in named:
            last.setdefault(token, last.get(after, after) if after in named else token)
    beginnings = Counter(
        tokens[1]
        for sentence in sentences_in(text)
        for tokens in map(words, _BOUNDS.split(sentence))
        if len(tokens) > 1 and tokens[0] in _ARTICLES
    )
    return (*last.items(), *((noun, noun) for noun, times in beginnings.items() if times >= _FEWEST))


@lru_cache(maxsize=1024)
def _deeds(text: str, source: str) -> tuple[Deed, ...]:
    """Return the clauses of a text with the parties of a source.

    One that begins with neither party nor article has the first party of the clause before.
    """
    known, deeds = dict(_parties_of(source)), list[Deed]()
    for sentence in sentences_in(text):
        last = tuple[str, ...]()
        for clause in _BOUNDS.split(sentence):
            tokens = [word for word in words(fold_accents(normalize_amounts(clause))) if word not in _TITLES]
            is_continued = bool(tokens) and tokens[0] not in _ARTICLES
            plain = [word for word in tokens if word not in _ARTICLES]
            found = [n for n, word in enumerate(plain) if word in known and (n == 0 or plain[n - 1] not in known)]
            parties = tuple(known[plain[n]] for n in found)
            parts = tuple(_part(plain[n - 1]) if n else "by" for n in found)
            told = frozenset(base_stem(word) for word in plain if word not in STOP_WORDS and word not in known)
            if told and parties:
                deeds.append(Deed(parties, parts, told, clause.strip(" .,;:")))
            elif told and is_continued:
                deeds.append(Deed(last, ("by",) * len(last), told, clause.strip(" .,;:"), is_inherited=True))
            last = parties[:1] or last
    return tuple(deeds)


def _part(before: str) -> str:
    """Return the preposition that a word is, "by" for a conjunction, and nothing for another word."""
    return "by" if before in _JOINING else before if before in STOP_WORDS else ""
