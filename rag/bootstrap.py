"""Puts the parts together as the settings say."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from indexes.access import AccessRule
from indexes.catalog import Catalog
from indexes.encoders.sentence_transformer import SentenceTransformerEncoder
from indexes.errors import IndexMissingError
from indexes.locking import writer_lock
from indexes.protocols import Encoder, Retriever
from indexes.reading.sandbox import ReadingLimits
from indexes.retrieval import DenseRetriever, FusedRetriever, LexicalRetriever
from indexes.splitting import VERSION, PassageSplitter
from indexes.stores.embedded import EmbeddedChroma
from indexes.stores.server import ChromaServer
from indexes.sync import Sync, check_encoder
from indexes.types import Document, Passage
from indexes.vectors import ChromaVectors
from rag.assistant import Assistant
from rag.errors import ConfigError
from rag.models import offline
from rag.protocols import ChatModel
from rag.settings import LLMSettings, Settings

CONNECT = (
    "To connect a language model, set FOOTNOTE_LLM__MODEL and FOOTNOTE_LLM__BASE_URL (any OpenAI-compatible endpoint), "
    "or [llm] in footnote.toml."
)
ADVICE = f"This answer was put together from sentences of the documents, without a language model. {CONNECT}"


@dataclass(frozen=True)
class Engine:
    """An open index and what answers from it. Parts are made when they are first used."""

    settings: Settings
    catalog: Catalog

    @cached_property
    def encoder(self) -> Encoder:
        return make_encoder(self.settings)

    @cached_property
    def vectors(self) -> ChromaVectors:
        return make_vectors(self.settings, self.catalog)

    @cached_property
    def retriever(self) -> Retriever:
        chosen = self.settings.retrieval
        dense = DenseRetriever(self.catalog, self.vectors, self.encoder, min_cosine=chosen.min_cosine)
        return FusedRetriever([dense, LexicalRetriever(self.catalog)], candidates=chosen.candidates)

    @cached_property
    def model(self) -> ChatModel:
        return make_model(self.settings, self.encoder)

    @cached_property
    def assistant(self) -> Assistant:
        return Assistant(self.retriever, self.model, limit=self.settings.retrieval.limit)

    @property
    def advice(self) -> str | None:
        """How to connect a language model, where none is."""
        return None if has_llm(self.settings.llm) else ADVICE


@contextmanager
def open_engine(settings: Settings) -> Iterator[Engine]:
    """Raises ``IndexMissingError``, ``IndexUnreadableError`` or ``EncoderMismatchError``."""
    catalog = Catalog(catalog_file(settings))
    engine = Engine(settings, catalog)
    try:
        check_encoder(catalog, settings.embedding.model)
        if catalog.counts() == (0, 0):
            raise IndexMissingError(f"The index in {settings.index.dir} is empty: fill it with `footnote index DOCS`.")
        yield engine
    finally:
        engine.vectors.close()
        catalog.close()


def writing(settings: Settings) -> AbstractContextManager[None]:
    """The writer's lock; raises ``IndexLockedError`` where another process has it."""
    return writer_lock(settings.index.dir)


@contextmanager
def open_sync(settings: Settings) -> Iterator[Sync]:
    """Holds the writer's lock; raises ``IndexLockedError`` where another process has it."""
    with writing(settings):
        catalog = Catalog.create(catalog_file(settings))
        vectors = make_vectors(settings, catalog)
        try:
            check_encoder(catalog, settings.embedding.model)
            encoder = make_encoder(settings)
            splitter = _Splitter(encoder, settings.index.passage_tokens)
            rules = [AccessRule(rule.glob, tuple(rule.groups)) for rule in settings.access]
            yield Sync(catalog, vectors, encoder, splitter, _limits(settings), rules)
        finally:
            vectors.close()
            catalog.close()


class _Splitter:
    """Asks the encoder for its limit with the first document: where nothing is new, no model is loaded."""

    def __init__(self, encoder: Encoder, max_tokens: int) -> None:
        self._encoder = encoder
        self._max_tokens = max_tokens
        self.version = f"{VERSION}/{max_tokens}"

    def split(self, document: Document) -> list[Passage]:
        return self._splitter.split(document)

    @cached_property
    def _splitter(self) -> PassageSplitter:
        return PassageSplitter(self._encoder.count_tokens, min(self._max_tokens, self._encoder.max_tokens))


def catalog_file(settings: Settings) -> Path:
    return settings.index.dir / "catalog.sqlite3"


def make_vectors(settings: Settings, catalog: Catalog) -> ChromaVectors:
    chosen = settings.index
    if chosen.chroma_url is None:
        return ChromaVectors(EmbeddedChroma(chosen.dir / "chroma"), catalog)
    return ChromaVectors(ChromaServer(chosen.chroma_url, catalog, chosen.dir), catalog)


def make_encoder(settings: Settings) -> Encoder:
    chosen = settings.embedding
    if chosen.base_url is None:
        return SentenceTransformerEncoder(chosen.model, batch_size=chosen.batch_size)
    from indexes.encoders.openai import OpenAIEncoder

    return OpenAIEncoder(
        chosen.model,
        base_url=chosen.base_url,
        api_key=_secret(chosen.api_key),
        batch_size=chosen.batch_size,
        timeout=chosen.timeout_s,
    )


def has_llm(settings: LLMSettings) -> bool:
    """Raises ``ConfigError`` where an endpoint is given without a model."""
    if settings.base_url and not settings.model:
        raise ConfigError("llm.base_url is set and llm.model is not: name the model, or answers cannot be asked of it.")
    return bool(settings.model or settings.class_)


def make_model(settings: Settings, encoder: Encoder) -> ChatModel:
    chosen = settings.llm
    if not has_llm(chosen):
        return offline.OfflineChat(encoder, min_confidence=settings.answer.min_confidence)
    if chosen.class_:
        from rag.models.llama_index import LlamaIndexChat

        return LlamaIndexChat(_instance(chosen.class_, chosen.options))
    from rag.models.openai_chat import OpenAIChat

    return OpenAIChat(
        str(chosen.model),
        base_url=chosen.base_url,
        api_key=_secret(chosen.api_key),
        temperature=chosen.temperature,
        max_output_tokens=chosen.max_output_tokens,
        connect_timeout=chosen.connect_timeout_s,
        stall_timeout=chosen.stall_timeout_s,
        retries=chosen.retries,
    )


def _limits(settings: Settings) -> ReadingLimits:
    chosen = settings.reading
    return ReadingLimits(chosen.max_file_mb, chosen.max_text_mb, chosen.memory_mb, chosen.timeout_s)


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _instance(name: str, options: dict[str, Any]) -> Any:
    module, _, cls = name.rpartition(".")
    try:
        return getattr(import_module(module), cls)(**options)
    except ValidationError as error:  # its own text repeats what was given, keys too
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"llm.options: {name} cannot be made: {wrong}.") from error
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ConfigError(f"llm.class: {name} cannot be made: {error}.") from error
