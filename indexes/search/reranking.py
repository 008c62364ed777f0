"""Reranks the best hits by a model that reads question and passage together, while there is time."""

import time
from dataclasses import replace

from indexes.protocols import Reranker, Retriever
from indexes.types import Hit, Query, Signal

_WEIGHT = 0.04
"""The worth of a logit of 1 beside the retriever's own score: docs/decisions/0008-one-ranking.md"""
_MAX_LOGIT = 8.0
"""Larger logits, of either sign, say no more."""


class RerankingRetriever:
    """Another retriever's hits, the best of them ordered by its score and the model's."""

    def __init__(self, retriever: Retriever, reranker: Reranker, *, candidates: int, seconds: float) -> None:
        self._retriever = retriever
        self._reranker = reranker
        self._candidates = candidates
        self._seconds = seconds
        self._ready = False

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Rerank as many hits as time allows; the others follow, with no higher score than the lowest reranked."""
        hits = self._retriever.retrieve(query, limit=max(limit, self._candidates))
        candidates = hits[: self._candidates]
        if candidates and not self._ready:
            self._reranker.score(query.text, [""])  # loads the model, which no question's time should pay for
            self._ready = True
        began = time.perf_counter()
        scored: list[tuple[float, float, Hit]] = []
        for hit in candidates:  # one by one, as scores may depend on what is scored together
            spent = time.perf_counter() - began
            if scored and spent * (len(scored) + 1) / len(scored) > self._seconds:
                break
            logit = self._reranker.score(query.whole, [f"{hit.passage.context}\n{hit.passage.text}"])[0]
            scored.append((hit.score + _WEIGHT * max(-_MAX_LOGIT, min(_MAX_LOGIT, logit)), logit, hit))
        scored.sort(key=lambda item: -item[0])
        reranked = [
            replace(hit, score=score, signals=(*hit.signals, Signal("reranked", logit, rank)))
            for rank, (score, logit, hit) in enumerate(scored, start=1)
        ]
        lowest = min((hit.score for hit in reranked), default=0.0)
        rest = [replace(hit, score=min(hit.score, lowest)) for hit in hits[len(reranked) :]]
        return [*reranked, *rest][:limit]
