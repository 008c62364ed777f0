"""The engine: an open index and everything that answers from it, made from the settings."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from indexes.access.labels import LabelRule
from indexes.access.rules import AccessRule
from indexes.errors import ChromaUnavailableError, IndexLockedError, IndexMissingError, IndexUnreadableError
from indexes.ingest.changes import SyncPlan, plan_changes
from indexes.ingest.embedding import check_encoder
from indexes.ingest.rule_application import Rules
from indexes.ingest.splitting import VERSION, PassageSplitter
from indexes.ingest.sync import SyncListener
from indexes.ingest.uploads import uploads_of
from indexes.ingest.writer import IndexWriter
from indexes.protocols import Encoder, Retriever
from indexes.readers.sandbox import ReadingLimits
from indexes.search.hybrid import HybridRetriever
from indexes.search.passage_scorer import Weights
from indexes.search.postprocessing import DiverseRetriever, MergingRetriever
from indexes.search.reranking import RerankingRetriever
from indexes.search.retrievers import DenseRetriever, LexicalRetriever
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file, chroma_folder
from indexes.storage.lock import writer_lock
from indexes.types import Document, Hit, Passage, Query
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.chroma_server import ChromaServer
from indexes.vectors.index import ChromaVectors, describe_rebuild
from indexes.vectors.snapshots import SnapshotStore
from rag.answering.assistant import Assistant
from rag.answering.collection_answerer import CollectionAnswerer
from rag.engine.factories import (
    has_llm,
    make_checker,
    make_encoder,
    make_llm,
    make_policy,
    make_prices,
    make_reranker,
    make_rewriter,
    make_writer,
    with_cache,
)
from rag.engine.library import CatalogLibrary
from rag.extractive.writer import NAME as EXTRACTIVE
from rag.llms.pricing import PricedChat
from rag.protocols import Answerer, ChatModel
from rag.settings import EmbeddingSettings, Settings

CONNECT = (
    "To connect a language model, set FOOTNOTE_LLM__MODEL and FOOTNOTE_LLM__BASE_URL (any OpenAI-compatible endpoint), "
    "or [llm] in footnote.toml."
)
_URL_KEY = "encoder_url"
ADVICE = f"This answer was put together from sentences of the documents, without a language model. {CONNECT}"


@dataclass(frozen=True)
class Generation:
    """The open catalog and vectors of one embedding model. Each part is opened at its first use."""

    settings: Settings
    folder: Path

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog: the record of the index."""
        return Catalog(catalog_file(self.folder))

    @cached_property
    def encoder(self) -> Encoder:
        """The model that made the vectors, which may not be the one configured now."""
        encoder = make_encoder(embedding_of(self.catalog, self.settings.embedding), self.settings.models.dir)
        check_encoder(self.catalog, encoder)
        return encoder

    @cached_property
    def vectors(self) -> ChromaVectors:
        """The vectors in Chroma."""
        return ChromaVectors(make_store(self.settings, self.folder, self.catalog), self.catalog)

    @cached_property
    def retriever(self) -> Retriever:
        """Hybrid search, reranked if the settings say so, then varied and merged."""
        chosen = self.settings.retrieval
        dense = DenseRetriever(self.catalog, self.vectors, self.encoder, min_cosine=chosen.min_cosine)
        lexical = LexicalRetriever(self.catalog)
        weights = Weights(chosen.words_weight, chosen.together_weight, chosen.around_weight, chosen.named_weight)
        retriever: Retriever = HybridRetriever(
            self.catalog, dense, lexical, weights=weights, candidates=chosen.candidates
        )
        if reranker := make_reranker(self.settings):
            rerank = self.settings.reranking
            seconds = rerank.budget_ms / 1000
            retriever = RerankingRetriever(retriever, reranker, candidates=rerank.candidates, seconds=seconds)
        return MergingRetriever(DiverseRetriever(retriever, loss=chosen.section_loss), self.catalog)

    def close(self) -> None:
        """Close the files."""
        self.vectors.close()
        self.catalog.close()


