"""The one path a question takes: rewrite, retrieve, stream, verify."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from indexes.protocols import Retriever
from indexes.types import Query
from rag import prompts
from rag.checking import Checked, Checker
from rag.citations import MarkerStream, without_markers
from rag.protocols import ChatModel, Rewriter
from rag.rewriting import OFFLINE
from rag.types import (
    Answer,
    Completed,
    Confidence,
    Delta,
    Event,
    Piece,
    Question,
    Retrieval,
    Retrieved,
    Sentence,
    Turn,
    Usage,
)

DECLINED = "The documents do not answer this question."
_HISTORY_TURNS = 6
_DRESS = " \n*_`\"'"
"""What models put around the word that declines."""


class Assistant:
    """Answers from passages, and cites."""

    def __init__(
        self,
        retriever: Retriever,
        model: ChatModel,
        *,
        limit: int = 8,
        rewriter: Rewriter = OFFLINE,
        checker: Checker | None = None,
    ) -> None:
        self._retriever = retriever
        self._model = model
        self._limit = limit
        self._rewriter = rewriter
        self._checker = checker or Checker()

    async def answer(self, question: Question) -> Answer:
        async with aclosing(self.stream(question)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    return event.answer
        raise AssertionError("stream() always completes")

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        """Raises ``ModelError`` where the model fails."""
        clock = Clock()
        rewritten = await self._rewriter.query(question)
        if rewritten.usage is not None:
            clock.lap("rewrite")
        retrieval = await asyncio.to_thread(self._retrieve, rewritten.query)
        clock.lap("retrieve")
        yield Retrieved(retrieval)
        markers, told = MarkerStream([hit.passage for hit in retrieval.hits]), _Told(rewritten.usage)
        if retrieval.hits:  # nothing found never calls the model
            async with aclosing(self._written(question, retrieval)) as pieces:
                async for piece in pieces:
                    if not isinstance(piece, str):
                        told.take(piece)
                    elif text := markers.feed(piece):
                        clock.lap("first_token", once=True)
                        yield Delta(text)
            if text := markers.finish():
                yield Delta(text)
        if not markers.text:
            yield Delta(DECLINED)
        clock.lap("generate")
        checked = await self._verify(markers, retrieval)
        told.add(checked.usage)
        clock.lap("check")
        yield Completed(self._complete(question, retrieval, checked, told, clock))

    def _retrieve(self, query: Query) -> Retrieval:
        hits = self._retriever.retrieve(query, limit=self._limit)
        return Retrieval(query, tuple(hits))

    async def _written(self, question: Question, retrieval: Retrieval) -> AsyncGenerator[Piece]:
        """What the model writes; nothing where it writes that the sources do not answer."""
        turn = prompts.user_turn(question.text, prompts.sources_of(retrieval.hits))
        # the numbers of earlier answers name other sources
        before = [Turn(said.role, without_markers(said.text)) for said in question.history[-_HISTORY_TURNS:]]
        turns = [*before, turn]
        held: str | None = ""
        async with aclosing(self._model.stream(prompts.SYSTEM, turns)) as pieces:
            async for piece in pieces:
                if not isinstance(piece, str) or held is None:
                    yield piece
                elif _may_decline(held := held + piece):
                    continue  # to its end where it does: the usage comes last
                else:
                    yield held
                    held = None
        if held and not _declines(held):
            yield held

    async def _verify(self, markers: MarkerStream, retrieval: Retrieval) -> Checked:
        return await self._checker.check(markers.text, markers.citations(), [hit.passage for hit in retrieval.hits])

    def _complete(
        self, question: Question, retrieval: Retrieval, checked: Checked, told: "_Told", clock: "Clock"
    ) -> Answer:
        """An answer of which nothing is borne out by its sources is none."""
        declined = not any(sentence.verdict in ("supported", "weak") for sentence in checked.sentences)
        return Answer(
            question=question,
            text=DECLINED if declined else checked.text,
            status="declined" if declined else "answered",
            citations=() if declined else checked.citations,
            sentences=() if declined else checked.sentences,
            retrieval=retrieval,
            model=self._model.name,
            confidence=_confidence(checked.sentences) if told.confidence is None else told.confidence,
            usage=told.usage,
            timings=clock.total(),
        )


def _may_decline(start: str) -> bool:
    """Whether a reply that starts so declines, or may yet."""
    bare = start.lstrip(_DRESS)
    return _declines(start) or prompts.NO_ANSWER.startswith(bare)


def _declines(reply: str) -> bool:
    return reply.lstrip(_DRESS).startswith(prompts.NO_ANSWER)


def _confidence(sentences: tuple[Sentence, ...]) -> float:
    return sum(sentence.support for sentence in sentences) / len(sentences) if sentences else 0.0


class _Told:
    """What a model said beside its words; ``before`` is what was used to find the sources."""

    def __init__(self, before: Usage | None) -> None:
        self._before = self.usage = before or Usage()
        self.confidence: float | None = None

    def take(self, piece: Usage | Confidence) -> None:
        if isinstance(piece, Usage):
            self.usage = self._before + piece
        else:
            self.confidence = piece.value

    def add(self, usage: Usage | None) -> None:
        """Of a further call."""
        if usage is not None:
            self.usage += usage


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str, *, once: bool = False) -> None:
        now = time.perf_counter()
        if once:
            self._laps.setdefault(stage, now - self._began)
        else:
            self._laps[stage] = now - self._last
            self._last = now

    def total(self) -> dict[str, float]:
        return self._laps | {"total": time.perf_counter() - self._began}
