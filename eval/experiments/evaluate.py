"""An engine measured on gold questions: ``evaluate(engine, cases, folder)`` gives a finished run."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from eval.metrics.summary import finish
from eval.runs.folder import RunFolder
from eval.runs.llm_cache import CachedChat
from eval.runs.provenance import facts, model_identity
from eval.runs.runner import Asking, Listener, ask, retrieve, run, with_gold
from eval.types import GoldCase, Row
from rag.engine.engine import Engine, make_assistant
from rag.engine.factories import has_llm, make_prices, make_rewriter
from rag.protocols import ChatModel

CACHE = Path("var/replies.sqlite3")
_DOCUMENTS = 64
"""Documents kept at hand: gold questions on one of them stand together."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is made; none of it changes what is measured."""

    gold_file: str = ""
    retrieval_only: bool = False
    concurrency: int | None = None
    """Questions asked at once: by default 4 of a language model, and 1 offline, where they share the processor."""
    cache: Path | None = CACHE
    """A language model's replies by all that they depend on; None asks for each anew."""


def _nothing(_: Row) -> None: ...


def evaluate(
    engine: Engine,
    cases: Sequence[GoldCase],
    folder: Path,
    options: Options = Options(),
    listener: Listener = _nothing,
) -> RunFolder:
    """Asks what the folder has no answer to yet, then sums up. Raises ``RunError`` where it holds another run."""
    made = RunFolder(folder)
    about = facts(engine, cases, folder.name, options.gold_file, retrieval_only=options.retrieval_only)
    asking = with_gold(_asking(engine, options), lru_cache(_DOCUMENTS)(engine.catalog.document_at))
    concurrency = options.concurrency or (4 if has_llm(engine.settings.llm) and not options.retrieval_only else 1)
    with made.begun(about, cases):
        asyncio.run(run(made, about, cases, asking, listener, concurrency=concurrency))
        finish(made)
    return made


def _asking(engine: Engine, options: Options) -> Asking:
    llm, model = engine.settings.llm, _model(engine, options.cache)
    prices = make_prices(llm)
    if not options.retrieval_only:
        return partial(ask, answerer=make_assistant(engine, model), prices=prices)
    rewriter = make_rewriter(engine.settings, model)
    return partial(retrieve, retriever=engine, limit=engine.settings.retrieval.limit, rewriter=rewriter, prices=prices)


def _model(engine: Engine, cache: Path | None) -> ChatModel:
    """The engine's own, with its replies kept. Offline there is no model to ask."""
    if cache is None or not has_llm(engine.settings.llm):
        return engine.model
    return CachedChat(engine.model, cache, model_identity(engine.settings.llm))
