"""Passages become vectors, each text once, and never by another model than the catalog's."""

import hashlib
import json
from collections.abc import Callable, Sequence

import numpy as np

from indexes.errors import EncoderMismatchError
from indexes.protocols import Encoder
from indexes.storage.catalog import Catalog
from indexes.types import Passage

BATCH = 128
"""Passages embedded at once: enough to fill batches of like length, few enough to lose little at a kill."""
_PROBE, _PROBE_KEY = "Which model is this?", "probe"
_SAME_COSINE = 0.99
"""Servers round in their own ways; other models, or the same trained on, differ by far more."""


def encoder_text(passage: Passage) -> str:
    """What is embedded: the passage with what a reader must know first."""
    return f"{passage.context}\n{passage.text}"


def encoded_hash(passage: Passage) -> str:
    return hashlib.sha256(encoder_text(passage).encode()).hexdigest()


def embed_passages(
    passages: Sequence[Passage], encoder: Encoder, catalog: Catalog, tell: Callable[[int], None]
) -> dict[str, bytes]:
    """Vectors by the hash of what was embedded; those that the catalog knows are not made again.

    ``tell`` gets the number of texts after each batch. Raises ``EncoderMismatchError`` before any is.
    """
    texts = {encoded_hash(passage): encoder_text(passage) for passage in passages}
    vectors = catalog.known_vectors(texts)
    missing = [key for key in texts if key not in vectors]
    if missing:
        check_encoder(catalog, encoder)
        _remember(catalog, encoder)
    for start in range(0, len(missing), BATCH):
        keys = missing[start : start + BATCH]
        made = encoder.encode([texts[key] for key in keys])
        vectors |= {key: row.tobytes() for key, row in zip(keys, made, strict=True)}
        tell(len(keys))
    return vectors


def check_encoder(catalog: Catalog, encoder: Encoder) -> None:
    """Raises ``EncoderMismatchError`` where the catalog's vectors are another model's of the same name."""
    stored = catalog.get(_PROBE_KEY)
    if stored is None:
        return
    known, now = np.array(json.loads(stored)), encoder.encode([_PROBE])[0]
    if len(known) != len(now) or known @ now < _SAME_COSINE:
        raise EncoderMismatchError(
            f"The embedding model {encoder.name!r} is not the one that made this index, though it has its name: their "
            f"vectors cannot be compared. Bring the old one back, or index into another folder with --index DIR."
        )


def _remember(catalog: Catalog, encoder: Encoder) -> None:
    """How a model embeds one text, so that another of its name is told from it."""
    if catalog.get(_PROBE_KEY) is None:
        catalog.set(_PROBE_KEY, json.dumps(encoder.encode([_PROBE])[0].tolist()))
