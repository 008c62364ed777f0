"""One ranking out of both searches: each candidate is scored by both, by its neighbours and by what names it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from indexes.search.fusion import reciprocal_rank_fusion, without_repetitions
from indexes.search.lexical_score import WantedTerms
from indexes.search.retrievers import DenseRetriever, LexicalRetriever
from indexes.storage.catalog import Catalog
from indexes.storage.search_rows import Entry
from indexes.text.title_mentions import is_named, names_in
from indexes.types import Hit, Query, Signal

_AROUND_OF = 30
"""Candidates whose neighbours are looked at."""
_NAMING = 2
"""Of the best, those that are read for names of other documents."""
_NAMED_PASSAGES = 20
"""Of a document that is named, at most."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What evidence is worth beside the cosine of question and passage; none is left out.

    Fitted on nine development sets, each counting the same, then moved a little by hand (decision 0008).
    """

    words: float = 1.25
    """Of the question's words, the share that the passage has, as BM25 counts it."""
    together: float = 0.35
    """Of the words that stand together in the question, the share that does in the passage."""
    around: float = 0.15
    """How the passages before and after it score."""
    named: float = 0.35
    """Whether one of the best passages names its document."""


@dataclass(frozen=True, slots=True)
class _Scored:
    entry: Entry
    weights: Weights
    cosine: float
    words: float
    together: float
    around: float = 0.0
    named: float = 0.0
    worth: float = 1.0

    @property
    def alone(self) -> float:
        return self.cosine + self.weights.words * self.words

    @property
    def total(self) -> float:
        weights = self.weights
        further = weights.together * self.together + weights.around * self.around + weights.named * self.named
        return self.alone + further

    @property
    def score(self) -> float:
        return self.total * self.worth


