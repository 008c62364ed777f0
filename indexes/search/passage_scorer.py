"""Scores passages for a query: by meaning, by words, by their neighbours and by what names their document."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from indexes.storage.catalog import Catalog
from indexes.storage.search_rows import SearchRow
from indexes.text.tokenization import STOP_WORDS, mentions_name, possible_names, stem
from indexes.types import Query

_NEIGHBOURED = 30
"""Candidates whose neighbours are scored."""
_NAMING = 2
"""The best passages, which are read for the names of other documents."""
_NAMED_PASSAGES = 20
"""Passages read of a named document, at most."""
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


@dataclass(frozen=True, slots=True)
class Weights:
    """The worth of each part of a score beside the cosine of question and passage.

    Fitted on nine development sets that count the same, then adjusted a little by hand (decision 0008).
    """

    words: float = 1.25
    """The share of the question's words that the passage has, as BM25 counts it."""
    together: float = 0.35
    """The share of the question's neighbouring words that stand together in the passage too."""
    around: float = 0.15
    """The scores of the passages before and after it."""
    named: float = 0.35
    """Whether one of the best passages names its document."""


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage with the parts of its score."""

    entry: SearchRow
    weights: Weights
    cosine: float
    words: float
    together: float
    around: float = 0.0
    named: float = 0.0
    recency: float = 1.0
    """What its age leaves of the score, from 0.5 to 1."""

    @property
    def base(self) -> float:
        """Cosine and words only: what a neighbour counts."""
        return self.cosine + self.weights.words * self.words

    @property
    def total(self) -> float:
        """All parts by their weights, whatever the age."""
        weights = self.weights
        return self.base + weights.together * self.together + weights.around * self.around + weights.named * self.named

    @property
    def score(self) -> float:
        """The final score, in cosines."""
        return self.total * self.recency


@dataclass(frozen=True, slots=True, eq=False)
class PassageScorer:
    """Scores candidates for one query. ``vector`` is the query's unit vector, ``terms`` are its words."""

    catalog: Catalog
    query: Query
    weights: Weights
    vector: NDArray[np.float32]
    terms: QueryTerms

    def score(self, candidates: Iterable[SearchRow]) -> list[ScoredPassage]:
        """Score each candidate by itself, best first: cosine, words, and words that stand together."""
        entries = list(candidates)
        if not entries:
            return []
        cosines = np.stack([entry.vector for entry in entries]) @ self.vector
        scored = [
            ScoredPassage(entry, self.weights, float(cosine), *self.terms.shares(entry.context_terms, entry.terms))
            for entry, cosine in zip(entries, cosines, strict=True)
        ]
        return sorted(scored, key=lambda passage: -passage.total)

    def add_context(self, scored: list[ScoredPassage]) -> list[ScoredPassage]:
        """Add what neighbours say, and passages of the documents that the best passages name; best first.

        A passage among others on the matter rises; a document of one passage counts for itself.
        """
        if not scored:
            return []
        first, rest = scored[:_NEIGHBOURED], scored[_NEIGHBOURED:]
        known = {passage.entry.row: passage for passage in scored}
        beside = {row for passage in first for row in (passage.entry.row - 1, passage.entry.row + 1)} - known.keys()
        known |= {p.entry.row: p for p in self.score(self.catalog.search_rows.at_rows(beside, self.query.scope))}
        ranked = [replace(passage, around=_around(passage, known)) for passage in first]
        return self._add_named([*sorted(ranked, key=lambda passage: -passage.total), *rest])

    def _add_named(self, ranked: list[ScoredPassage]) -> list[ScoredPassage]:
        """Add the best passage of each document that the best passages name and the question does not.

        This is a second hop. None of them overtakes the best passage.
        """
        best, weight = ranked[0], self.weights.named
        strengths = self._named_documents(ranked) if weight else {}
        entries = self.catalog.search_rows.first_of_documents(strengths.keys(), self.query.scope, most=_NAMED_PASSAGES)
        named = {passage.entry.row: passage for passage in self.score(entries)}
        known = {passage.entry.row: passage for passage in ranked}
        pool = [known.get(row) or replace(passage, around=_around(passage, named)) for row, passage in named.items()]
        chosen = {p.entry.passage.document_id: p for p in sorted(pool, key=lambda passage: passage.total)}
        for document, passage in chosen.items():
            room = max(0.0, best.total - passage.total) / weight
            known[passage.entry.row] = replace(passage, named=min(strengths[document], 0.99 * room))
        return sorted(known.values(), key=lambda passage: -passage.total)

    def _named_documents(self, ranked: list[ScoredPassage]) -> Mapping[str, float]:
        """Return the ids of named documents, each with the strength of the passage that names it, from 0 to 1."""
        strengths: dict[str, float] = {}
        for passage in ranked[:_NAMING]:
            strength = max(0.0, passage.total / ranked[0].total) ** 2 if ranked[0].total > 0 else 0.0
            own = passage.entry.passage
            names = {name for name in possible_names(own.text) if not mentions_name(name, self.query.whole)}
            for ids in self.catalog.search_rows.documents_named(names, self.query.scope).values():
                for document in ids:
                    if document != own.document_id:
                        strengths[document] = max(strengths.get(document, 0.0), strength)
        return strengths


def _around(passage: ScoredPassage, known: Mapping[int, ScoredPassage]) -> float:
    """Return the mean base score of the passage's neighbours in its document."""
    beside = [known[row] for row in (passage.entry.row - 1, passage.entry.row + 1) if row in known]
    own = [p.base for p in beside if p.entry.passage.document_id == passage.entry.passage.document_id]
    return sum(own) / len(own) if own else 0.8 * passage.base