class Engine:
    """An open index, and everything that answers from it.

    It is a ``Retriever`` over the generation that is current at each question.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._generations = Generations(settings.index.dir)
        self._opened: tuple[object, Generation] | None = None
        self._lock = threading.Lock()

    @property
    def generation(self) -> Generation:
        """The current generation. Another process may have switched to it, or made the index anew.

        The one before it closes when the last question that uses it is answered.
        """
        with self._lock:
            folder, inode = self._generations.current, None
            with suppress(FileNotFoundError):
                stat = catalog_file(folder).stat()
                inode = stat.st_dev, stat.st_ino
            if self._opened is None or self._opened[0] != (folder, inode):
                self._opened = (folder, inode), self.open_generation(folder)
            return self._opened[1]

    def open_generation(self, folder: Path) -> Generation:
        """Open the generation in a folder."""
        return Generation(self.settings, folder)

    @property
    def catalog(self) -> Catalog:
        """The catalog of the current generation."""
        return self.generation.catalog

    @property
    def vectors(self) -> ChromaVectors:
        """The vectors of the current generation."""
        return self.generation.vectors

    @property
    def encoder(self) -> Encoder:
        """The embedding model of the current generation."""
        return self.generation.encoder

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """See ``Retriever``."""
        return self.generation.retriever.retrieve(query, limit=limit)

    def search(self, query: Query, limit: int = 8) -> list[Hit]:
        """Return the passages themselves, best first."""
        return self.retrieve(query, limit=limit)

    @cached_property
    def llm(self) -> ChatModel | None:
        """The language model, or None if none is configured."""
        return make_llm(self.settings.llm) if has_llm(self.settings.llm) else None

    @cached_property
    def library(self) -> CatalogLibrary:
        """What the index holds."""
        return CatalogLibrary(lambda: self.catalog)

    @property
    def model_name(self) -> str:
        """The name of what writes the answers: the language model's, or the extractive writer's."""
        return self.llm.name if self.llm else EXTRACTIVE

    @cached_property
    def assistant(self) -> Answerer:
        """What answers questions, with its answers cached if the settings say so."""

        def index_state() -> str:
            return f"{self.catalog.get('id')}/{self.catalog.revision}"

        answerer = CollectionAnswerer(make_assistant(self, self.llm), self.library)
        return with_cache(answerer, self.settings, self.model_name, index_state)

    @property
    def another_model(self) -> str | None:
        """A sentence, if another embedding model than the configured one made the index."""
        made_by, wanted = self.catalog.get("encoder"), self.settings.embedding.model
        if made_by in (None, wanted):
            return None
        return f"The embedding model {made_by} made the index, and answers until `footnote index` ran with {wanted}."

    @property
    def advice(self) -> str | None:
        """How to connect a language model, if there is none."""
        return None if has_llm(self.settings.llm) else ADVICE

    def close(self) -> None:
        """Close the open generation."""
        if self._opened:
            self._opened[1].close()


@contextmanager
def open_engine(settings: Settings, listener: SyncListener | None = None) -> Iterator[Engine]:
    """Open the index. Raises ``IndexMissingError`` or ``IndexUnreadableError``.

    With a listener, a damaged copy in Chroma is rebuilt and the listener is informed. Without one, nothing changes.
    """
    engine = Engine(settings)
    try:
        if engine.catalog.counts() == (0, 0):
            raise IndexMissingError(f"The index in {settings.index.dir} is empty: fill it with `footnote index DOCS`.")
        if listener and (damage := engine.vectors.damaged()):
            listener.healed(_heal(engine, damage, listener))
        yield engine
    finally:
        engine.close()


def _heal(engine: Engine, damage: str, listener: SyncListener) -> str:
    """Rebuild Chroma's copy. Return in a sentence what was done, or why it must wait."""
    began = time.perf_counter()
    try:
        with writing(engine.settings):
            _, passages = engine.catalog.counts()
            if engine.vectors.damaged():  # or another process healed it just now
                listener.publishing(passages)
                engine.vectors.publish(listener.published, force=True)
    except (IndexLockedError, IndexUnreadableError, ChromaUnavailableError) as error:
        return f"The catalog answers alone, as {damage}, which cannot be mended for now: {error}"
    return describe_rebuild(damage, passages, time.perf_counter() - began)


