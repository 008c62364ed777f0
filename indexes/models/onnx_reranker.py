"""A reranking model that was pulled as int8 ONNX."""

from collections.abc import Sequence
from functools import cached_property

from indexes.errors import RerankerError
from indexes.models.model_registry import KnownModel
from indexes.models.onnx_session import OnnxModel
from indexes.models.store import ModelStore

_MAX_TOKENS = 509
"""512, three of them the model's own marks."""
_MAX_QUERY_TOKENS = 255
"""A longer question is cut here, so that it leaves the text as much."""


class OnnxReranker:
    """Loads at first use, from disk; may be shared by threads. A text is read as far as 512 tokens hold it.

    Pairs are scored one by one: activations are quantised by the range of the whole batch, so a score would shift with
    what stands beside the pair.
    """

    def __init__(self, model: KnownModel, store: ModelStore) -> None:
        self.name = model.name
        self._known = model
        self._store = store

    def score(self, query: str, texts: Sequence[str], /) -> list[float]:
        """Logits, higher is better. Raises ``RerankerError`` where the model is not there."""
        if not texts:
            return []
        asked = self._model.tokens(query, _MAX_QUERY_TOKENS)
        left = _MAX_TOKENS - len(asked)
        return [self._model.run(asked, self._model.tokens(text, left)).item() for text in texts]

    @cached_property
    def _model(self) -> OnnxModel:
        if fault := self._store.missing(self._known):
            raise RerankerError(fault)
        return OnnxModel(self._store.place(self.name))
