"""Embeds passages, each text once, and never by another model than the catalog's."""

import hashlib
import json
from collections.abc import Callable, Sequence

import numpy as np

from indexes.errors import EncoderMismatchError
from indexes.protocols import Encoder
from indexes.storage.catalog import Catalog
from indexes.types import Passage

BATCH = 128
"""Passages embedded at once: enough for batches of like length, few enough to lose little at a kill."""
_PROBE, _PROBE_KEY = "Which model is this?", "probe"
_SAME_COSINE = 0.99
"""Servers round differently; other models, or the same trained further, differ by far more."""


def encoder_text(passage: Passage) -> str:
    """Return the text that is embedded: the passage after its title and headings."""
    return f"{passage.context}\n{passage.text}"


def encoded_hash(passage: Passage) -> str:
    """Return the SHA-256 of the text that is embedded."""
    return hashlib.sha256(encoder_text(passage).encode()).hexdigest()


def embed_passages(
    passages: Sequence[Passage], encoder: Encoder, catalog: Catalog, report: Callable[[int], None]
) -> dict[str, bytes]:
    """Return vectors by ``encoded_hash``, without making those again that the catalog knows.

    ``report`` gets the number of texts after each batch. Raises ``EncoderMismatchError`` before the first.
    """
    texts = {encoded_hash(passage): encoder_text(passage) for passage in passages}
    vectors = catalog.known_vectors(texts)
    missing = [key for key in texts if key not in vectors]
    if missing:
        check_encoder(catalog, encoder)
        if catalog.get(_PROBE_KEY) is None:  # by which another model of this name will be noticed
            catalog.set(_PROBE_KEY, json.dumps(encoder.encode([_PROBE])[0].tolist()))
    for start in range(0, len(missing), BATCH):
        keys = missing[start : start + BATCH]
        rows = encoder.encode([texts[key] for key in keys])
        vectors |= {key: row.tobytes() for key, row in zip(keys, rows, strict=True)}
        report(len(keys))
    return vectors


def check_encoder(catalog: Catalog, encoder: Encoder) -> None:
    """Raise ``EncoderMismatchError`` if the catalog's vectors are another model's of the same name."""
    stored = catalog.get(_PROBE_KEY)
    if stored is None:
        return
    before, now = np.array(json.loads(stored)), encoder.encode([_PROBE])[0]
    if len(before) != len(now) or before @ now < _SAME_COSINE:
        raise EncoderMismatchError(
            f"The embedding model {encoder.name!r} is not the one that made this index, though it has its name: their "
            f"vectors cannot be compared. Bring the old one back, or index into another folder with --index DIR."
        )
