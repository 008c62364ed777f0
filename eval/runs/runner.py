"""Asks the engine every gold question, and keeps what comes of each as it comes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from eval.gold.evidence import Documents, resolve_evidence
from eval.runs.folder import Provenance, RunError, RunFolder
from eval.runs.llm_cache import replayed
from eval.types import AnswerSentence, CitedQuote, GoldCase, Location, RetrievedPassage, Row
from indexes.errors import FootnoteError
from indexes.protocols import Retriever
from indexes.types import Hit, Locator
from rag.answering.assistant import Clock
from rag.answering.query_rewriting import OFFLINE
from rag.llms.pricing import UNKNOWN, Prices
from rag.protocols import Answerer, Rewriter
from rag.question.validation import make_question
from rag.types import Answer, Usage

_T = TypeVar("_T")
_IN_A_ROW = 10
"""Questions that fail one after the other: a server that is away is not asked all the others too."""
CaseRunner = Callable[[GoldCase], Awaitable[Row]]
Listener = Callable[[Row], None]


async def answer_case(case: GoldCase, answerer: Answerer, prices: Prices = UNKNOWN) -> Row:
    """An error is kept as one: a run goes on, and the scores count it as wrong."""
    began = time.perf_counter()
    replayed.set(False)
    try:
        answer = await answerer.answer(make_question(case.question, case.history))
    except FootnoteError as error:
        return Row(case.id, "failed", timings={"total": time.perf_counter() - began}, error=str(error))
    return replace(_row(case, answer), cost=prices.cost(answer.usage), cached=replayed.get())


async def retrieve_case(
    case: GoldCase,
    retriever: Retriever,
    limit: int,
    rewriter: Rewriter = OFFLINE,
    prices: Prices = UNKNOWN,
) -> Row:
    """What would be given to the model; nothing is answered. Rewriting the question may still take a call."""
    clock = Clock()
    replayed.set(False)
    try:
        rewritten = await rewriter.query(make_question(case.question, case.history))
        if rewritten.usage is not None:
            clock.lap("rewrite")
        hits = await asyncio.to_thread(retriever.retrieve, rewritten.query, limit=limit)
        clock.lap("retrieve")
    except FootnoteError as error:
        return Row(case.id, "failed", timings=clock.total(), error=str(error))
    usage = rewritten.usage or Usage()
    found, cost = _found(hits), prices.cost(usage)
    return Row(
        case.id, "retrieved", retrieved=found, usage=usage, cost=cost, cached=replayed.get(), timings=clock.total()
    )


def with_gold_locations(asking: CaseRunner, documents: Documents) -> CaseRunner:
    """Rows that also say where the evidence stands in the index."""

    async def asked(case: GoldCase) -> Row:
        row = await asking(case)
        return replace(row, gold=tuple(resolve_evidence(item, documents) for item in case.evidence))

    return asked


async def run_cases(
    folder: RunFolder,
    facts: Provenance,
    cases: Sequence[GoldCase],
    asking: CaseRunner,
    listener: Listener,
    *,
    concurrency: int = 1,
) -> None:
    """Asks what the folder has no answer to yet, ``concurrency`` questions at a time; failures are asked again.

    Each row is on disk before the listener hears of it. Raises ``RunError`` where the folder holds another run or
    another process is at it, and where so many questions fail one after the other that the next ones would too.
    """
    failed = 0

    async def work(case: GoldCase) -> None:
        nonlocal failed
        row = await asking(case)
        folder.append(row)
        listener(row)
        failed = failed + 1 if row.error else 0
        if failed == _IN_A_ROW:
            raise RunError(f"Stopped, as {failed} questions failed one after the other. The last one: {row.error}")

    with folder.open_exclusively(facts, cases):
        done = folder.answered_ids()
        await run_concurrently([case for case in cases if case.id not in done], work, concurrency)


async def run_concurrently(items: Iterable[_T], work: Callable[[_T], Awaitable[None]], concurrency: int) -> None:
    """Works on so many of them at a time. The first failure stops the others and is raised."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(concurrency):
                workers.create_task(worker())
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


def _row(case: GoldCase, answer: Answer) -> Row:
    return Row(
        id=case.id,
        status=answer.status,
        retrieved=_found(answer.retrieval.hits),
        answer=answer.text,
        citations=tuple(
            CitedQuote(c.number, _place(c.passage.path, c.locator), c.quote, c.support) for c in answer.citations
        ),
        sentences=tuple(AnswerSentence(s.text, s.citations, s.support, s.verdict) for s in answer.sentences),
        confidence=answer.confidence,
        model=answer.model,
        usage=replace(answer.usage, cost=None),  # which the row tells itself
        timings=dict(answer.timings),
        unanswered=answer.unanswered,
        declined_by=answer.declined_by,
    )


def _found(hits: Sequence[Hit]) -> tuple[RetrievedPassage, ...]:
    passages = [(hit.passage, hit.score) for hit in hits]
    return tuple(
        RetrievedPassage(_place(p.path, p.locator), p.title, p.locator.heading, p.text, score) for p, score in passages
    )


def _place(path: str, locator: Locator) -> Location:
    return Location(path, locator.page, locator.char_start, locator.char_end)
