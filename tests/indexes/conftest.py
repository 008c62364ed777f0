"""An empty index in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexes.storage.catalog import Catalog
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog.create(tmp_path / "index" / "catalog.sqlite3")
    yield made
    made.close()


@pytest.fixture
def vectors(tmp_path: Path, catalog: Catalog) -> Iterator[ChromaVectors]:
    made = ChromaVectors(EmbeddedChroma(tmp_path / "index" / "chroma"), catalog)
    yield made
    made.close()
