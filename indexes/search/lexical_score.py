"""How well a passage's words are those that are wanted: pure functions of terms and how rare they are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from indexes.text.tokenization import STOP_WORDS, stem

_K1, _B = 1.2, 0.75
_CONTEXT = 2.0
"""A term in the title, the headings or a table's header counts as so many in the text."""
_REACH = 3
"""Terms that follow each other in a question stand together in a text where they are so many words apart, or fewer."""
_STOP_TERMS = frozenset(stem(word) for word in STOP_WORDS)


def rarity(passages: int, having: int) -> float:
    """A term's weight, by how many of the passages have it (Lucene's form of BM25's, never negative)."""
    return math.log(1 + (passages - having + 0.5) / (having + 0.5))


@dataclass(frozen=True, slots=True)
class WantedTerms:
    """What is asked for: terms by weight, which of them stand together, and how many terms a passage has on average."""

    weights: Mapping[str, float]
    together: Sequence[tuple[str, str]]
    mean_length: float

    def shares(self, context: str, text: str) -> tuple[float, float]:
        """Of what a passage could score at most: by BM25, and by the pairs that it has together. Each from 0 to 1.

        A share of the most that the question's own terms allow can be compared between questions, and with a cosine,
        as a bare BM25 cannot (Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", 2022).
        """
        lead, body = context.split(), text.split()
        counts: dict[str, float] = {}
        for terms, weight in ((lead, _CONTEXT), (body, 1.0)):
            for term in terms:
                if term in self.weights:
                    counts[term] = counts.get(term, 0.0) + weight
        return self._bm25(counts, len(lead) + len(body)), self._pairs(counts, lead, body)

    def _bm25(self, counts: Mapping[str, float], length: int) -> float:
        norm = _K1 * (1 - _B + _B * length / max(self.mean_length, 1.0))
        scored = sum(self.weights[term] * count / (count + norm) for term, count in counts.items())
        return scored / (sum(self.weights.values()) or 1.0)

    def _pairs(self, counts: Mapping[str, float], lead: list[str], body: list[str]) -> float:
        asked = [(one, other) for one, other in self.together if one in counts and other in counts]
        if not asked:
            return 0.0
        places: dict[str, list[int]] = {}
        carrying = (term for term in (*lead, *body) if term not in _STOP_TERMS or term in counts)
        for place, term in enumerate(carrying):
            if term in counts:
                places.setdefault(term, []).append(place)
        found = sum(self._pair(pair) for pair in asked if _near(places[pair[0]], places[pair[1]]))
        return found / (sum(map(self._pair, self.together)) or 1.0)

    def _pair(self, pair: tuple[str, str]) -> float:
        return self.weights[pair[0]] + self.weights[pair[1]]


def wanted(
    turns: Sequence[Sequence[str]], passages: int, frequencies: Mapping[str, int], mean_length: float
) -> WantedTerms:
    """Of the terms of what is asked, then of what was asked before: each turn back, they weigh half as much."""
    weights: dict[str, float] = {}
    for back, terms in enumerate(turns):
        for term in terms:
            weights.setdefault(term, rarity(passages, frequencies.get(term, 0)) / 2**back)
    own = dict.fromkeys(turns[0]) if turns else ()
    return WantedTerms(weights, list(pairwise(own)), mean_length)


def _near(some: Sequence[int], others: Sequence[int]) -> bool:
    return any(0 < other - one <= _REACH for one in some for other in others)
