"""Asks the engine gold questions, and writes each row to disk as it comes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
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
from rag.types import Usage

_T = TypeVar("_T")
_MAX_FAILURES = 10
"""Consecutive failures after which a run stops: the server is probably down."""
CaseRunner = Callable[[GoldCase], Coroutine[None, None, Row]]
Listener = Callable[[Row], None]


async def answer_case(case: GoldCase, answerer: Answerer, prices: Prices = UNKNOWN) -> Row:
    """Return the row of an answer, or of the error in its place: the run goes on, and scores count it as wrong."""
    start = time.perf_counter()
    replayed.set(False)
    try:
        answer = await answerer.answer(make_question(case.question, case.history))
    except FootnoteError as error:
        return Row(case.id, "failed", timings={"total": time.perf_counter() - start}, error=str(error))
    return Row(
        id=case.id,
        status=answer.status,
        retrieved=_retrieved_passages(answer.retrieval.hits),
        answer=answer.text,
        citations=tuple(
            CitedQuote(c.number, _location(c.passage.path, c.locator), c.quote, c.support) for c in answer.citations
        ),
        sentences=tuple(
            AnswerSentence(s.text, s.citations, s.support, s.verdict, s.contradicted) for s in answer.sentences
        ),
        confidence=answer.confidence,
        model=answer.model,
        usage=replace(answer.usage, cost=None),  # the row has it
        cost=prices.cost(answer.usage),
        cached=replayed.get(),
        timings=dict(answer.timings),
        unanswered=answer.unanswered,
        declined_by=answer.declined_by,
    )


async def retrieve_case(
    case: GoldCase,
    retriever: Retriever,
    limit: int,
    rewriter: Rewriter = OFFLINE,
    prices: Prices = UNKNOWN,
) -> Row:
    """Return the row of a search without an answer. Rewriting the question may still call a model."""
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
    return Row(
        case.id,
        "retrieved",
        retrieved=_retrieved_passages(hits),
        usage=usage,
        cost=prices.cost(usage),
        cached=replayed.get(),
        timings=clock.total(),
    )


def with_gold_locations(run_case: CaseRunner, documents: Documents) -> CaseRunner:
    """Return a runner whose rows also have the evidence's locations in the index."""

    async def run_and_locate(case: GoldCase) -> Row:
        row = await run_case(case)
        return replace(row, gold=tuple(resolve_evidence(item, documents) for item in case.evidence))

    return run_and_locate


async def run_cases(
    folder: RunFolder,
    provenance: Provenance,
    cases: Sequence[GoldCase],
    run_case: CaseRunner,
    listener: Listener,
    *,
    concurrency: int = 1,
) -> None:
    """Ask the questions that the folder has no answer to, ``concurrency`` at a time; failures are asked again.

    Each row is on disk before the listener is called. Raises ``RunError`` where the folder holds another run, where
    another process works on it, and after many consecutive failures.
    """
    failed = 0

    async def run_and_store(case: GoldCase) -> None:
        nonlocal failed
        row = await run_case(case)
        folder.append(row)
        listener(row)
        failed = failed + 1 if row.error else 0
        if failed == _MAX_FAILURES:
            raise RunError(f"Stopped after {failed} consecutive failures. The last one: {row.error}")

    with folder.open_exclusively(provenance, cases):
        done = folder.answered_ids()
        await run_concurrently([case for case in cases if case.id not in done], run_and_store, concurrency)


async def run_concurrently(items: Iterable[_T], work: Callable[[_T], Awaitable[None]], concurrency: int) -> None:
    """Work on ``concurrency`` items at a time. The first failure stops the others and is raised."""
    remaining = iter(items)

    async def worker() -> None:
        for item in remaining:
            await work(item)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(concurrency):
                workers.create_task(worker())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _retrieved_passages(hits: Sequence[Hit]) -> tuple[RetrievedPassage, ...]:
    passages = [(hit.passage, hit.score) for hit in hits]
    return tuple(
        RetrievedPassage(_location(p.path, p.locator), p.title, p.locator.heading, p.text, score)
        for p, score in passages
    )


def _location(path: str, locator: Locator) -> Location:
    return Location(path, locator.page, locator.char_start, locator.char_end)
