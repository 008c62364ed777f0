"""Retrievers by meaning and by words: each finds candidates, and can stand alone."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, takewhile

import numpy as np
from numpy.typing import NDArray

from indexes.protocols import Encoder
from indexes.search.passage_scorer import QueryTerms, query_terms
from indexes.storage.catalog import Catalog
from indexes.storage.search_rows import SearchRow
from indexes.text.tokenization import content_terms
from indexes.types import Hit, Query, Scope
from indexes.vectors.index import ChromaVectors, nearest

_BATCH = 5000
_MAX_TERMS = 128
"""Terms of a query that are searched for: each costs a look-up, and the first say the most."""
_MAX_ROWS = 10_000
"""Passages that a search by words ranks, about. FTS5 takes a microsecond or more for each, however common its terms.
Among 50,000 passages, 99 of 100 first hits are the same without this limit."""


class DenseRetriever:
    """Hits by meaning: passages whose vectors lie nearest the query's. A hit's score is the cosine."""

    def __init__(self, catalog: Catalog, vectors: ChromaVectors, encoder: Encoder, *, min_cosine: float = 0.0) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._encoder = encoder
        self._min_cosine = min_cosine

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Return the nearest passages within the query's scope."""
        entries = self.nearest(self.vector(query), query.scope, limit=limit)
        return [Hit(entry.passage, cosine) for entry, cosine in entries]

    def vector(self, query: Query) -> NDArray[np.float32]:
        """Return the query's unit vector; for a follow-up, halfway between its own words and the whole conversation."""
        texts = [query.text, query.whole] if query.earlier else [query.text]
        total = self._encoder.encode_query(texts).sum(axis=0)
        return np.asarray(total / np.linalg.norm(total), np.float32)

    def nearest(self, vector: NDArray[np.float32], scope: Scope, *, limit: int) -> list[tuple[SearchRow, float]]:
        """Return entries with cosines, nearest first.

        Asks for more where many of the nearest are out of scope, and finally compares with every vector in scope.
        """
        for wider in (limit, 4 * limit, 16 * limit):
            cosines = self._vectors.search(vector, limit=wider)
            entries = self._entries(cosines, scope)
            if len(entries) >= limit or len(cosines) < wider or cosines[-1][1] < self._min_cosine:
                return entries[:limit]
        visible = self._catalog.visible_vectors(scope, batch=_BATCH)
        return self._entries(nearest(visible, vector, limit), scope)[:limit]

    def _entries(self, cosines: list[tuple[str, float]], scope: Scope) -> list[tuple[SearchRow, float]]:
        near = {encoded: cosine for encoded, cosine in cosines if cosine >= self._min_cosine}
        entries = self._catalog.search_rows.embedded_as(near.keys(), scope)
        order = {encoded: place for place, encoded in enumerate(near)}
        return [(entry, near[entry.encoded]) for entry in sorted(entries, key=lambda entry: order[entry.encoded])]


class LexicalRetriever:
    """Hits by words: SQLite's full-text search finds them, BM25 ranks them. A hit's score is its share of the best."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        entries = catalog.search_rows
        # each answer holds for one revision; None is the audience of those who may read everything
        self._limited = lru_cache(maxsize=100)(
            lambda revision, audience: None if entries.all_visible(audience) else audience  # noqa: ARG005
        )
        self._size = lru_cache(maxsize=100)(lambda revision, audience: entries.size(audience))  # noqa: ARG005
        self._frequency = lru_cache(maxsize=10_000)(
            lambda revision, term, audience: entries.frequency(term, audience)  # noqa: ARG005
        )

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Return the best passages within the query's scope that have some of its words."""
        terms = self.query_terms(query)
        entries = self.matching(terms, query.scope, limit=limit)
        scored = [(entry, terms.shares(entry.context_terms, entry.terms)[0]) for entry in entries]
        return [Hit(entry.passage, share) for entry, share in sorted(scored, key=lambda pair: -pair[1])]

    def query_terms(self, query: Query) -> QueryTerms:
        """Return the query's terms, weighted by their rarity among the passages that the audience may read."""
        texts = (query.text, *query.earlier, query.original)
        *turns, original = [content_terms(text)[:_MAX_TERMS] for text in texts]
        revision = self._catalog.revision
        audience = self._limited(revision, query.audience)
        passages, mean_length = self._size(revision, audience)
        frequencies = {term: self._frequency(revision, term, audience) for turn in [*turns, original] for term in turn}
        # the documents need not have the words of another language: those that they lack weigh nothing
        turns.append([term for term in original if frequencies[term]])
        return query_terms(turns, passages, frequencies, mean_length)

    def matching(self, terms: QueryTerms, scope: Scope, *, limit: int) -> list[SearchRow]:
        """Return the passages that have the rarest of the terms, which are those that can rank high."""
        revision = self._catalog.revision
        audience = self._limited(revision, scope.audience)
        by_rarity = sorted(
            (rows, term) for term in terms.weights if (rows := self._frequency(revision, term, audience))
        )
        for expression in match_expressions(by_rarity):
            if entries := self._catalog.search_rows.match(expression, limit=limit, scope=scope):
                return entries
        return []


def match_expressions(by_rarity: list[tuple[int, str]]) -> Iterator[str]:
    """Yield FTS5 expressions to be tried in turn, for terms with their numbers of rows, rarest first.

    A quoted term is a string to FTS5; terms hold no quotation mark.
    """
    terms = [f'"{term}"' for _, term in by_rarity]
    rare = sum(1 for _ in takewhile(lambda rows: rows <= _MAX_ROWS, accumulate(rows for rows, _ in by_rarity)))
    if rare:
        yield " OR ".join(terms[:rare])
    # common terms only, or no rare one within the scope: passages that have several of the common ones
    yield from (" AND ".join(terms[rare:][:count]) for count in (3, 2, 1) if rare + count <= len(terms))
