"""Hits of several sections before many of one: a question that needs two places finds both among the first."""

from collections import Counter
from dataclasses import replace

from indexes.protocols import Retriever
from indexes.types import Hit, Query, Signal

_LOOKED_AT = 50


class VariedRetriever:
    """Another's hits, each further one under the same heading of a document losing ``loss`` for every one before it."""

    def __init__(self, retriever: Retriever, *, loss: float) -> None:
        self._retriever = retriever
        self._loss = loss

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Text without headings is not told apart, and loses nothing."""
        left = self._retriever.retrieve(query, limit=max(limit, _LOOKED_AT))
        before: Counter[tuple[object, ...]] = Counter()
        chosen: list[Hit] = []
        while left and len(chosen) < limit:
            place, score = max(enumerate(self._worth(hit, before) for hit in left), key=lambda item: item[1])
            hit = left.pop(place)
            chosen.append(hit if score == hit.score else _lowered(hit, score))
            before[_section(hit)] += 1
        return chosen

    def _worth(self, hit: Hit, before: Counter[tuple[object, ...]]) -> float:
        return hit.score - self._loss * before[_section(hit)] if hit.passage.locator.heading else hit.score


def _section(hit: Hit) -> tuple[object, ...]:
    return hit.passage.document_id, hit.passage.locator.heading


def _lowered(hit: Hit, score: float) -> Hit:
    return replace(hit, score=score, signals=(*hit.signals, Signal("same section", score - hit.score)))
