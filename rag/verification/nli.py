"""Second opinions by a cross-encoder for natural language inference, loaded by sentence-transformers."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from indexes.models.cross_encoder import load_cross_encoder
from indexes.models.disk import find_model
from indexes.models.store import ModelStore
from rag.errors import ConfigError
from rag.types import Opinions

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class CrossEncoderEntailment:
    """Loads a model with safetensors weights, by name or path, from this machine alone, at first use."""

    def __init__(self, model: str, store: ModelStore | None = None, *, batch_size: int = 16) -> None:
        self.name = model
        self._store = store
        self._batch_size = batch_size

    def check(self) -> None:
        """Raise ``ConfigError`` if the model is not on this machine. Does not load it."""
        if find_model(self.name, self._store, "cross-encoder") is None:
            raise self._absent()

    async def entails(self, pairs: Sequence[tuple[str, str]], /) -> Opinions:
        """See ``Entailment``. Raises ``ConfigError`` if the model is absent, or has no label for entailment."""
        return Opinions(tuple(await asyncio.to_thread(self._probabilities, pairs))) if pairs else Opinions(())

    def _probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        from torch.nn import Sigmoid, Softmax

        label = self._label
        scores = self._model.predict(
            list(pairs),
            activation_fn=Softmax(dim=-1) if self._model.num_labels > 1 else Sigmoid(),
            batch_size=self._batch_size,
            show_progress_bar=False,
        )
        return [float(row[label]) for row in scores.reshape(len(pairs), -1)]

    @cached_property
    def _label(self) -> int:
        """The index of entailment in the model's own configuration: the order differs between models."""
        config: Any = self._model.config
        labels = {int(index): str(name).lower() for index, name in config.id2label.items()}
        if self._model.num_labels == 1:  # the model gives consistency only
            return 0
        matches = [index for index, name in labels.items() if name.startswith("entail")]
        if len(matches) != 1:
            raise ConfigError(
                f"checking.entailment: the model {self.name} does not say which of its labels is entailment (id2label "
                f"in its config.json: {', '.join(labels.values())}). Name one for natural language inference."
            )
        return matches[0]

    @cached_property
    def _model(self) -> "CrossEncoder":
        model = load_cross_encoder(self.name, self._store)
        if model is None:
            raise self._absent()
        return model

    def _absent(self) -> ConfigError:
        return ConfigError(
            f"checking.entailment: the model {self.name!r} is not on this machine. Give a folder that holds a "
            'cross-encoder with safetensors weights, "llm" for the language model, or leave it out.'
        )
