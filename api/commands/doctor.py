"""``footnote status`` and ``footnote doctor``: what the index holds, and whether everything works."""

import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from api.core.findings import Finding
from indexes.errors import FootnoteError, IndexUnreadableError

if TYPE_CHECKING:
    from rag.engine.engine import Engine
    from rag.settings import Settings

_PACKAGES = ("footnote", "llama-index-core", "chromadb", "sentence-transformers", "torch", "openai")


def index_status(engine: "Engine") -> dict[str, object]:
    """Return facts about the index by name, as ``footnote status`` prints them."""
    documents, passages = engine.catalog.counts()
    size = 0
    for folder, _, names in os.walk(engine.settings.index.dir):
        for file in (Path(folder, name) for name in names):
            with suppress(FileNotFoundError):  # a running `footnote index` may have removed it
                size += file.stat().st_size if file.is_file() else 0
    return {
        "index": str(engine.settings.index.dir.resolve()),
        "documents": documents,
        "passages": passages,
        "embedding model": engine.catalog.get("encoder"),
        **({"note": engine.another_model} if engine.another_model else {}),
        "revision": engine.catalog.revision,
        "passages not yet in Chroma": engine.vectors.pending(),
        "size in MB": round(size / 2**20, 1),
    }


def examine(load: "Callable[[], Settings]") -> list[Finding]:
    """Return the outcome of every check, in order. Without a valid configuration the later checks are left out."""
    findings = [Finding("python", ok=True, detail=platform.python_version())]
    try:
        versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
        findings.append(Finding("packages", ok=True, detail=versions))
    except PackageNotFoundError as error:
        findings.append(Finding("packages", ok=False, detail=f"{error.name} is not installed: run `make install`"))
    try:
        settings = load()
    except FootnoteError as error:
        return [*findings, Finding("configuration", ok=False, detail=str(error))]
    findings.append(Finding("configuration", ok=True, detail=f"index in {settings.index.dir}"))
    for check, look in _CHECKS.items():
        try:
            findings.append(Finding(check, ok=True, detail=look(settings)))
        except FootnoteError as error:
            findings.append(Finding(check, ok=False, detail=str(error)))
    return findings


def _models(settings: "Settings") -> str:
    from indexes.models.store import ModelStore

    store = ModelStore(settings.models.dir)
    states = {name: store.state(name) for name in store.pulled()}
    shown = [name if state == "present" else f"{name} ({state})" for name, state in states.items()]
    return f"{', '.join(shown) or 'none were pulled'}, in {store.folder}"


def _encoder(settings: "Settings") -> str:
    from rag.engine.factories import make_encoder

    encoder = make_encoder(settings.embedding, settings.models.dir)
    vector = encoder.encode(["Is anyone there?"])
    return f"{encoder.name} answers with {vector.shape[1]} dimensions"


def _reranker(settings: "Settings") -> str:
    from rag.engine.factories import make_reranker

    reranker = make_reranker(settings)
    if reranker is None:
        return "none: results keep the order of the search"
    (score,) = reranker.score("Is anyone there?", ["Yes."])
    return f"{reranker.name} answers with a score of {score:.1f}"


def _language_model(settings: "Settings") -> str:
    import asyncio

    from rag.engine.engine import CONNECT
    from rag.engine.factories import has_llm, make_llm
    from rag.types import Turn

    if not has_llm(settings.llm):
        return f"none: answers consist of sentences from the documents. {CONNECT}"
    model = make_llm(settings.llm)

    async def reply() -> str:
        pieces = model.stream("Reply with the word yes.", [Turn("user", "Are you there?")])
        return "".join([piece async for piece in pieces if isinstance(piece, str)])

    return f"{model.name} answers: {asyncio.run(reply())[:40]!r}"


def _index(settings: "Settings") -> str:
    from rag.engine.engine import open_engine

    with open_engine(settings) as engine:
        documents, passages = engine.catalog.counts()
        faults, waiting = engine.vectors.faults(), engine.vectors.pending()
    if faults:
        raise IndexUnreadableError(f"The catalog opens and answers alone; {'; '.join(faults)}.")
    return f"{documents} documents, {passages} passages, {waiting} of them not yet in Chroma"


def _access(settings: "Settings") -> str:
    from rag.engine.access_state import AccessState
    from rag.engine.engine import open_engine

    with open_engine(settings) as engine:
        state = AccessState.of(settings, engine.catalog)
    state.check()
    return "; ".join(state.lines()) if state.rules else f"no rules: everyone may read all documents; {state.last_run}"


def _keys(settings: "Settings") -> str:
    from api.auth.api_keys import KeyStore
    from api.auth.policy import check_keys, wants_key

    check_keys(settings.server)
    keys = KeyStore(settings.server.dir).all()
    valid = sum(key.usable(time.time()) for key in keys)
    need = "everyone needs one" if wants_key(settings.server) else "requests from this machine need none"
    return f"{valid} of {len(keys)} are valid for the HTTP API; {need}"


_CHECKS = {
    "models": _models,
    "embedding model": _encoder,
    "reranking model": _reranker,
    "language model": _language_model,
    "index": _index,
    "access": _access,
    "keys": _keys,
}
"""What ``examine`` checks once the settings are read. A check returns a detail, or raises ``FootnoteError``."""
