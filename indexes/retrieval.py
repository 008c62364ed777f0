"""Retrievers, and a retriever made of retrievers."""

from collections.abc import Sequence

from indexes.catalog import Catalog
from indexes.nearest import nearest
from indexes.protocols import Encoder, Retriever
from indexes.ranking import reciprocal_rank_fusion
from indexes.types import Hit, Query, Scope
from indexes.vectors import ChromaVectors
from indexes.words import content_words

_BATCH = 5000
_MAX_TERMS = 128
"""Of a query: each costs a look-up, and the first say what is asked."""


class DenseRetriever:
    """By meaning: passages whose vectors lie nearest the query's. A hit's score is the cosine."""

    def __init__(self, catalog: Catalog, vectors: ChromaVectors, encoder: Encoder, *, min_cosine: float = 0.0) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._encoder = encoder
        self._min_cosine = min_cosine

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Asks for more where much of what is near may not be seen, then compares with all that may be."""
        vector = self._encoder.encode([query.whole])[0]
        for wanted in (limit, 4 * limit, 16 * limit):
            found = self._vectors.search(vector, limit=wanted)
            hits = self._hits(found, query.scope)
            if len(hits) >= limit or len(found) < wanted or found[-1][1] < self._min_cosine:
                return hits[:limit]
        visible = self._catalog.visible_vectors(query.scope, batch=_BATCH)
        return self._hits(nearest(visible, vector, limit), query.scope)

    def _hits(self, found: list[tuple[str, float]], scope: Scope) -> list[Hit]:
        near = [(encoded, cosine) for encoded, cosine in found if cosine >= self._min_cosine]
        visible = self._catalog.passages([encoded for encoded, _ in near], scope)
        return [Hit(passage, cosine) for encoded, cosine in near for passage in visible.get(encoded, ())]


class LexicalRetriever:
    """By words: SQLite's full-text search, ranked by BM25. A hit's score is its BM25, stems compared."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        terms = list(dict.fromkeys(content_words(query.whole)))[:_MAX_TERMS]
        if not terms:
            return []
        # quoted, a term is a string to FTS5, whatever it holds; words() leaves no quotation mark in it
        expression = " OR ".join(f'"{term}"' for term in terms)
        return self._catalog.match(expression, limit=limit, scope=query.scope)


class FusedRetriever:
    """Several retrievers' candidates as one ranking."""

    def __init__(self, retrievers: Sequence[Retriever], *, candidates: int = 50) -> None:
        self._retrievers = retrievers
        self._candidates = candidates

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        wanted = max(limit, self._candidates)
        rankings = [retriever.retrieve(query, limit=wanted) for retriever in self._retrievers]
        return reciprocal_rank_fusion(rankings)[:limit]