class HybridRetriever:
    """By meaning and by words. A hit's score is its evidence, in cosines; its signals tell each part."""

    def __init__(
        self,
        catalog: Catalog,
        dense: DenseRetriever,
        lexical: LexicalRetriever,
        *,
        weights: Weights = Weights(),
        candidates: int = 50,
    ) -> None:
        self._catalog = catalog
        self._dense = dense
        self._lexical = lexical
        self._weights = weights
        self._candidates = candidates

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Of a query in parts, what is found for the whole and for each part, fused by rank."""
        whole = replace(query, parts=())
        parts = [replace(whole, text=part, earlier=()) for part in query.parts]
        rankings = [self._found(one, max(limit, self._candidates)) for one in (whole, *parts)]
        return without_repetitions(rankings[0] if len(rankings) == 1 else _fused(rankings))[:limit]

    def _found(self, query: Query, candidates: int) -> list[Hit]:
        vector, wanted = self._dense.vector(query), self._lexical.wanted(query)
        search = _Search(self._catalog, query, self._weights, vector, wanted)
        near = self._dense.near(search.vector, query.scope, limit=candidates)
        holding = self._lexical.holding(search.wanted, query.scope, limit=candidates)
        pool = {entry.row: entry for entry in (*(entry for entry, _ in near), *holding)}
        scored = search.scored(pool.values())
        if not scored:
            return []
        ranked = search.with_named(search.with_neighbours(scored))
        by_words = sorted((one for one in scored if one.words), key=lambda one: -one.words)
        ranks = {
            "dense": {entry.row: rank for rank, (entry, _) in enumerate(near, start=1)},
            "lexical": {one.entry.row: rank for rank, one in enumerate(by_words, start=1)},
        }
        return [_hit(one, rank, ranks) for rank, one in enumerate(self._recent(query, ranked), start=1)]

    def _recent(self, query: Query, ranked: Sequence[_Scored]) -> Sequence[_Scored]:
        """As ranked; where older documents are to count less, by what half of a score is worth at their age."""
        if query.recency_days is None:
            return ranked
        today, half_life = datetime.now(UTC).date(), query.recency_days
        dates = self._catalog.entries.dates({one.entry.passage.document_id for one in ranked})
        ages = {document: max(0, (today - day).days) for document, day in dates.items()}
        worth = {document: (1 + 0.5 ** (age / half_life)) / 2 for document, age in ages.items()}
        # a document that went meanwhile has no day
        weighed = [replace(one, worth=worth.get(one.entry.passage.document_id, 1.0)) for one in ranked]
        return sorted(weighed, key=lambda one: -one.score)


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """One search under way."""

    catalog: Catalog
    query: Query
    weights: Weights
    vector: NDArray[np.float32]
    wanted: WantedTerms

    def scored(self, entries: Iterable[Entry]) -> list[_Scored]:
        """Best first, as far as each speaks for itself."""
        every = list(entries)
        if not every:
            return []
        cosines = np.stack([entry.vector for entry in every]) @ self.vector
        scored = [
            _Scored(entry, self.weights, float(cosine), *self.wanted.shares(entry.context_terms, entry.terms))
            for entry, cosine in zip(every, cosines, strict=True)
        ]
        return sorted(scored, key=lambda one: -one.total)

    def with_neighbours(self, scored: list[_Scored]) -> list[_Scored]:
        """A passage on the matter stands among others on it; one that is its document stands for itself."""
        first, rest = scored[:_AROUND_OF], scored[_AROUND_OF:]
        known = {one.entry.row: one for one in scored}
        beside = {row for one in first for row in (one.entry.row - 1, one.entry.row + 1)} - known.keys()
        known |= {one.entry.row: one for one in self.scored(self.catalog.entries.at(beside, self.query.scope))}
        ranked = [replace(one, around=_around(one, known)) for one in first]
        return [*sorted(ranked, key=lambda one: -one.total), *rest]

    def with_named(self, ranked: list[_Scored]) -> list[_Scored]:
        """A second hop: documents that the best passages name, and the question does not, each by its best passage.

        None overtakes the best passage itself.
        """
        best, worth = ranked[0], self.weights.named
        strength = self._named_by(ranked[:_NAMING]) if worth else {}
        entries = self.catalog.entries.of_documents(strength.keys(), self.query.scope, most=_NAMED_PASSAGES)
        found = {one.entry.row: one for one in self.scored(entries)}
        known = {one.entry.row: one for one in ranked}
        every = [known.get(row) or replace(one, around=_around(one, found)) for row, one in found.items()]
        chosen = {one.entry.passage.document_id: one for one in sorted(every, key=lambda one: one.total)}
        for document, one in chosen.items():
            room = max(0.0, best.total - one.total) / worth
            known[one.entry.row] = replace(one, named=min(strength[document], 0.99 * room))
        return sorted(known.values(), key=lambda one: -one.total)

    def _named_by(self, hits: Sequence[_Scored]) -> Mapping[str, float]:
        """Documents by how well the passage that names them does beside the best."""
        strength: dict[str, float] = {}
        for hit in hits:
            share = max(0.0, hit.total / hits[0].total) ** 2 if hits[0].total > 0 else 0.0
            names = {name for name in names_in(hit.entry.passage.text) if not is_named(name, self.query.whole)}
            for ids in self.catalog.entries.named(names, self.query.scope).values():
                for document in ids:
                    if document != hit.entry.passage.document_id:
                        strength[document] = max(strength.get(document, 0.0), share)
        return strength


def _fused(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """By rank; the best scores as the best of them all, so that scores are in cosines still."""
    hits = reciprocal_rank_fusion(rankings)
    best = max((ranking[0].score for ranking in rankings if ranking), default=0.0)
    return [replace(hit, score=best * hit.score / hits[0].score) for hit in hits]


def _around(one: _Scored, known: Mapping[int, _Scored]) -> float:
    """How its neighbours in the document score, on average."""
    beside = [known[row] for row in (one.entry.row - 1, one.entry.row + 1) if row in known]
    own = [other.alone for other in beside if other.entry.passage.document_id == one.entry.passage.document_id]
    return sum(own) / len(own) if own else 0.8 * one.alone


def _hit(one: _Scored, rank: int, ranks: Mapping[str, Mapping[int, int]]) -> Hit:
    row = one.entry.row
    parts = (
        Signal("dense", one.cosine, ranks["dense"].get(row)),
        Signal("lexical", one.words, ranks["lexical"].get(row)),
        Signal("together", one.together),
        Signal("around", one.around),
        Signal("named", one.named),
    )
    return Hit(one.entry.passage, one.score, (*parts, Signal("fused", one.score, rank)))
