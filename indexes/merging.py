"""Hits that stand side by side become one: evidence that was cut in two is read, and cited, whole."""

from dataclasses import replace

from indexes.catalog import Catalog
from indexes.protocols import Retriever
from indexes.types import Hit, Locator, Passage, Query

_MOST = 3
"""Passages that become one."""
_GAP = 4
"""Characters between two that follow each other, all of them blank."""


class WholeRetriever:
    """Another's hits, those that are neighbours joined. A hit scores as the best of what it joins."""

    def __init__(self, retriever: Retriever, catalog: Catalog) -> None:
        self._retriever = retriever
        self._catalog = catalog

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Joins among the best ``limit``, and fills what that leaves with those that come after."""
        hits = self._retriever.retrieve(query, limit=2 * limit)
        joined: list[Hit] = []
        for hit in hits[:limit]:
            place = next((n for n, other in enumerate(joined) if self._joined(other, hit)), None)
            if place is None:
                joined.append(hit)
            elif whole := self._joined(joined[place], hit):
                joined[place] = whole
        return [*joined, *hits[limit:]][:limit]

    def _joined(self, one: Hit, other: Hit) -> Hit | None:
        """None where they do not follow each other, in whichever order, on one page and under one heading."""
        first, last = sorted((one.passage, other.passage), key=lambda passage: passage.locator.char_start)
        if (
            not _follow(first.locator, last.locator)
            or first.document_id != last.document_id
            or _parts(first, last) > _MOST
        ):
            return None
        start, end = first.locator.char_start, last.locator.char_end
        text = self._catalog.entries.text(first.document_id, start, end)
        lines = text[: last.locator.char_start - start].count("\n")
        between = text[first.locator.char_end - start : last.locator.char_start - start]
        if between.strip() or first.locator.line_start + lines != last.locator.line_start:
            return None
        place = replace(first.locator, char_end=end, line_end=last.locator.line_end)
        whole = replace(first, id=f"{first.id}+{last.id}", text=text, locator=place)
        return Hit(whole, one.score, one.signals)


def _follow(first: Locator, last: Locator) -> bool:
    same = (first.page, first.sheet, first.slide, first.heading) == (last.page, last.sheet, last.slide, last.heading)
    return same and 0 <= last.char_start - first.char_end <= _GAP


def _parts(*passages: Passage) -> int:
    return sum(1 + passage.id.count("+") for passage in passages)
