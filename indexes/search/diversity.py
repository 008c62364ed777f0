"""Puts hits of several sections before many hits of one, for questions whose answer needs two places."""

from collections import Counter
from dataclasses import replace

from indexes.protocols import Retriever
from indexes.types import Hit, Query, Signal

_CANDIDATES = 50


class DiverseRetriever:
    """Another retriever's hits. Each further hit under one heading loses ``loss`` for every one before it."""

    def __init__(self, retriever: Retriever, *, loss: float) -> None:
        self._retriever = retriever
        self._loss = loss

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Return the hits in the order of their lowered scores. Text without headings loses nothing."""
        remaining = self._retriever.retrieve(query, limit=max(limit, _CANDIDATES))
        before: Counter[tuple[object, ...]] = Counter()
        chosen: list[Hit] = []
        while remaining and len(chosen) < limit:
            scores = [
                hit.score - self._loss * before[_section(hit)] if hit.passage.locator.heading else hit.score
                for hit in remaining
            ]
            score = max(scores)
            hit = remaining.pop(scores.index(score))
            if score != hit.score:
                lowered = Signal("same section", score - hit.score)
                chosen.append(replace(hit, score=score, signals=(*hit.signals, lowered)))
            else:
                chosen.append(hit)
            before[_section(hit)] += 1
        return chosen


def _section(hit: Hit) -> tuple[object, ...]:
    return hit.passage.document_id, hit.passage.locator.heading
