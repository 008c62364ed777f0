"""Folders of embedded Chroma: what damages them changes no answer and is mended; a kill or a power cut damages none."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.vectors import assert_exact, put, remove, units
from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors

SEARCH_WITHOUT_A_LOOK = """
import sys, chromadb, numpy as np
client = chromadb.PersistentClient(sys.argv[1], settings=chromadb.config.Settings(anonymized_telemetry=False))
collection = client.get_collection("passages", embedding_function=None)
for seed in range(20):
    vector = np.random.default_rng(seed).normal(size=(1, 32))
    collection.query(query_embeddings=vector.astype(np.float32), n_results=100, include=[])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index" / "chroma"


def graph(snapshot: Path, name: str = "*.bin") -> list[Path]:
    files = [file for file in snapshot.glob(f"*/{name}") if file.stat().st_size]
    assert files
    return files


def the_whole_folder_deleted(snapshot: Path) -> None:
    shutil.rmtree(snapshot.parent)


def a_file_in_place_of_the_whole_folder(snapshot: Path) -> None:
    shutil.rmtree(snapshot.parent)
    snapshot.parent.write_text("not a folder")


def the_snapshot_deleted(snapshot: Path) -> None:
    shutil.rmtree(snapshot)


def the_snapshot_emptied(snapshot: Path) -> None:
    shutil.rmtree(snapshot)
    snapshot.mkdir()


def a_file_in_place_of_the_snapshot(snapshot: Path) -> None:
    shutil.rmtree(snapshot)
    snapshot.write_text("not a folder")


def a_folder_in_place_of_the_database(snapshot: Path) -> None:
    (snapshot / "chroma.sqlite3").unlink()
    (snapshot / "chroma.sqlite3").mkdir()


def the_database_deleted(snapshot: Path) -> None:
    (snapshot / "chroma.sqlite3").unlink()


