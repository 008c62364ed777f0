"""Tells whether a claim joins one clause of the source with what another says.

"The ferry carries 60 cars and up to 299 passengers" has all words of "The ferry carries 299 cars".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from indexes.text.number_words import MONTHS
from indexes.text.tokenization import STOP_WORDS, stem, stems, words
from rag.evidence.figures.quantities import amounts, normalize_amounts
from rag.evidence.wording.alignment import sentences_in
from rag.evidence.wording.language_id import identify_language, small_words
from rag.evidence.wording.negation import negates

_BOUNDS = re.compile(r"[,;:()–—]\s|\s[–—-]\s|\b(?:and|but|while|whereas|although|though|instead of)\b", re.IGNORECASE)
_TELLING = frozenset("before after most".split())
"""Stop words that tell one clause from another."""
_UNTIL = re.compile(r"\b(?:until|till|respectively)\b", re.IGNORECASE)
"""Words with which a claim may rightly give the one clause's figure to the other: open until the closing time."""
_MOST = 40
"""Clauses of a source that are compared: the time grows with their square."""
_SLOT = 2
"""The most words that stand in the place of others."""
_LEAST = 2
"""The fewest words and figures that a claim takes from a clause."""
_KEPT = 0.5
"""Share of a clause's words that a claim made of it has."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence, by its stems."""

    words: frozenset[str]
    values: frozenset[str]
    """Figures, with months."""
    negates: bool = False
    text: str = ""
    sentence: int = 0
    """Which sentence of the text it is from."""

    def is_shared(self, known: "Sequence[Clause]") -> bool:
        """Return whether one of two neighbours is all in the clause, and the other has the rest of it."""
        return any(
            own.words < self.words
            and own.negates == self.negates
            and own.values <= self.values
            and self.words <= own.words | before.words
            and self.values <= own.values
            for before, own in pairwise(known)
        )

    def is_made_of(self, host: "Clause") -> bool:
        """Return whether it has most words of another, and lacks few."""
        kept = self.words & host.words
        return len(kept) >= _KEPT * len(host.words) and len(host.words - kept) <= _SLOT

    def has_enough_of(self, host: "Clause") -> bool:
        """Return whether it has so many words and figures of another that they are no chance."""
        return len(self.words & host.words) + len(self.values & host.values) >= _LEAST

    def value_in_place(self, host: "Clause", guest: "Clause") -> str:
        """Return the figure of one clause that stands with the words of another which has its own, in words."""
        if self.words - host.words - guest.words:
            return ""
        subject = self.words & guest.words - host.words
        kept, lacking = self.values & host.values - guest.values, guest.values - self.values
        if subject and host.words - self.words and kept and lacking and not self.values & guest.values - host.values:
            return _instead(kept, lacking)
        brought, replaced = self.values & guest.values - host.values, host.values - self.values
        if brought and replaced and not subject and guest.words - self.words - host.words:
            return _instead(brought, replaced)
        return ""

    def words_in_place(self, host: "Clause", guest: "Clause") -> set[tuple[frozenset[str], frozenset[str]]]:
        """Return the words of another clause that stand in place of some of the host's; none or one such pair."""
        brought = (self.words | self.values) & (guest.words | guest.values) - host.words - host.values
        replaced = host.words - self.words
        if not replaced or not guest.words - self.words - host.words or self.words - host.words - guest.words:
            return set()
        return {(brought, replaced)} if 0 < len(brought) <= _SLOT + 1 else set()


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a claim takes from one clause and puts into another, in words."""

    conflict: str
    """Empty if nothing is surely in the wrong place."""
    is_doubtful: bool
    """Whether a word in it is another clause's, and may be another word for what stands there."""
    is_shared: bool = False
    """Whether it is a clause that leaves out words of the one before: "lager rests for eight days, ale for five"."""


NOT_MIXED = Mixture("", is_doubtful=False)


def mixture(claim: str, text: str) -> Mixture:
    """Return how a claim mixes the clauses of a text."""
    if _UNTIL.search(claim):
        return NOT_MIXED
    small = small_words(identify_language(text) or "")
    known, exchanged = clauses_of(text, small)[:_MOST], dict[tuple[frozenset[str], frozenset[str]], Clause]()
    is_doubtful = False
    claimed = clauses_of(claim, small)
    if claimed and all(clause.is_shared(known) for clause in claimed):
        return Mixture("", is_doubtful=False, is_shared=True)
    # A clause that the claim repeats has lent it nothing.
    lenders = [one for one in known if not any(one.words <= c.words and one.values <= c.values for c in claimed)]
    for clause in claimed:
        if any(clause.words <= one.words and clause.values <= one.values for one in known):
            continue
        hosts = [host for host in known if clause.is_made_of(host)]
        for host, guest in ((host, guest) for host in hosts for guest in lenders if guest is not host):
            is_sure = clause.has_enough_of(host)
            is_parallel = guest.sentence == host.sentence or guest.words & host.words
            if is_sure and is_parallel and (conflict := clause.value_in_place(host, guest)):
                return Mixture(conflict, is_doubtful=True)
            in_place = clause.words_in_place(host, guest)
            is_doubtful = is_doubtful or (is_sure and bool(in_place))
            is_one_word = guest.sentence == host.sentence and all(len(side) == 1 for pair in in_place for side in pair)
            exchanged |= dict.fromkeys(in_place if is_sure or is_one_word else (), host)
    turned = next((host for pair, host in exchanged.items() if pair[::-1] in exchanged), None)
    conflict = f"the source says “{turned.text}”" if turned else ""
    return Mixture(conflict, is_doubtful=is_doubtful or bool(turned))


def _instead(new: frozenset[str], old: frozenset[str]) -> str:
    return f"the source says {' '.join(sorted(old))}, not {' '.join(sorted(new))}"


@lru_cache(maxsize=1024)
def clauses_of(text: str, small: frozenset[str] = frozenset()) -> tuple[Clause, ...]:
    """Return the clauses of a text that have content words; ``small`` ones of its language are none."""
    clauses = []
    for number, sentence in enumerate(sentences_in(text)):
        for part in _BOUNDS.split(normalize_amounts(sentence)):
            content = [word for word in words(part) if word not in small]
            tokens = [word for word in content if word not in STOP_WORDS or word in _TELLING or word in MONTHS]
            values = frozenset(token for token in tokens if token[0].isdigit() or token in MONTHS)
            units = {quantity.unit for quantity in amounts(part).quantities}
            if told := frozenset(stem(token) for token in tokens if token not in values | units):
                clauses.append(Clause(told, values, negates({*words(part)}), part.strip(" .,;:"), number))
    return tuple(clauses)


def stands_elsewhere(fragment: str, question: str, text: str) -> bool:
    """Return whether a fragment's figure stands in a sentence which says less of the question than one with another."""
    values = {token for token in words(normalize_amounts(fragment)) if token[0].isdigit()}
    asked = set(stems(question))
    shares = {True: 0, False: 0}
    for sentence in sentences_in(text):
        plain = normalize_amounts(sentence)
        found = {token for token in words(plain) if token[0].isdigit()}
        if found:
            has_value = values <= found
            shares[has_value] = max(shares[has_value], len(asked & set(stems(plain))))
    return bool(values) and shares[False] > shares[True]
