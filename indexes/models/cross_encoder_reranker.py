"""A reranker by a cross-encoder that sentence-transformers loads, by name or by path."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from indexes.errors import RerankerError
from indexes.models.cross_encoder import load_cross_encoder
from indexes.models.store import ModelStore

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class CrossEncoderReranker:
    """Loads its model at first use, from this machine only."""

    def __init__(self, model: str, store: ModelStore | None = None, *, batch_size: int = 32) -> None:
        self.name = model
        self._store = store
        self._batch_size = batch_size

    def score(self, query: str, texts: Sequence[str], /) -> list[float]:
        """A logit for each text, higher is better. Raises ``RerankerError`` if the model cannot be loaded or used."""
        if not texts:
            return []
        from torch.nn import Identity

        scores = self._model.predict(
            [(query, text) for text in texts],
            activation_fn=Identity(),
            batch_size=self._batch_size,
            show_progress_bar=False,
        )
        return [float(score) for score in scores]

    @cached_property
    def _model(self) -> "CrossEncoder":
        model = load_cross_encoder(self.name, self._store)
        if model is None:
            raise RerankerError(
                f"The reranking model {self.name!r} is not on this machine. Give reranking.model a folder that holds a "
                "cross-encoder with safetensors weights, fetch one with `footnote models pull`, or leave it out."
            )
        if model.num_labels != 1:
            raise RerankerError(f"The model {self.name} gives {model.num_labels} scores a pair: a reranker gives one.")
        return model
