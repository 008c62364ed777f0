"""Postprocessors of another retriever's hits: neighbours become one, and several sections come before one."""

from collections import Counter
from dataclasses import replace

from indexes.protocols import Retriever
from indexes.storage.catalog import Catalog
from indexes.types import Hit, Passage, Query, Signal

_MAX_MERGED = 3
"""Passages that become one."""
_MAX_GAP = 4
"""Blank characters between a passage and the next."""
_DIVERSE = 50
"""Hits among which several sections are looked for, at least."""


class MergingRetriever:
    """Merges hits that stand side by side, so that evidence that was cut in two is read and cited whole.

    A merged hit has the score of its best.
    """

    def __init__(self, retriever: Retriever, catalog: Catalog) -> None:
        self._retriever = retriever
        self._catalog = catalog

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Merge among the best ``limit`` hits, and fill the places that this leaves with the next hits."""
        hits = self._retriever.retrieve(query, limit=2 * limit)
        merged = list(hits[:limit])
        place = 0
        while place < len(merged):
            for other in range(place + 1, len(merged)):
                if whole := self._merge(merged[place], merged[other]):
                    merged[place] = whole
                    del merged[other]
                    break
            else:
                place += 1
        return [*merged, *hits[limit:]][:limit]

    def _merge(self, hit: Hit, other: Hit) -> Hit | None:
        """Return both as one; None where they do not follow each other on one page and under one heading."""
        first, last = sorted((hit.passage, other.passage), key=lambda passage: passage.locator.char_start)
        start, end = first.locator.char_start, last.locator.char_end
        gap = last.locator.char_start - first.locator.char_end
        count = 2 + first.id.count("+") + last.id.count("+")
        if _section(first) != _section(last) or not 0 <= gap <= _MAX_GAP or count > _MAX_MERGED:
            return None
        text = self._catalog.search_rows.text(first.document_id, start, end)
        lines = text[: last.locator.char_start - start].count("\n")
        between = text[first.locator.char_end - start : last.locator.char_start - start]
        if between.strip() or first.locator.line_start + lines != last.locator.line_start:
            return None
        if not (text.startswith(first.text) and text.endswith(last.text)):  # the document changed meanwhile
            return None
        locator = replace(first.locator, char_end=end, line_end=last.locator.line_end)
        return Hit(replace(first, id=f"{first.id}+{last.id}", text=text, locator=locator), hit.score, hit.signals)


class DiverseRetriever:
    """Puts hits of several sections before many hits of one, for answers that need two places.

    Each further hit under one heading loses ``loss`` for every one before it.
    """

    def __init__(self, retriever: Retriever, *, loss: float) -> None:
        self._retriever = retriever
        self._loss = loss

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Return the hits in the order of their lowered scores. Text without headings loses nothing."""
        remaining = self._retriever.retrieve(query, limit=max(limit, _DIVERSE))
        before: Counter[tuple[object, ...]] = Counter()
        chosen: list[Hit] = []
        while remaining and len(chosen) < limit:
            scores = [
                hit.score - self._loss * before[_heading(hit.passage)] if hit.passage.locator.heading else hit.score
                for hit in remaining
            ]
            score = max(scores)
            hit = remaining.pop(scores.index(score))
            if score != hit.score:
                lowered = Signal("same section", score - hit.score)
                chosen.append(replace(hit, score=score, signals=(*hit.signals, lowered)))
            else:
                chosen.append(hit)
            before[_heading(hit.passage)] += 1
        return chosen


def _section(passage: Passage) -> tuple[object, ...]:
    place = passage.locator
    return passage.document_id, place.page, place.sheet, place.slide, place.heading


def _heading(passage: Passage) -> tuple[object, ...]:
    return passage.document_id, passage.locator.heading
