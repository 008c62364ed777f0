"""The one path a question takes: rewrite, retrieve, stream, verify."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from indexes.protocols import Retriever
from indexes.types import Query
from rag.answering.draft import Draft
from rag.answering.query_rewriting import OFFLINE
from rag.citations.markers import without_markers
from rag.errors import ModelError
from rag.prompting import prompts
from rag.prompting.context_window import NOTHING, OPEN, Window, pack
from rag.protocols import Answerer, ChatModel, Rewriter
from rag.question.followups import is_about_answer
from rag.types import (
    Answer,
    Completed,
    Decliner,
    Delta,
    Event,
    Question,
    Retrieval,
    Retrieved,
    Sentence,
    Turn,
    Usage,
)
from rag.verification.abstention import DECLINED, declined, is_near
from rag.verification.checker import Checker
from rag.verification.policy import MARK, Checked, Policy, better, cut

__all__ = ["DECLINED", "Assistant", "Clock"]
_log = logging.getLogger(__name__)


class Assistant(Answerer):
    """Answers from passages, and cites."""

    def __init__(
        self,
        retriever: Retriever,
        model: ChatModel,
        *,
        limit: int = 8,
        rewriter: Rewriter = OFFLINE,
        window: Window = OPEN,
        checker: Checker | None = None,
        policy: Policy = MARK,
    ) -> None:
        self._retriever = retriever
        self._model = model
        self._limit = limit
        self._rewriter = rewriter
        self._window = window
        self._checker = checker or Checker()
        self.policy = policy

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        """Raises ``ModelError`` where the model fails."""
        clock = Clock()
        rewritten = await self._rewriter.query(question)
        if rewritten.usage is not None:
            clock.lap("rewrite")
        retrieval = await asyncio.to_thread(self._retrieve, rewritten.query)
        system, near = _system(question), is_near(retrieval.hits, self.policy.min_evidence)
        packed = pack(question, retrieval.hits, self._window, system) if near else NOTHING
        retrieval = replace(retrieval, left_out=packed.left_out)
        clock.lap("retrieve")
        yield Retrieved(retrieval)
        draft, second = Draft(packed.hits, question.text), Draft(packed.hits, question.text)
        if near:  # else the model is never called
            async with aclosing(self._written(system, packed.turns, draft)) as texts:
                async for text in texts:
                    clock.lap("first_token", once=True)
                    yield Delta(text)
        if not draft.text:
            yield Delta(DECLINED)
        clock.lap("generate")
        checked = await self._checked(draft)
        clock.lap("check")
        drafts, cut_short = (draft, second), draft.cut_short
        if self.policy.unsupported == "retry" and checked.doubtful:
            again = better(checked, await self._retried(system, packed.turns, checked, drafts))
            if again is not checked:
                checked, cut_short = again, second.cut_short
            clock.lap("retry")
        if self.policy.unsupported == "cut" and checked.answers:
            checked = cut(checked)
        answer = self._complete(question, retrieval, checked, drafts, clock)
        answer = replace(answer, cut_short=cut_short, usage=(rewritten.usage or Usage()) + answer.usage)
        yield Completed(answer if checked.answers else declined(answer, _decliner(checked, near=near)))

    def _retrieve(self, query: Query) -> Retrieval:
        hits = self._retriever.retrieve(query, limit=self._limit)
        return Retrieval(query, tuple(hits))

    async def _written(self, system: str, turns: Sequence[Turn], draft: Draft) -> AsyncGenerator[str]:
        async with (
            aclosing(self._model.stream(system, turns)) as pieces,
            aclosing(draft.read(pieces)) as texts,
        ):
            async for text in texts:
                yield text

    async def _retried(
        self, system: str, turns: Sequence[Turn], found: Checked, drafts: tuple[Draft, Draft]
    ) -> Checked:
        """One more attempt, the model told what was found of the first. Where it fails, the first stands."""
        first, second = drafts
        finding = prompts.retry_turn([without_markers(s.text) for s in found.doubtful], nothing_else=not found.answers)
        try:
            async for _ in self._written(system, [*turns, Turn("assistant", first.reply), finding], second):
                pass
        except ModelError as error:
            _log.warning("The first answer stands, as asking the model again failed: %s", type(error).__name__)
            return found
        return await self._checked(second)

    async def _checked(self, draft: Draft) -> Checked:
        told = await self._checker.check(draft.text, draft.markers.citations(), draft.passages)
        draft.usage += told.usage or Usage()
        return replace(told, unanswered=draft.unanswered)

    def _complete(
        self, question: Question, retrieval: Retrieval, checked: Checked, drafts: Sequence[Draft], clock: "Clock"
    ) -> Answer:
        told = next((draft.confidence for draft in drafts if draft.confidence is not None), None)
        return Answer(
            question=question,
            text=checked.text,
            status="partly" if checked.lacking else "answered",
            citations=checked.citations,
            sentences=checked.claims,
            retrieval=retrieval,
            model=self._model.name,
            confidence=_confidence(checked.claims) if told is None else told,
            usage=sum((draft.usage for draft in drafts), Usage()),
            timings=clock.total(),
            unanswered=checked.lacking,
        )


def _system(question: Question) -> str:
    about = is_about_answer(question.text) and any(said.role == "assistant" for said in question.history)
    return prompts.system(question.language, about_answer=about)


def _decliner(checked: Checked, *, near: bool) -> Decliner:
    """An answer of which nothing is borne out by its sources is none."""
    return "search" if not near else "check" if checked.claims else "model"


def _confidence(sentences: tuple[Sentence, ...]) -> float:
    return sum(sentence.support for sentence in sentences) / len(sentences) if sentences else 0.0


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
