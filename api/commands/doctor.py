"""What is installed and configured, whether the index opens, and what is wrong."""

import os
import platform
import time
from collections.abc import Callable, Iterator
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
    documents, passages = engine.catalog.counts()
    return {
        "index": str(engine.settings.index.dir.resolve()),
        "documents": documents,
        "passages": passages,
        "embedding model": engine.catalog.get("encoder"),
        **({"note": engine.another_model} if engine.another_model else {}),
        "revision": engine.catalog.revision,
        "passages not yet in Chroma": engine.vectors.pending(),
        "size in MB": round(_size_of(engine.settings.index.dir) / 2**20, 1),
    }


def _size_of(folder: Path) -> int:
    """Bytes; a running `footnote index` may take a folder or a file away between the look and the question."""
    return sum(_size(Path(inner, name)) for inner, _, names in os.walk(folder) for name in names)


def _size(file: Path) -> int:
    with suppress(FileNotFoundError):
        return file.stat().st_size if file.is_file() else 0
    return 0


def examine(settings: "Callable[[], Settings]") -> list[Finding]:
    """All checks, in the order in which they build on each other; what cannot be looked at is left out."""
    return list(_examine(settings))


def _examine(load: "Callable[[], Settings]") -> Iterator[Finding]:
    yield Finding("python", ok=True, detail=platform.python_version())
    yield _packages()
    try:
        settings = load()
    except FootnoteError as error:
        yield Finding("configuration", ok=False, detail=str(error))
        return
    yield Finding("configuration", ok=True, detail=f"index in {settings.index.dir}")
    yield Finding("models", ok=True, detail=_models(settings))
    yield _try("embedding model", lambda: _encoder(settings))
    yield _try("reranking model", lambda: _reranker(settings))
    yield _try("language model", lambda: _model(settings))
    yield _try("index", lambda: _index(settings))
    yield _try("keys", lambda: _keys(settings))


def _packages() -> Finding:
    try:
        return Finding("packages", ok=True, detail=", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    except PackageNotFoundError as error:
        return Finding("packages", ok=False, detail=f"{error.name} is not installed: run `make install`")


def _try(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, ok=True, detail=look())
    except FootnoteError as error:
        return Finding(check, ok=False, detail=str(error))


def _models(settings: "Settings") -> str:
    from indexes.models.store import ModelStore

    store = ModelStore(settings.models.dir)
    states = {name: store.state(name) for name in store.pulled()}
    shown = [name if state == "present" else f"{name} ({state})" for name, state in states.items()]
    return f"{', '.join(shown) or 'none were pulled'}, in {store.folder}"


def _reranker(settings: "Settings") -> str:
    from rag.engine.factories import make_reranker

    reranker = make_reranker(settings)
    if reranker is None:
        return "none: what was found stays in the order in which it was found"
    (score,) = reranker.score("Is anyone there?", ["Yes."])
    return f"{reranker.name} answers with a score of {score:.1f}"


def _encoder(settings: "Settings") -> str:
    from rag.engine.factories import make_encoder

    encoder = make_encoder(settings.embedding, settings.models.dir)
    vector = encoder.encode(["Is anyone there?"])
    return f"{encoder.name} answers with {vector.shape[1]} dimensions"


def _model(settings: "Settings") -> str:
    import asyncio

    from rag.engine.engine import CONNECT
    from rag.engine.factories import has_llm, make_llm
    from rag.types import Turn

    if not has_llm(settings.llm):
        return f"none: answers are put together from sentences of the documents. {CONNECT}"
    model = make_llm(settings.llm)

    async def said() -> str:
        pieces = model.stream("Reply with the word yes.", [Turn("user", "Are you there?")])
        return "".join([piece async for piece in pieces if isinstance(piece, str)])

    return f"{model.name} answers: {asyncio.run(said())[:40]!r}"


def _keys(settings: "Settings") -> str:
    from api.auth.api_keys import KeyStore
    from api.auth.policy import check_door, wants_key

    check_door(settings.server)
    keys = KeyStore(settings.server.dir).all()
    good = sum(key.usable(time.time()) for key in keys)
    whom = "everyone" if wants_key(settings.server) else "nobody at this machine's own address"
    return f"{good} of {len(keys)} open the HTTP API, which wants one of {whom}"


def _index(settings: "Settings") -> str:
    from rag.engine.engine import open_engine

    with open_engine(settings) as engine:
        documents, passages = engine.catalog.counts()
        faults, waiting = engine.vectors.faults(), engine.vectors.pending()
    if faults:
        raise IndexUnreadableError(f"The catalog opens and answers alone; {'; '.join(faults)}.")
    return f"{documents} documents, {passages} passages, {waiting} of them not yet in Chroma"
