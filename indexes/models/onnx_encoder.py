"""An encoder by a pulled embedding model, as int8 ONNX."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from indexes.errors import EncoderError
from indexes.models.model_registry import KnownModel
from indexes.models.onnx_session import OnnxModel
from indexes.models.store import ModelStore
from indexes.types import Matrix

_DIMENSIONS = 384
_MAX_TOKENS = 510
"""512, less the model's two special tokens."""


class OnnxEncoder:
    """Takes the first token's vector, as bge's models are trained. Loads its model at first use, from disk.

    Texts are embedded one by one. Activations are quantised by the range of the whole batch, so a vector would depend
    on the other texts. On 16 texts of 66 tokens each, components moved by up to 0.014, to a cosine of 0.997; the batch
    was 1.25 times as fast.
    """

    def __init__(self, model: KnownModel, store: ModelStore) -> None:
        self.name = model.name
        self._known = model
        self._store = store

    @property
    def dimensions(self) -> int:
        """See ``Encoder``."""
        return _DIMENSIONS

    @property
    def max_tokens(self) -> int:
        """See ``Encoder``."""
        return _MAX_TOKENS

    def count_tokens(self, text: str) -> int:
        """See ``Encoder``."""
        return self._model.count_tokens(text)

    def encode(self, texts: Sequence[str], /) -> Matrix:
        """Unit rows, shape (len(texts), 384). Raises ``EncoderError`` if the model is not on this machine."""
        rows: Matrix = np.zeros((len(texts), _DIMENSIONS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:] = self._model.run(self._model.tokens(text, _MAX_TOKENS))[0, 0]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    def encode_query(self, texts: Sequence[str], /) -> Matrix:
        """As ``encode``, with the model's instruction before each query."""
        return self.encode([self._known.query_instruction + text for text in texts])

    @cached_property
    def _model(self) -> OnnxModel:
        if fault := self._store.missing(self._known):
            raise EncoderError(fault)
        return OnnxModel(self._store.place(self.name))
