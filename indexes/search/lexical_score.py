"""Scores how well a passage's words match the query's: pure functions of terms and of their rarity."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from indexes.text.tokenization import STOP_WORDS, stem

_K1, _B = 1.2, 0.75
_CONTEXT = 2.0
"""The count of a term in the title, the headings or a table's header."""
_REACH = 3
"""Neighbouring terms of a question stand together in a text that has them at most so many words apart, in order."""
_STOP_TERMS = frozenset(stem(word) for word in STOP_WORDS)


def rarity(passages: int, having: int) -> float:
    """Return a term's weight, where ``having`` of the passages have it (BM25's, in Lucene's form, never negative)."""
    return math.log(1 + (passages - having + 0.5) / (having + 0.5))


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """A query's terms with their weights, the pairs of neighbouring terms, and a passage's mean number of terms."""

    weights: Mapping[str, float]
    together: Sequence[tuple[str, str]]
    mean_length: float

    def shares(self, context: str, text: str) -> tuple[float, float]:
        """Return a passage's shares of the best possible score, each from 0 to 1: by BM25, and by pairs of terms.

        Such shares can be compared between questions, and with a cosine; a bare BM25 score cannot (Bruch, Gai and
        Ingber, "An analysis of fusion functions for hybrid retrieval", 2022).
        """
        lead, body = context.split(), text.split()
        counts: dict[str, float] = {}
        for terms, weight in ((lead, _CONTEXT), (body, 1.0)):
            for term in terms:
                if term in self.weights:
                    counts[term] = counts.get(term, 0.0) + weight
        norm = _K1 * (1 - _B + _B * (len(lead) + len(body)) / max(self.mean_length, 1.0))
        bm25 = sum(self.weights[term] * count / (count + norm) for term, count in counts.items())
        return bm25 / (sum(self.weights.values()) or 1.0), self._share_of_pairs(counts, [*lead, *body])

    def _share_of_pairs(self, counts: Mapping[str, float], terms: Sequence[str]) -> float:
        pairs = [(first, second) for first, second in self.together if first in counts and second in counts]
        if not pairs:
            return 0.0
        places: dict[str, list[int]] = {}
        for place, term in enumerate(term for term in terms if term not in _STOP_TERMS or term in counts):
            if term in counts:
                places.setdefault(term, []).append(place)
        near = [
            (first, second)
            for first, second in pairs
            if any(0 < after - before <= _REACH for before in places[first] for after in places[second])
        ]
        return self._weight(near) / (self._weight(self.together) or 1.0)

    def _weight(self, pairs: Sequence[tuple[str, str]]) -> float:
        return sum(self.weights[first] + self.weights[second] for first, second in pairs)


def query_terms(
    turns: Sequence[Sequence[str]], passages: int, frequencies: Mapping[str, int], mean_length: float
) -> QueryTerms:
    """Weigh the terms of a question and of the questions before it. Each turn back halves the weight."""
    weights: dict[str, float] = {}
    for back, terms in enumerate(turns):
        for term in terms:
            weights.setdefault(term, rarity(passages, frequencies.get(term, 0)) / 2**back)
    own = dict.fromkeys(turns[0]) if turns else ()
    return QueryTerms(weights, list(pairwise(own)), mean_length)
