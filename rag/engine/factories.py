"""The models that the settings name: for embedding, reranking, rewriting, answering and judging."""

import json
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from indexes.models.model_registry import KNOWN, KnownModel, Purpose
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from indexes.models.store import ModelStore
from indexes.protocols import Encoder, Reranker
from indexes.text.token_count import estimate_tokens
from rag.answering.cache import AnswerCache, CachingAnswerer
from rag.answering.query_rewriting import OFFLINE, ModelRewriter
from rag.errors import ConfigError
from rag.extractive.writer import ExtractiveWriter
from rag.llms.limits import CHARS_A_TOKEN, BoundedChat
from rag.llms.pricing import Prices
from rag.prompting import prompts
from rag.prompting.context_window import Counter, Window
from rag.prompting.llm_writer import LLMWriter
from rag.protocols import Answerer, ChatModel, Entailment, Rewriter, Writer
from rag.settings import EmbeddingSettings, LLMSettings, Settings
from rag.verification.checker import Checker
from rag.verification.llm_entailment import LLMEntailment
from rag.verification.policy import Policy


def make_encoder(chosen: EmbeddingSettings, models: Path) -> Encoder:
    """Return the embedding model: an endpoint's, a pulled one of the folder ``models``, or sentence-transformers'.

    Raises ``ConfigError`` if the model is made for something else.
    """
    if chosen.base_url is not None:
        from indexes.models.openai_encoder import OpenAIEncoder

        return OpenAIEncoder(
            chosen.model,
            base_url=chosen.base_url,
            api_key=_secret(chosen.api_key),
            batch_size=chosen.batch_size,
            timeout=chosen.timeout_s,
        )
    if known := _known("embedding", chosen.model):
        from indexes.models.onnx_encoder import OnnxEncoder

        return OnnxEncoder(known, ModelStore(models))
    return SentenceTransformerEncoder(chosen.model, ModelStore(models), batch_size=chosen.batch_size)


def make_reranker(settings: Settings) -> Reranker | None:
    """Return the reranker, or None if reranking is off. Raises ``ConfigError`` if the model is for something else."""
    model, store = settings.reranking.model, ModelStore(settings.models.dir)
    if model is None:
        return None
    if known := _known("reranking", model):
        from indexes.models.onnx_reranker import OnnxReranker

        return OnnxReranker(known, store)
    from indexes.models.cross_encoder_reranker import CrossEncoderReranker

    return CrossEncoderReranker(model, store)


def _known(purpose: Purpose, name: str) -> KnownModel | None:
    known = KNOWN.get(name)
    if known and known.purpose != purpose:
        fitting = ", ".join(model.name for model in KNOWN.values() if model.purpose == purpose)
        raise ConfigError(f"{purpose}.model: {name} is a model for {known.purpose}; for {purpose} there is {fitting}.")
    return known


def has_llm(settings: LLMSettings) -> bool:
    """Tell whether a language model is configured. Raises ``ConfigError`` for an endpoint without a model."""
    if settings.base_url and not settings.model:
        raise ConfigError("llm.base_url is set and llm.model is not: name the model, or answers cannot be asked of it.")
    return bool(settings.model or settings.class_)


def make_writer(settings: Settings, encoder: Encoder, llm: ChatModel | None) -> Writer:
    """Return what writes the answers: ``llm``, or the extractive writer if there is none."""
    if llm is None:
        return ExtractiveWriter(encoder, min_confidence=settings.answer.min_confidence)
    return LLMWriter(llm, make_window(settings.llm))


def make_window(chosen: LLMSettings) -> Window:
    """Return the model's context window. Raises ``ConfigError`` for a bad tokenizer."""
    return Window(chosen.context_tokens, chosen.max_output_tokens, _counter(chosen.tokenizer))