def writing(settings: Settings) -> AbstractContextManager[None]:
    """Take the writer's lock. Raises ``IndexLockedError`` if another process has it."""
    return writer_lock(settings.index.dir)


@contextmanager
def open_writer(settings: Settings, encoder: Encoder | None = None) -> Iterator[IndexWriter]:
    """Open the index for writing. ``encoder`` is one that is loaded already.

    Raises ``IndexLockedError`` if another process writes the index.
    """
    encoder = encoder or make_encoder(settings.embedding, settings.models.dir)
    splitter, store = _Splitter(settings, encoder), partial(make_store, settings)
    with IndexWriter(settings.index.dir, encoder, splitter, limits_of(settings), rules_of(settings), store) as writer:
        writer.catalog.set(_URL_KEY, settings.embedding.base_url or "")
        yield writer


def plan(settings: Settings, docs: Sequence[Path]) -> SyncPlan:
    """Return what indexing these folders would do, and change nothing. Raises ``FolderError``."""
    generation = Generations(settings.index.dir).of_model(settings.embedding.model)
    uploads = uploads_of(settings.index.dir)
    try:
        with closing(Catalog(catalog_file(generation))) as catalog:
            anew = catalog.get("splitter") not in (None, _splitting(settings))
            return plan_changes(docs, catalog.files(), uploads=uploads, anew=anew)
    except IndexMissingError:
        return plan_changes(docs, {}, uploads=uploads)


def embedding_of(catalog: Catalog, configured: EmbeddingSettings) -> EmbeddingSettings:
    """Return the settings of the model that made the catalog's vectors. An API key goes only to its own endpoint."""
    made_by, url = catalog.get("encoder"), catalog.get(_URL_KEY) or None
    if made_by in (None, configured.model):
        return configured
    key = configured.api_key if url == configured.base_url else None
    return configured.model_copy(update={"model": made_by, "base_url": url, "api_key": key})


class _Splitter:
    """Asks the encoder for its limit with the first document. If nothing is new, no model is loaded."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self._encoder = encoder
        self._max_tokens = settings.index.passage_tokens
        self._splitter: PassageSplitter | None = None
        self.version = _splitting(settings)

    def split(self, document: Document) -> list[Passage]:
        """See ``Splitter``."""
        if self._splitter is None:
            max_tokens = min(self._max_tokens, self._encoder.max_tokens)
            self._splitter = PassageSplitter(self._encoder.count_tokens, max_tokens)
        return self._splitter.split(document)


def _splitting(settings: Settings) -> str:
    return f"{VERSION}/{settings.index.passage_tokens}"


def make_store(settings: Settings, generation: Path, catalog: Catalog) -> SnapshotStore:
    """Return the store of this generation's Chroma snapshots: a server's, or a folder."""
    url = settings.index.chroma_url
    return ChromaServer(url, catalog, generation) if url else EmbeddedChroma(chroma_folder(generation))


def make_assistant(engine: Engine, llm: ChatModel | None) -> Assistant:
    """Return an assistant of the engine's index, with ``llm`` wherever a language model is asked."""
    settings = engine.settings
    llm = llm and PricedChat(llm, make_prices(settings.llm))
    return Assistant(
        engine,
        make_writer(settings, engine.encoder, llm),
        limit=settings.retrieval.limit,
        rewriter=make_rewriter(settings, llm),
        policy=make_policy(settings),
        checker=make_checker(settings, engine.encoder, llm),
        count_documents=lambda scope: engine.catalog.documents_within(scope),
        library=engine.library,
    )


def rules_of(settings: Settings) -> Rules:
    """Return the rules of access and labels."""
    return (
        *(AccessRule(rule.glob, rule.groups) for rule in settings.access),
        *(LabelRule(rule.glob, rule.labels) for rule in settings.labels),
    )


def limits_of(settings: Settings) -> ReadingLimits:
    """Return the limits of the sandbox in which files are read."""
    chosen = settings.reading
    return ReadingLimits(chosen.max_file_mb, chosen.max_text_mb, chosen.memory_mb, chosen.timeout_s)
