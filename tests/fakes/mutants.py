"""A system made worse on purpose, each in one way: wrappers at the seams that a real one has."""

import random
import re
from collections.abc import AsyncGenerator
from dataclasses import replace

from indexes.protocols import Retriever
from indexes.types import Hit, Query
from rag.answering.assistant import DECLINED
from rag.protocols import Answerer
from rag.types import Answer, Citation, Completed, Event, Question


class ShuffledRetriever:
    """Finds what is there, in an order that has nothing to do with the question."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        hits = self._retriever.retrieve(query, limit=50)
        random.Random(query.text).shuffle(hits)
        return hits[:limit]


class Mutant:
    """An answerer whose answers are changed before anyone sees them."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    async def answer(self, question: Question) -> Answer:
        return self.changed(await self._answerer.answer(question))

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        yield Completed(await self.answer(question))

    def changed(self, answer: Answer) -> Answer:
        raise NotImplementedError


class WrongCitations(Mutant):
    """Each footnote names a passage that was found, and is of another document than the one it should."""

    def changed(self, answer: Answer) -> Answer:
        return replace(answer, citations=tuple(self._wrong(citation, answer) for citation in answer.citations))

    def _wrong(self, citation: Citation, answer: Answer) -> Citation:
        others = (hit.passage for hit in answer.retrieval.hits if hit.passage.path != citation.passage.path)
        other = next(others, None)
        return replace(citation, passage=other, quote=other.text, locator=other.locator) if other else citation


class AlwaysDeclines(Mutant):
    def changed(self, answer: Answer) -> Answer:
        return replace(answer, text=DECLINED, status="declined", citations=(), sentences=())


class Truncated(Mutant):
    """The first words of an answer, and its footnotes."""

    def changed(self, answer: Answer) -> Answer:
        if answer.status == "declined":
            return answer
        return replace(answer, text=" ".join(re.findall(r"\S+", answer.text)[:5]))