def make_llm(chosen: LLMSettings, variables: str = "FOOTNOTE_LLM__") -> BoundedChat:
    """Return the language model, with limits. Its failures name the ``variables`` that mend them."""
    model: ChatModel
    if chosen.class_:
        from rag.llms.llama_index import LlamaIndexChat

        model = LlamaIndexChat(_instance(chosen.class_, chosen.options), chosen.stall_timeout_s)
    else:
        from rag.llms.openai import OpenAIChat

        model = OpenAIChat(
            str(chosen.model),
            base_url=chosen.base_url,
            api_key=_secret(chosen.api_key),
            temperature=chosen.temperature,
            max_output_tokens=chosen.max_output_tokens,
            connect_timeout=chosen.connect_timeout_s,
            stall_timeout=chosen.stall_timeout_s,
            retries=chosen.retries,
            variables=variables,
        )
    return BoundedChat(model, CHARS_A_TOKEN * chosen.max_output_tokens, chosen.deadline_s, variables)


@lru_cache(maxsize=2)
def _counter(file: Path | None) -> Counter:
    if file is None:
        return estimate_tokens
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises no other class
        raise ConfigError(f"llm.tokenizer: {file} is no tokenizer.json that can be read: {error}.") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False))


def make_prices(chosen: LLMSettings) -> Prices:
    """Return what a million tokens cost."""
    return Prices(chosen.input_price, chosen.output_price, chosen.cached_input_price)


def make_rewriter(settings: Settings, model: ChatModel | None) -> Rewriter:
    """Return the rewriter of questions: by the model, unless there is none or the settings forbid it."""
    if settings.retrieval.rewriting == "never" or model is None:
        return OFFLINE
    return ModelRewriter(model, timeout=settings.retrieval.rewrite_timeout_s, count=_counter(settings.llm.tokenizer))


def with_cache(answerer: Answerer, settings: Settings, model: str, indexed: Callable[[], str]) -> Answerer:
    """Return the answerer, with a cache if the settings say so. ``indexed`` returns the state of the index."""
    if not settings.answer.cache_mb:
        return answerer
    cache = AnswerCache(settings.index.dir / "answers.sqlite3", settings.answer.cache_mb, settings.answer.cache_days)
    chosen = settings.model_dump(exclude={"server": True, "judge": True, "index": {"dir"}})
    made = json.dumps([version("footnote"), prompts.VERSION, model, chosen], default=str)
    return CachingAnswerer(answerer, cache, lambda: f"{indexed()} {made}")


def make_policy(settings: Settings) -> Policy:
    """Return the policy for unsupported sentences. Without a language model, ``retry`` only marks them."""
    unsupported = settings.answer.unsupported
    if unsupported == "retry" and not has_llm(settings.llm):
        unsupported = "mark"  # the same sentences of the documents would come again
    return Policy(unsupported, settings.answer.min_evidence, reads_on=has_llm(settings.llm))


def make_checker(settings: Settings, encoder: Encoder, model: ChatModel | None) -> Checker:
    """Return the checker of sentences.

    Raises ``ConfigError`` if the model of the second opinion is not configured or not on this machine.
    """
    entailment: Entailment | None = None
    chosen = settings.checking
    if chosen.entailment == "llm":
        if model is None:
            raise ConfigError('checking.entailment is "llm" and llm.model is not set: name a model, or leave it out.')
        entailment = LLMEntailment(model, timeout=chosen.entailment_timeout_s)
    elif chosen.entailment is not None:
        from rag.verification.nli import CrossEncoderEntailment

        entailment = CrossEncoderEntailment(chosen.entailment, ModelStore(settings.models.dir))
        entailment.check()  # a failure after the answer is written would lose the answer
    return Checker(encoder, entailment)


def judge_settings(settings: Settings) -> LLMSettings:
    """Return ``[judge]``, completed from ``[llm]``. Raises ``ConfigError`` if neither names a model."""
    own = settings.judge.model_dump(exclude_unset=True, exclude_none=True)
    base = settings.llm
    if own.get("base_url", base.base_url) != base.base_url:
        base = base.model_copy(update={"api_key": None})
    if own.keys() & {"model", "base_url"}:
        base = base.model_copy(update={"class_": None, "options": {}})
    chosen = base.model_copy(update=own)
    if not (chosen.model or chosen.class_):
        raise ConfigError(
            "Judging needs a language model, and judge.model is not set: set FOOTNOTE_JUDGE__MODEL (and "
            "FOOTNOTE_JUDGE__BASE_URL for any OpenAI-compatible endpoint), or [judge] in footnote.toml."
        )
    return chosen


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