def the_database_truncated(snapshot: Path) -> None:
    file = snapshot / "chroma.sqlite3"
    os.truncate(file, file.stat().st_size // 2)


def the_database_emptied(snapshot: Path) -> None:
    os.truncate(snapshot / "chroma.sqlite3", 0)


def the_database_overwritten(snapshot: Path) -> None:
    file = snapshot / "chroma.sqlite3"
    file.write_bytes(b"\xff" * file.stat().st_size)


def ids_in_the_database_changed(snapshot: Path) -> None:
    file = snapshot / "chroma.sqlite3"
    content = file.read_bytes()
    file.write_bytes(content.replace(b"a-11", b"a-12"))
    assert file.read_bytes() != content


def the_graph_deleted(snapshot: Path) -> None:
    (metadata,) = graph(snapshot, "index_metadata.pickle")
    shutil.rmtree(metadata.parent)


def the_graph_truncated(snapshot: Path) -> None:
    for file in graph(snapshot):
        os.truncate(file, file.stat().st_size // 2)


def bytes_of_the_graph_flipped(snapshot: Path) -> None:
    """Sizes stay as they were; every hundredth byte does not."""
    for file in graph(snapshot, "data_level0.bin"):
        content = bytearray(file.read_bytes())
        content[::100] = bytes(byte ^ 0xFF for byte in content[::100])
        file.write_bytes(content)


def one_byte_of_the_graph_flipped(snapshot: Path) -> None:
    (file,) = graph(snapshot, "data_level0.bin")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def the_metadata_of_the_graph_overwritten(snapshot: Path) -> None:
    for file in graph(snapshot, "index_metadata.pickle"):
        file.write_bytes(b"\x80" * file.stat().st_size)


DAMAGES = [
    the_whole_folder_deleted,
    a_file_in_place_of_the_whole_folder,
    the_snapshot_deleted,
    the_snapshot_emptied,
    a_file_in_place_of_the_snapshot,
    a_folder_in_place_of_the_database,
    the_database_deleted,
    the_database_truncated,
    the_database_emptied,
    the_database_overwritten,
    ids_in_the_database_changed,
    the_graph_deleted,
    the_graph_truncated,
    bytes_of_the_graph_flipped,
    one_byte_of_the_graph_flipped,
    the_metadata_of_the_graph_overwritten,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_changes_no_answer_is_told_and_is_mended(
    catalog: Catalog, vectors: ChromaVectors, folder: Path, damage: Callable[[Path], None]
) -> None:
    stored = put(catalog, "a", 1200)
    vectors.publish()
    queries = units(20, 3)
    before = [vectors.search(query, limit=20) for query in queries]
    vectors.close()
    (snapshot,) = folder.iterdir()
    damage(snapshot)
    again = ChromaVectors(EmbeddedChroma(folder), catalog)
    assert [again.search(query, limit=20) for query in queries] == before
    assert again.damaged() == f"the files in {snapshot} are gone or damaged"
    assert again.pending() == 1200
    assert again.publish() is True
    assert (again.pending(), again.damaged(), again.faults()) == (0, None, [])
    (healed,) = folder.iterdir()
    assert healed != snapshot
    assert_exact(again, stored)
    again.close()


def test_chroma_itself_crashes_on_a_graph_whose_bytes_were_flipped(
    catalog: Catalog, vectors: ChromaVectors, folder: Path
) -> None:
    """Why a seal holds digests, and not only sizes. Once this fails, the seal may be a smaller one."""
    put(catalog, "a", 1200)
    vectors.publish()
    vectors.close()
    (snapshot,) = folder.iterdir()
    bytes_of_the_graph_flipped(snapshot)
    crashed = subprocess.run(
        [sys.executable, "-c", SEARCH_WITHOUT_A_LOOK, snapshot], capture_output=True, timeout=60, check=False
    )
    assert crashed.returncode < 0, crashed.stderr.decode()


def test_reading_a_snapshot_breaks_no_seal(catalog: Catalog, vectors: ChromaVectors, folder: Path) -> None:
    for count in (1, 2, 1200):
        stored = put(catalog, "a", count)
        vectors.publish(force=True)
        for _ in range(3):
            reader = ChromaVectors(EmbeddedChroma(folder), catalog)
            assert_exact(reader, stored)
            assert reader.damaged() is None
            reader.close()
        remove(catalog, "a")


def test_a_snapshot_grows_from_the_one_before(catalog: Catalog, vectors: ChromaVectors) -> None:
    told: list[int] = []
    stored = put(catalog, "a", 300)
    vectors.publish()
    stored |= put(catalog, "b", 40, seed=1)
    vectors.publish(told.append)
    assert told == [40]
    assert_exact(vectors, stored)


def test_a_snapshot_left_half_built_by_a_kill_is_in_nobodys_way(
    catalog: Catalog, vectors: ChromaVectors, folder: Path
) -> None:
    stored = put(catalog, "a", 100)
    building = folder / "r1-0123abcd.building"
    building.mkdir(parents=True)
    (building / "chroma.sqlite3").write_bytes(b"half")
    assert vectors.publish() is True
    assert_exact(vectors, stored)
    assert not building.exists()


def test_every_file_is_on_disk_before_the_catalog_names_it(
    catalog: Catalog, vectors: ChromaVectors, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, synced = os.fsync, list[tuple[Path, str | None]]()

    def watched(handle: int) -> None:
        fsync(handle)
        synced.append((Path(f"/proc/self/fd/{handle}").readlink(), catalog.get("vectors")))

    monkeypatch.setattr(os, "fsync", watched)
    put(catalog, "a", 100)
    vectors.publish()
    assert {named for _, named in synced} == {None}
    (snapshot,) = folder.iterdir()
    files = {path.relative_to(f"{snapshot}.building") for path, _ in synced if path != folder}
    assert files == {path.relative_to(snapshot) for path in snapshot.rglob("*")} | {Path()}
    assert synced[-1][0] == folder


def test_a_folder_that_cannot_be_written_costs_no_answer_and_is_told(
    catalog: Catalog, vectors: ChromaVectors, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = put(catalog, "a", 100)
    folder.symlink_to("/proc/no such disk")
    assert vectors.publish() is False
    assert caplog.messages
    with pytest.raises(ChromaUnavailableError, match="Chroma cannot take the vectors: "):
        vectors.publish(force=True)
    assert_exact(vectors, stored)
    assert vectors.pending() == 100
