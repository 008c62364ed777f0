"""Measure an engine on gold questions: ``evaluate(engine, cases, folder)`` returns a finished run."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from eval.gold.coverage import missing_documents
from eval.metrics.summary import finish_run
from eval.runs.folder import RunFolder
from eval.runs.llm_cache import CachedChat
from eval.runs.provenance import collect_provenance, reply_identity
from eval.runs.runner import CaseRunner, Listener, answer_case, retrieve_case, run_cases, with_gold_locations
from eval.terminal import say
from eval.types import GoldCase
from rag.engine.engine import Engine, make_assistant
from rag.engine.factories import has_llm, make_prices, make_rewriter

CACHE = Path("var/replies.sqlite3")
_DOCUMENTS = 64
"""Documents held in memory: gold questions on one document stand together."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is made. No option changes what is measured."""

    gold_file: str = ""
    retrieval_only: bool = False
    concurrency: int | None = None
    """Questions asked at a time. None means 4 with a language model, and 1 offline, where they share the processor."""
    cache: Path | None = CACHE
    """A file of a language model's earlier replies; None asks for each anew."""


def evaluate(
    engine: Engine,
    cases: Sequence[GoldCase],
    folder: Path,
    options: RunOptions = RunOptions(),
    listener: Listener = lambda _: None,
) -> RunFolder:
    """Ask what the folder has no answer to yet, then score.

    Raises ``RunError`` where the folder holds another run, ``GoldError`` where the index has none of the documents.
    """
    if missing := missing_documents(cases, {path for path, _ in engine.catalog.readers()}):
        say(missing)
    result, settings, model = RunFolder(folder), engine.settings, engine.llm
    about = collect_provenance(engine, cases, folder.name, options.gold_file, retrieval_only=options.retrieval_only)
    prices, online = make_prices(settings.llm), has_llm(settings.llm)
    if options.cache and model:
        model = CachedChat(model, options.cache, reply_identity(settings.llm))
    if options.retrieval_only:
        limit, rewriter = settings.retrieval.limit, make_rewriter(settings, model)
        asking: CaseRunner = partial(retrieve_case, retriever=engine, limit=limit, rewriter=rewriter, prices=prices)
    else:
        asking = partial(answer_case, answerer=make_assistant(engine, model), prices=prices)
    asking = with_gold_locations(asking, lru_cache(_DOCUMENTS)(engine.catalog.document_at))
    concurrency = options.concurrency or (4 if online and not options.retrieval_only else 1)
    with result.open_exclusively(about, cases):
        asyncio.run(run_cases(result, about, cases, asking, listener, concurrency=concurrency))
        finish_run(result)
    return result
