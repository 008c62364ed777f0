"""Searches by meaning and by words, and makes one ranking of both."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from indexes.search.passage_scorer import PassageScorer, ScoredPassage, Weights
from indexes.search.retrievers import DenseRetriever, LexicalRetriever
from indexes.storage.catalog import Catalog
from indexes.types import Hit, Query, Signal

_LAYOUT = re.compile(r"^\s*[-•]\s|[\s*_#|`]+", re.MULTILINE)
"""Blanks, bullets and Markdown's marks, in which the same text differs between formats."""


class HybridRetriever:
    """Hits by meaning and by words. A hit's score is in cosines; its signals tell each part."""

    def __init__(
        self,
        catalog: Catalog,
        dense: DenseRetriever,
        lexical: LexicalRetriever,
        *,
        weights: Weights | None = None,
        candidates: int = 50,
    ) -> None:
        self._catalog = catalog
        self._dense = dense
        self._lexical = lexical
        self._weights = weights or Weights()
        self._candidates = candidates

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Search for the query and for each of its parts, and fuse their hits by rank."""
        whole = replace(query, parts=())
        searches = [whole, *(replace(whole, text=part, earlier=(), original="") for part in query.parts)]
        rankings = [self._search(search, max(limit, self._candidates)) for search in searches]
        if len(rankings) == 1:
            return without_repetitions(rankings[0])[:limit]
        hits = reciprocal_rank_fusion(rankings)
        best = max((ranking[0].score for ranking in rankings if ranking), default=0.0)
        # the best hit keeps the best score of all, so that scores stay in cosines
        return without_repetitions(replace(hit, score=best * hit.score / hits[0].score) for hit in hits)[:limit]

    def _search(self, query: Query, candidates: int) -> list[Hit]:
        vector, terms = self._dense.vector(query), self._lexical.query_terms(query)
        near = self._dense.nearest(vector, query.scope, limit=candidates)
        matching = self._lexical.matching(terms, query.scope, limit=candidates)
        pool = {entry.row: entry for entry in (*(entry for entry, _ in near), *matching)}
        scorer = PassageScorer(self._catalog, query, self._weights, vector, terms)
        scored = scorer.score(pool.values())
        ranked = self._by_recency(query, scorer.add_context(scored))
        by_words = sorted((passage for passage in scored if passage.words), key=lambda passage: -passage.words)
        dense_ranks = {entry.row: rank for rank, (entry, _) in enumerate(near, start=1)}
        lexical_ranks = {passage.entry.row: rank for rank, passage in enumerate(by_words, start=1)}
        return [
            Hit(
                passage.entry.passage,
                passage.score,
                (
                    Signal("dense", passage.cosine, dense_ranks.get(passage.entry.row)),
                    Signal("lexical", passage.words, lexical_ranks.get(passage.entry.row)),
                    Signal("together", passage.together),
                    Signal("around", passage.around),
                    Signal("named", passage.named),
                    Signal("fused", passage.score, rank),
                ),
            )
            for rank, passage in enumerate(ranked, start=1)
        ]

    def _by_recency(self, query: Query, ranked: Sequence[ScoredPassage]) -> Sequence[ScoredPassage]:
        """Rank anew where older documents count less: half of a score fades by the half-life of ``recency_days``."""
        if query.recency_days is None:
            return ranked
        today, half_life = datetime.now(UTC).date(), query.recency_days
        dates = self._catalog.search_rows.dates({passage.entry.passage.document_id for passage in ranked})
        ages = {document: max(0, (today - day).days) for document, day in dates.items()}
        recency = {document: (1 + 0.5 ** (age / half_life)) / 2 for document, age in ages.items()}
        # a document that was removed meanwhile has no date
        aged = [replace(passage, recency=recency.get(passage.entry.passage.document_id, 1.0)) for passage in ranked]
        return sorted(aged, key=lambda passage: -passage.score)


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Hit]], *, k: int = 60) -> list[Hit]:
    """Fuse rankings into one: each hit scores the sum of ``1 / (k + rank)`` and keeps its first signals.

    By Cormack, Clarke and Büttcher, SIGIR 2009, with their k = 60. Ties keep the order of the first ranking.
    """
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + 1 / (k + rank)
            hits.setdefault(hit.passage.id, hit)
    return [replace(hits[i], score=score) for i, score in sorted(scores.items(), key=lambda item: -item[1])]


def without_repetitions(hits: Iterable[Hit]) -> list[Hit]:
    """Keep the best of the hits whose texts are the same but for layout and capitals.

    So a page in Word and in HTML is one hit. A version that differs in a figure or a name stays a hit of its own.
    """
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(_LAYOUT.sub("", hit.passage.text).casefold(), hit)
    return list(best.values())
