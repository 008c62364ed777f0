"""The one path of a question: rewrite, retrieve, write, verify, complete."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from indexes.protocols import Retriever
from indexes.types import Hit, Passage, Query, Scope
from rag.answering.query_rewriting import OFFLINE
from rag.citations.markers import Mark, without_markers
from rag.errors import ModelError
from rag.evidence.wording.language_id import is_foreign_to
from rag.protocols import Answerer, Library, Rewriter, Writer
from rag.question.collection import asks_for_summary, names_in
from rag.question.languages import language_names
from rag.safety.output_filter import FilteredMarkerStream, OutputFilter
from rag.types import (
    Answer,
    Completed,
    Confidence,
    Context,
    CutShort,
    Delta,
    Discarded,
    Event,
    Piece,
    Question,
    Quoted,
    RawReply,
    Retrieval,
    Retrieved,
    Revision,
    Unanswered,
    Usage,
)
from rag.verification.abstention import (
    DECLINED,
    decline,
    is_foreign,
    is_relevant,
    matches_nothing,
    nearest_places,
    refusal,
)
from rag.verification.checker import CheckedText, Checker
from rag.verification.policy import DEFAULT_POLICY, Policy, better_of, cut_unsupported

__all__ = ["DECLINED", "Assistant", "Clock"]
_log = logging.getLogger(__name__)


class Draft:
    """The text a writer wrote, with numbered markers, and everything it reported beside the text."""

    def __init__(self, passages: Sequence[Passage], question: str = "") -> None:
        self.passages = passages
        self.reply = ""
        """The model's own words, with the model's own numbers."""
        self.unanswered = ""
        self.usage = Usage()
        self.confidence: float | None = None
        self.cut_short = ""
        self._question = question
        self._stream = FilteredMarkerStream(passages, question)

    @property
    def text(self) -> str:
        """The text that was shown. It is empty if the writer declined."""
        return self._stream.text

    @property
    def marks(self) -> list[Mark]:
        """The markers in ``text``, in order."""
        return self._stream.marks()

    async def read(self, pieces: AsyncIterator[Piece]) -> AsyncGenerator[str]:
        """Yield the text as it settles. Read to the end even if the model declines: its usage comes last."""
        async for piece in pieces:
            if text := self._take(piece):
                yield text
        if text := self._stream.finish():
            yield text

    def _take(self, piece: Piece) -> str:
        match piece:
            case str():
                return self._stream.feed(piece)
            case Quoted():
                return self._stream.quote(piece)
            case Usage():
                self.usage = piece
            case Confidence(value):
                self.confidence = value
            case CutShort(reason):
                self.cut_short = reason
            case RawReply(reply):
                self.reply = reply
            case Discarded():
                self._stream = FilteredMarkerStream(self.passages, self._question)
            case Unanswered(part):
                output_filter = OutputFilter(frozenset())
                self.unanswered = output_filter.feed(part) + output_filter.finish()
        return ""


class Assistant(Answerer):
    """Answers from passages, and cites them."""

    def __init__(
        self,
        retriever: Retriever,
        writer: Writer,
        *,
        limit: int = 8,
        rewriter: Rewriter = OFFLINE,
        checker: Checker | None = None,
        policy: Policy = DEFAULT_POLICY,
        count_documents: Callable[[Scope], int] = lambda _: 1,
        library: Library | None = None,
    ) -> None:
        """``count_documents`` tells how many documents a search may find."""
        self._retriever = retriever
        self._writer = writer
        self._limit = limit
        self._rewriter = rewriter
        self._checker = checker or Checker()
        self._library = library
        self.policy = policy
        self._count_documents = count_documents

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        """See ``Answerer``. Raises ``ModelError`` if the model fails."""
        clock = Clock()
        languages = await self._languages(question)
        rewritten = await self._rewriter.query(question, languages)
        if rewritten.usage is not None:
            clock.lap("rewrite")
        hits = await asyncio.to_thread(self._find, question, rewritten.query)
        near = self._is_near(hits, rewritten.query, languages)
        context = self._writer.fit(question, hits) if near else Context(())
        unmatched = await asyncio.to_thread(matches_nothing, rewritten.query.scope, hits, self._count_documents)
        stayed = not rewritten.query.original and is_foreign_to(question.text, languages)
        searched = language_names(languages) if stayed else ()
        retrieval = Retrieval(rewritten.query, hits, context.left_out, unmatched, searched)
        clock.lap("retrieve")
        yield Retrieved(retrieval)

        draft = Draft([hit.passage for hit in context.hits], question.text)
        if near:  # else no writer is asked
            async with aclosing(self._writer.write(question, context)) as pieces, aclosing(draft.read(pieces)) as texts:
                async for text in texts:
                    clock.lap("first_token", once=True)
                    yield Delta(text)
        if not draft.text:
            yield Delta(refusal(retrieval))
        clock.lap("generate")

        checked = await self._verify(draft, question)
        usage = draft.usage
        for call in filter(None, (rewritten.usage, checked.usage)):
            usage += call
        clock.lap("check")
        if self.policy.unsupported == "retry" and checked.doubtful:
            draft, checked, more = await self._retry(question, context, draft, checked)
            usage += more
            clock.lap("retry")
        if self.policy.unsupported == "cut" and checked.answers:
            checked = cut_unsupported(checked)
        answer = self._complete(question, retrieval, draft, checked, near=near)
        yield Completed(replace(answer, usage=usage, timings=clock.total()))

    def _find(self, question: Question, query: Query) -> tuple[Hit, ...]:
        """Search; a document that is to be summarised is read from its beginning."""
        if self._library and asks_for_summary(question.text):
            named = [path for name in names_in(question.text) for path in self._library.named(name, query.scope)]
            passages = self._library.beginning(named[0], query.scope, limit=self._limit) if named else ()
            if passages:
                return tuple(Hit(passage, 1 / rank) for rank, passage in enumerate(passages, start=1))
        return tuple(self._retriever.retrieve(query, limit=self._limit))

    async def _languages(self, question: Question) -> frozenset[str]:
        """Return the languages of the documents that the question may find."""
        if self._library is None:
            return frozenset()
        return await asyncio.to_thread(self._library.languages, Scope(question.audience, question.filters))

    def _is_near(self, hits: Sequence[Hit], query: Query, languages: frozenset[str]) -> bool:
        if self.policy.reads_on:
            return not is_foreign(hits, query, self.policy.min_evidence, languages)
        return is_relevant(hits, self.policy.min_evidence, query.text)

    async def _verify(self, draft: Draft, question: Question) -> CheckedText:
        checked = await self._checker.check(draft.text, draft.marks, draft.passages, question.text)
        return replace(checked, unanswered=draft.unanswered)

    async def _retry(
        self, question: Question, context: Context, first: Draft, checked: CheckedText
    ) -> tuple[Draft, CheckedText, Usage]:
        """Have the answer revised once, and return the better of the two. If the model fails, the first stands."""
        doubtful = tuple(without_markers(sentence.text) for sentence in checked.doubtful)
        revision = Revision(first.reply, doubtful, nothing_else=not checked.answers)
        second = Draft(first.passages, question.text)
        try:
            async with aclosing(self._writer.write(question, context, revision)) as pieces:
                async for _ in second.read(pieces):
                    pass
        except ModelError as error:
            _log.warning("The first answer stands, as asking the model again failed: %s", type(error).__name__)
            return first, checked, second.usage
        again = await self._verify(second, question)
        usage = second.usage + (again.usage or Usage())
        if better_of(checked, again) is checked:
            return first, checked, usage
        if first.confidence is not None:
            second.confidence = first.confidence
        return second, again, usage

    def _complete(
        self, question: Question, retrieval: Retrieval, draft: Draft, checked: CheckedText, *, near: bool
    ) -> Answer:
        supports = [sentence.support for sentence in checked.claims]
        answer = Answer(
            question=question,
            text=checked.text,
            status="partly" if checked.unanswered_part else "answered",
            citations=checked.citations,
            sentences=checked.claims,
            retrieval=retrieval,
            model=self._writer.name,
            confidence=sum(supports) / len(supports) if supports else 0.0,
            cut_short=draft.cut_short,
            unanswered=checked.unanswered_part,
        )
        if draft.confidence is not None:
            answer = replace(answer, confidence=draft.confidence)
        if not checked.claims:
            return decline(answer, "model" if near else "search")
        if not checked.answers:
            return replace(answer, status="unverified", nearest=nearest_places(retrieval.hits))
        return answer


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str, *, once: bool = False) -> None:
        """End a stage: note the seconds since the last one; with ``once``, the first time since the beginning."""
        now = time.perf_counter()
        if once:
            self._laps.setdefault(stage, now - self._began)
        else:
            self._laps[stage] = now - self._last
            self._last = now

    def total(self) -> dict[str, float]:
        """Return the seconds of each stage, and ``total``."""
        return self._laps | {"total": time.perf_counter() - self._began}
