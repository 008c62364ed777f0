"""A reranker by a pulled reranking model, as int8 ONNX."""

from collections.abc import Sequence
from functools import cached_property

from indexes.errors import RerankerError
from indexes.models.model_registry import KnownModel
from indexes.models.onnx_session import OnnxModel
from indexes.models.store import ModelStore

_MAX_TOKENS = 509
"""512, less the model's three special tokens."""
_MAX_QUERY_TOKENS = 255
"""A longer query is cut here, so that half of the tokens remain for the text."""


class OnnxReranker:
    """Loads its model at first use, from disk; may be shared by threads. It reads the first 512 tokens of a pair.

    Pairs are scored one by one. Activations are quantised by the range of the whole batch, so a score would depend on
    the other pairs.
    """

    def __init__(self, model: KnownModel, store: ModelStore) -> None:
        self.name = model.name
        self._known = model
        self._store = store

    def score(self, query: str, texts: Sequence[str], /) -> list[float]:
        """A logit for each text, higher is better. Raises ``RerankerError`` if the model is not on this machine."""
        if not texts:
            return []
        query_tokens = self._model.tokens(query, _MAX_QUERY_TOKENS)
        limit = _MAX_TOKENS - len(query_tokens)
        return [self._model.run(query_tokens, self._model.tokens(text, limit)).item() for text in texts]

    @cached_property
    def _model(self) -> OnnxModel:
        if fault := self._store.missing(self._known):
            raise RerankerError(fault)
        return OnnxModel(self._store.place(self.name))
