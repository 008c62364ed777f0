"""Retrievers by meaning and by words: each finds candidates, and can stand alone."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, takewhile

import numpy as np
from numpy.typing import NDArray

from indexes.protocols import Encoder
from indexes.search.lexical_score import WantedTerms, wanted
from indexes.storage.catalog import Catalog
from indexes.storage.search_rows import Entry
from indexes.text.tokenization import content_terms
from indexes.types import Audience, Hit, Query, Scope
from indexes.vectors.exact import nearest
from indexes.vectors.index import ChromaVectors

_BATCH = 5000
_MAX_TERMS = 128
"""Of a query: each costs a look-up, and the first say what is asked."""
_MOST_ROWS = 10_000
"""Passages that a search by words ranks, about: FTS5 takes a microsecond or more for each, however common its terms. Of
50,000 passages, 99 of 100 first hits are those of a search without such a limit."""


class DenseRetriever:
    """By meaning: passages whose vectors lie nearest the query's. A hit's score is the cosine."""

    def __init__(self, catalog: Catalog, vectors: ChromaVectors, encoder: Encoder, *, min_cosine: float = 0.0) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._encoder = encoder
        self._min_cosine = min_cosine

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        found = self.near(self.vector(query), query.scope, limit=limit)
        return [Hit(entry.passage, cosine) for entry, cosine in found]

    def vector(self, query: Query) -> NDArray[np.float32]:
        """A unit vector. Of a follow-up, halfway between its own words and all that was asked."""
        texts = [query.text, query.whole] if query.earlier else [query.text]
        total = self._encoder.encode_query(texts).sum(axis=0)
        return np.asarray(total / np.linalg.norm(total), np.float32)

    def near(self, vector: NDArray[np.float32], scope: Scope, *, limit: int) -> list[tuple[Entry, float]]:
        """Asks for more where much of what is near may not be seen, then compares with all that may be."""
        for wider in (limit, 4 * limit, 16 * limit):
            found = self._vectors.search(vector, limit=wider)
            entries = self._entries(found, scope)
            if len(entries) >= limit or len(found) < wider or found[-1][1] < self._min_cosine:
                return entries[:limit]
        visible = self._catalog.visible_vectors(scope, batch=_BATCH)
        return self._entries(nearest(visible, vector, limit), scope)[:limit]

    def _entries(self, found: list[tuple[str, float]], scope: Scope) -> list[tuple[Entry, float]]:
        near = {encoded: cosine for encoded, cosine in found if cosine >= self._min_cosine}
        entries = self._catalog.entries.embedded_as(near.keys(), scope)
        order = {encoded: place for place, encoded in enumerate(near)}
        return [(entry, near[entry.encoded]) for entry in sorted(entries, key=lambda entry: order[entry.encoded])]


class LexicalRetriever:
    """By words: SQLite's full-text search finds them, and BM25 ranks them. A hit's score is its share of the best."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._limited = lru_cache(maxsize=100)(self._limited_at)
        self._size = lru_cache(maxsize=100)(self._size_at)
        self._frequency = lru_cache(maxsize=10_000)(self._frequency_at)

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        asked = self.wanted(query)
        found = self.holding(asked, query.scope, limit=limit)
        scored = [(entry, asked.shares(entry.context_terms, entry.terms)[0]) for entry in found]
        return [Hit(entry.passage, share) for entry, share in sorted(scored, key=lambda pair: -pair[1])]

    def wanted(self, query: Query) -> WantedTerms:
        """The query's terms, and how rare they are in this index."""
        turns = [content_terms(text)[:_MAX_TERMS] for text in (query.text, *query.earlier)]
        revision = self._catalog.revision
        audience = self._limited(revision, query.audience)
        passages, mean_length = self._size(revision, audience)
        frequencies = {term: self._frequency(revision, term, audience) for turn in turns for term in turn}
        return wanted(turns, passages, frequencies, mean_length)

    def holding(self, asked: WantedTerms, scope: Scope, *, limit: int) -> list[Entry]:
        """Passages that have the rarest of the terms: of all that have any, those that can rank high."""
        revision = self._catalog.revision
        audience = self._limited(revision, scope.audience)
        by_rarity = sorted(
            (rows, term) for term in asked.weights if (rows := self._frequency(revision, term, audience))
        )
        for expression in _expressions(by_rarity):
            if found := self._catalog.entries.match(expression, limit=limit, scope=scope):
                return found
        return []

    def _limited_at(self, revision: int, audience: Audience) -> Audience | None:  # noqa: ARG002 - of one revision
        """None where they may read everything, as all others may who do."""
        return None if self._catalog.entries.all_visible(audience) else audience

    def _size_at(self, revision: int, audience: Audience | None) -> tuple[int, float]:  # noqa: ARG002 - likewise
        return self._catalog.entries.size(audience)

    def _frequency_at(self, revision: int, term: str, audience: Audience | None) -> int:  # noqa: ARG002 - likewise
        return self._catalog.entries.frequency(term, audience)


def _expressions(by_rarity: list[tuple[int, str]]) -> Iterator[str]:
    """For FTS5, to be tried in turn. Quoted, a term is a string to it; terms have no quotation mark in them."""
    terms = [f'"{term}"' for _, term in by_rarity]
    rare = takewhile(lambda rows: rows <= _MOST_ROWS, accumulate(rows for rows, _ in by_rarity))
    few = sum(1 for _ in rare)
    if few:
        yield " OR ".join(terms[:few])
    # each is common: those that have several of them; also where none of the rare ones is within the scope
    yield from (" AND ".join(terms[few:][:count]) for count in (3, 2, 1) if few + count <= len(terms))
