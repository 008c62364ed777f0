"""Folder, catalog and Chroma are compared, and what differs is said."""

import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from fakes.documents import document, put
from fakes.encoder import WordsEncoder
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import Sync, SyncListener
from indexes.ingest.verification import verify
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.vectors.index import ChromaVectors


@pytest.fixture
def docs(tmp_path: Path, catalog: Catalog, vectors: ChromaVectors) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("ants", "bees", "cats"):
        (folder / f"{name}.txt").write_text(f"All about {name}. They are many.")
    encoder = WordsEncoder()
    splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)
    Sync(catalog, vectors, encoder, splitter, ReadingLimits()).run([folder], SyncListener())
    return folder


def test_an_index_that_was_just_made_has_no_fault(docs: Path, catalog: Catalog, vectors: ChromaVectors) -> None:
    assert verify(catalog, vectors) == []


def test_what_the_folder_has_and_the_index_has_not_is_named(
    docs: Path, catalog: Catalog, vectors: ChromaVectors
) -> None:
    (docs / "new.txt").write_text("New.")
    (docs / "ants.txt").write_text("Ants again.")
    (docs / "bees.txt").unlink()
    assert [line.split(",")[0] for line in verify(catalog, vectors)] == [
        "new.txt: not indexed yet",
        "ants.txt: changed since",
        "bees.txt: gone",
    ]


def test_a_folder_that_is_gone_is_named(docs: Path, catalog: Catalog, vectors: ChromaVectors) -> None:
    shutil.rmtree(docs)
    assert verify(catalog, vectors) == [f"There is no folder {docs}."]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE documents SET text = 'x' || text WHERE path = 'ants.txt'", "is not the document's text at its span"),
        ("UPDATE passages SET text = 'All about dogs.'", "is not the document's text at its span"),
        ("INSERT INTO passages_text (passages_text) VALUES ('delete-all')", "full-text index differs"),
        ("UPDATE vectors SET vector = x'00000000' WHERE rowid = 1", "vectors of several sizes"),
    ],
)
def test_a_catalog_that_was_tampered_with_is_told(
    docs: Path, catalog: Catalog, vectors: ChromaVectors, damage: str, told: str
) -> None:
    with sqlite3.connect(catalog.file) as db:
        db.execute(damage)
    db.close()
    assert any(told in line for line in catalog.faults())


def test_a_long_document_is_verified_in_time_that_grows_with_its_length(catalog: Catalog) -> None:
    put(
        catalog, document("".join(f"Line {n} says ünlike things about the desk and its days.\n" for n in range(40_000)))
    )
    began = time.monotonic()
    assert catalog.faults() == []
    assert time.monotonic() - began < 3  # a tenth of that; seconds where each passage is looked for from the start


def test_a_snapshot_that_is_gone_is_told_and_a_rebuild_mends_it(
    docs: Path, catalog: Catalog, vectors: ChromaVectors
) -> None:
    vectors.close()
    shutil.rmtree(catalog.file.parent / "chroma")
    (fault,) = verify(catalog, vectors)
    assert fault.startswith("the Chroma snapshot is missing or damaged (")
    assert fault.endswith("): `footnote rebuild` makes it anew")
    assert vectors.publish(force=True)
    assert verify(catalog, vectors) == []
