"""Hits that stand side by side become one: evidence that was cut in two is read, and cited, whole."""

from collections.abc import Sequence
from dataclasses import replace

from indexes.protocols import Retriever
from indexes.storage.catalog import Catalog
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
        return [*self._whole(hits[:limit]), *hits[limit:]][:limit]

    def _whole(self, hits: Sequence[Hit]) -> list[Hit]:
        """Each takes in the neighbours among those that come after it, as long as it has some."""
        kept = list(hits)
        place = 0
        while place < len(kept):
            others = enumerate(kept[place + 1 :], place + 1)
            found = next(((n, whole) for n, other in others if (whole := self._joined(kept[place], other))), None)
            if found:
                del kept[found[0]]
                kept[place] = found[1]
            else:
                place += 1
        return kept

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
        if not (text.startswith(first.text) and text.endswith(last.text)):  # the document changed meanwhile
            return None
        place = replace(first.locator, char_end=end, line_end=last.locator.line_end)
        whole = replace(first, id=f"{first.id}+{last.id}", text=text, locator=place)
        return Hit(whole, one.score, one.signals)


def _follow(first: Locator, last: Locator) -> bool:
    same = (first.page, first.sheet, first.slide, first.heading) == (last.page, last.sheet, last.slide, last.heading)
    return same and 0 <= last.char_start - first.char_end <= _GAP


def _parts(*passages: Passage) -> int:
    return sum(1 + passage.id.count("+") for passage in passages)
