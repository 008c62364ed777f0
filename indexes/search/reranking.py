"""A second reading of the best hits, by a model that sees question and passage together, while there is time."""

import time
from collections.abc import Sequence
from dataclasses import replace

from indexes.protocols import Reranker, Retriever
from indexes.types import Hit, Query, Signal

_WEIGHT = 0.04
"""What a logit of 1 is worth beside the retriever's own score: docs/decisions/0008-one-ranking.md"""
_MOST = 8.0
"""Logits beyond it, either way, say no more."""


class RerankedRetriever:
    """Another's hits, the best of them in the order of both scores."""

    def __init__(self, retriever: Retriever, reranker: Reranker, *, candidates: int, seconds: float) -> None:
        self._retriever = retriever
        self._reranker = reranker
        self._candidates = candidates
        self._seconds = seconds
        self._ready = False

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        hits = self._retriever.retrieve(query, limit=max(limit, self._candidates))
        read = self._read(query, hits[: self._candidates])
        rest = hits[len(read) :]
        lowest = min((hit.score for hit in read), default=0.0)
        return [*read, *(replace(hit, score=min(hit.score, lowest)) for hit in rest)][:limit]

    def _read(self, query: Query, hits: Sequence[Hit]) -> list[Hit]:
        """One by one, as scores may shift with what is scored beside, until the time will not do for another."""
        if hits and not self._ready:
            self._reranker.score(query.text, [""])  # loads the model, which is no question's time
            self._ready = True
        began = time.perf_counter()
        scored: list[tuple[Hit, float]] = []
        for hit in hits:
            spent = time.perf_counter() - began
            if scored and spent * (len(scored) + 1) / len(scored) > self._seconds:
                break
            text = f"{hit.passage.context}\n{hit.passage.text}"
            scored.append((hit, self._reranker.score(query.whole, [text])[0]))
        scored.sort(key=lambda pair: -_both(*pair))
        return [_reranked(hit, logit, rank) for rank, (hit, logit) in enumerate(scored, start=1)]


def _both(hit: Hit, logit: float) -> float:
    return hit.score + _WEIGHT * max(-_MOST, min(_MOST, logit))


def _reranked(hit: Hit, logit: float, rank: int) -> Hit:
    return replace(hit, score=_both(hit, logit), signals=(*hit.signals, Signal("reranked", logit, rank)))
