"""An encoder by an OpenAI-compatible endpoint."""

import time
import weakref
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indexes.errors import EncoderError
from indexes.models.openai_endpoint import Endpoint, EndpointError
from indexes.text.token_count import estimate_tokens
from indexes.types import Matrix

if TYPE_CHECKING:
    import openai
    from openai.types import Embedding

CONNECT_TIMEOUT = 5.0
PROBE = "dimensions"


class OpenAIEncoder:
    """Embeds texts by ``/embeddings``; may be shared by threads. ``timeout`` is in seconds for one batch.

    ``max_tokens`` is how much of a text the model reads: 8191 for OpenAI's models, less for most local ones.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        batch_size: int = 32,
        timeout: float = 60.0,
        *,
        max_tokens: int = 8191,
        retries: int = 2,
    ) -> None:
        self._batch_size = batch_size
        self._timeout = timeout
        self._max_tokens = max_tokens
        self._retries = retries
        self._known_dimensions: int | None = None
        self._endpoint = Endpoint(
            "embedding server", model, base_url, api_key, "FOOTNOTE_EMBEDDING__", f"{timeout:g} s", "TIMEOUT_S"
        )

    @property
    def name(self) -> str:
        """See ``Encoder``."""
        return self._endpoint.model

    @property
    def dimensions(self) -> int:
        """See ``Encoder``. Embeds a word to find out, if nothing was embedded yet."""
        return self._known_dimensions or self.encode([PROBE]).shape[1]

    @property
    def max_tokens(self) -> int:
        """See ``Encoder``."""
        return self._max_tokens

    def count_tokens(self, text: str) -> int:
        """An estimate on the high side: the model's own tokenizer is not on this machine."""
        return estimate_tokens(text)

    def encode(self, texts: Sequence[str], /) -> Matrix:
        """Unit rows, shape (len(texts), dimensions). Raises ``EncoderError``."""
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        starts = range(0, len(texts), self._batch_size)
        return np.concatenate([self._embed(texts[start : start + self._batch_size]) for start in starts])

    def encode_query(self, texts: Sequence[str], /) -> Matrix:
        """As ``encode``: the protocol of ``/embeddings`` makes no difference between queries and texts."""
        return self.encode(texts)

    def _embed(self, batch: Sequence[str]) -> Matrix:
        """The rows of one batch. A request that may succeed later is repeated."""
        attempt = 0
        while True:
            try:
                with self._endpoint.failures():
                    response = self._client.embeddings.create(
                        model=self.name, input=list(batch), encoding_format="float"
                    )
                # the client returns what is not JSON as it is, and checks no types
                data = getattr(response, "data", None)
                if not isinstance(data, list):
                    raise self._endpoint.malformed("no list of embeddings")
                return self._rows(data, len(batch))
            except EndpointError as error:
                pause = error.pause(attempt)
                if attempt == self._retries or pause is None:
                    raise EncoderError(str(error)) from error
                time.sleep(pause)
                attempt += 1

    @cached_property
    def _client(self) -> "openai.OpenAI":
        import openai

        options = self._endpoint.options(connect=CONNECT_TIMEOUT, read=self._timeout)
        client = openai.OpenAI(**options, http_client=openai.DefaultHttpxClient(follow_redirects=False))
        weakref.finalize(self, client.close)
        return client

    def _rows(self, data: "list[Embedding]", count: int) -> Matrix:
        """The unit vectors in the order of the texts."""
        try:
            ordered = sorted(data, key=lambda item: item.index)
            if [item.index for item in ordered] != list(range(count)):
                raise ValueError(f"{len(data)} vectors for {count} texts, or wrongly numbered")
            vectors = np.array([item.embedding for item in ordered], dtype=np.float64)
            if vectors.ndim != 2 or not vectors.size:
                raise ValueError("vectors without dimensions")
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._endpoint.malformed(str(error)) from error
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise self._endpoint.malformed("a vector that is not finite, or of length 0")
        if self._known_dimensions not in (None, vectors.shape[1]):
            raise self._endpoint.malformed(f"{vectors.shape[1]} dimensions after {self._known_dimensions}")
        self._known_dimensions = vectors.shape[1]
        rows: Matrix = (vectors / lengths).astype(np.float32)
        return rows
