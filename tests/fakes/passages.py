"""Passages out of thin air, and a retriever that finds them."""

from indexes.types import Hit, Locator, Passage, Query, Signal


def passage(text: str, *, path: str = "a.txt", start: int = 0, page: int | None = None, context: str = "") -> Passage:
    lines = text.count("\n") + 1
    place = Locator(start, start + len(text), 1, lines, page=page)
    return Passage(f"{path}:{start}", path, path, path, context, text, place)


class FixedRetriever:
    """Finds the same passages whatever is asked, and remembers what was."""

    def __init__(self, *passages: Passage) -> None:
        self._hits = [Hit(p, 1 / rank) for rank, p in enumerate(passages, start=1)]
        self.queries: list[str] = []
        self.asked: list[Query] = []

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        self.queries.append(query.whole)
        self.asked.append(query)
        return self._hits[:limit]


def with_evidence(found: Passage, cosine: float, words: float) -> Hit:
    """As ``HybridRetriever`` finds it."""
    return Hit(found, cosine + 1.2 * words, (Signal("dense", cosine), Signal("lexical", words)))
