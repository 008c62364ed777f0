"""A reranker that needs no model: how many of the question's words a text has."""

from collections.abc import Sequence

from indexes.text.tokenization import stems


class WordsReranker:
    name = "words"

    def score(self, query: str, texts: Sequence[str], /) -> list[float]:
        asked = set(stems(query))
        return [float(len(asked & set(stems(text)))) for text in texts]
