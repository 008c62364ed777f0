"""Documents with random vectors, and what brute force finds among them."""

import numpy as np

from indexes.storage.catalog import Catalog, FileState, FileVersion
from indexes.types import EVERYONE, Document, Locator, Matrix, Passage, Section
from indexes.vectors.index import ChromaVectors

Vectors = dict[str, Matrix]
"""By the hash of what was embedded."""


def units(count: int, seed: int) -> Matrix:
    rows: Matrix = np.random.default_rng(seed).normal(size=(count, 32)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def put(catalog: Catalog, path: str, count: int, seed: int = 0, readers: tuple[str, ...] = (EVERYONE,)) -> Vectors:
    """A document of so many passages with random vectors, by what stands for the hash of their text."""
    vectors = {f"{path}-{n} {seed}": row for n, row in enumerate(units(count, seed))}
    passages = [
        (Passage(i, path, path, "", "", "text", Locator(0, 1, 1, 1)), i, row.tobytes()) for i, row in vectors.items()
    ]
    doc = Document(path, path, "", "text/plain", "", "text", (Section(0, 4),), readers)
    catalog.put([FileVersion(FileState(path, "", 1, 1), [(doc, passages)])])
    return vectors


def remove(catalog: Catalog, path: str) -> None:
    catalog.remove([path])
    catalog.drop_unused_vectors()


def nearest_of(stored: Vectors, query: Matrix, limit: int) -> list[str]:
    cosines = np.stack(list(stored.values())) @ query
    return [list(stored)[n] for n in np.argsort(-cosines)[:limit]]


def search(vectors: ChromaVectors, query: Matrix, limit: int = 10) -> list[str]:
    return [i for i, _ in vectors.search(query, limit=limit)]


def assert_exact(vectors: ChromaVectors, stored: Vectors, seed: int = 99) -> None:
    for query in units(5, seed):
        assert search(vectors, query) == nearest_of(stored, query, 10)
