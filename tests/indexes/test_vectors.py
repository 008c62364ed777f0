"""The copy in Chroma: as right as the catalog, whatever happens to it."""

import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from indexes.catalog import Catalog, FileState, FileVersion
from indexes.types import Document, Locator, Matrix, Passage, Section
from indexes.vectors import ChromaVectors, _ask

Vectors = dict[str, Matrix]
"""By passage id."""


def units(count: int, seed: int) -> Matrix:
    rows: Matrix = np.random.default_rng(seed).normal(size=(count, 32)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def put(catalog: Catalog, path: str, count: int, seed: int = 0) -> Vectors:
    """A document of so many passages with random vectors, by their ids."""
    vectors = {f"{path}-{n}": row for n, row in enumerate(units(count, seed))}
    passages = [
        (Passage(i, path, path, "", "", "text", Locator(0, 1, 1, 1)), f"{i} {seed}", row.tobytes())
        for i, row in vectors.items()
    ]
    doc = Document(path, path, "", "text/plain", "", "text", (Section(0, 4),))
    catalog.put([FileVersion(FileState(path, "", 1, 1), [(doc, passages)])])
    return vectors


def nearest(stored: Vectors, query: Matrix, limit: int) -> list[str]:
    cosines = np.stack(list(stored.values())) @ query
    return [list(stored)[n] for n in np.argsort(-cosines)[:limit]]


def search(vectors: ChromaVectors, query: Matrix, limit: int = 10) -> list[str]:
    return [i for i, _ in vectors.search(query, limit=limit)]


def assert_exact(vectors: ChromaVectors, stored: Vectors, seed: int = 99) -> None:
    for query in units(5, seed):
        assert search(vectors, query) == nearest(stored, query, 10)


def snapshots(folder: Path) -> list[Path]:
    return sorted((folder / "index" / "chroma").iterdir())


def test_an_empty_index_finds_nothing_and_publishes_nothing(vectors: ChromaVectors) -> None:
    assert vectors.search(units(1, 0)[0], limit=5) == []
    assert vectors.pending() == 0
    assert vectors.publish() is False


def test_chroma_finds_what_brute_force_finds_among_two_thousand(catalog: Catalog, vectors: ChromaVectors) -> None:
    stored = put(catalog, "a", 2000)
    assert vectors.publish() is True
    assert vectors.pending() == 0
    queries = units(50, 1)
    same = sum(len({*search(vectors, q)} & {*nearest(stored, q, 10)}) for q in queries)
    assert same / 500 >= 0.99
    for i, cosine in vectors.search(queries[0], limit=10):
        assert cosine == pytest.approx(float(stored[i] @ queries[0]), abs=1e-4)
    assert len(search(vectors, queries[0], limit=5000)) == 2000


def test_what_is_not_published_is_found_all_the_same(catalog: Catalog, vectors: ChromaVectors) -> None:
    stored = put(catalog, "a", 300)
    assert vectors.pending() == 300
    assert_exact(vectors, stored)
    vectors.publish()
    stored |= put(catalog, "b", 10, seed=1)
    assert vectors.pending() == 10
    assert_exact(vectors, stored)


def test_publishing_changes_no_answer(catalog: Catalog, vectors: ChromaVectors) -> None:
    put(catalog, "a", 300)
    queries = units(10, 2)
    by_hand = [search(vectors, query) for query in queries]
    vectors.publish()
    assert [search(vectors, query) for query in queries] == by_hand


def test_vectors_behind_many_equal_ones_are_found_when_all_are_asked_for(
    catalog: Catalog, vectors: ChromaVectors
) -> None:
    for n in range(300):
        put(catalog, f"same-{n}", 1, seed=1)
    put(catalog, "other", 20, seed=2)
    vectors.publish()
    everything = search(vectors, units(1, 1)[0], limit=1000)
    assert len(everything) == len(set(everything)) == 320


def test_few_changes_are_not_worth_a_snapshot_unless_it_is_forced(
    catalog: Catalog, vectors: ChromaVectors, tmp_path: Path
) -> None:
    stored = put(catalog, "a", 300)
    vectors.publish()
    before = snapshots(tmp_path)
    stored |= put(catalog, "b", 10, seed=1)
    assert vectors.publish() is False
    assert snapshots(tmp_path) == before
    assert vectors.publish(force=True) is True
    assert vectors.pending() == 0
    assert_exact(vectors, stored)


def test_progress_counts_the_passages_that_are_new_to_chroma(catalog: Catalog, vectors: ChromaVectors) -> None:
    told: list[int] = []
    put(catalog, "a", 300)
    vectors.publish(told.append)
    put(catalog, "b", 40)
    vectors.publish(told.append)
    assert told == [300, 40]


@pytest.mark.parametrize("published", [True, False])
def test_a_new_vector_of_the_same_passage_takes_the_place_of_the_old(
    catalog: Catalog, vectors: ChromaVectors, published: bool
) -> None:
    stored = put(catalog, "a", 50) | put(catalog, "b", 200, seed=1)
    vectors.publish()
    stored |= put(catalog, "a", 50, seed=2)
    if published:
        vectors.publish(force=True)
    assert_exact(vectors, stored)


@pytest.mark.parametrize("published", [True, False])
def test_what_went_and_came_back_is_found_once(catalog: Catalog, vectors: ChromaVectors, published: bool) -> None:
    stored = put(catalog, "a", 50) | put(catalog, "b", 200, seed=1)
    vectors.publish()
    catalog.remove(["a"])
    put(catalog, "a", 50)
    if published:
        vectors.publish(force=True)
    assert_exact(vectors, stored)
    everything = search(vectors, units(1, 3)[0], limit=1000)
    assert len(everything) == len(set(everything)) == 250


@pytest.mark.parametrize(("kept", "gone"), [(200, 40), (60, 200)], ids=["few", "most"])
def test_what_is_removed_leaves_the_next_snapshot(
    catalog: Catalog, vectors: ChromaVectors, kept: int, gone: int
) -> None:
    stored = put(catalog, "kept", kept)
    put(catalog, "gone", gone, seed=1)
    vectors.publish()
    catalog.remove(["gone"])
    assert vectors.pending() == gone
    assert vectors.publish() is True
    assert_exact(vectors, stored)
    assert len(search(vectors, units(1, 3)[0], limit=1000)) == kept


def test_everything_removed_leaves_an_empty_snapshot(catalog: Catalog, vectors: ChromaVectors) -> None:
    put(catalog, "a", 50)
    vectors.publish()
    catalog.remove(["a"])
    vectors.publish()
    assert vectors.search(units(1, 0)[0], limit=5) == []
    assert_exact(vectors, put(catalog, "b", 50))


def damage_by_deletion(snapshot: Path) -> None:
    shutil.rmtree(snapshot)


def damage_by_losing_the_database(snapshot: Path) -> None:
    (snapshot / "chroma.sqlite3").unlink()


def damage_by_truncating_the_database(snapshot: Path) -> None:
    file = snapshot / "chroma.sqlite3"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def damage_by_emptying_the_database(snapshot: Path) -> None:
    (snapshot / "chroma.sqlite3").write_bytes(b"")


def damage_by_overwriting_the_database(snapshot: Path) -> None:
    file = snapshot / "chroma.sqlite3"
    file.write_bytes(b"\xff" * file.stat().st_size)


def damage_by_truncating_the_graph(snapshot: Path) -> None:
    for file in snapshot.glob("*/*.bin"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize(
    "damage",
    [
        damage_by_deletion,
        damage_by_losing_the_database,
        damage_by_truncating_the_database,
        damage_by_emptying_the_database,
        damage_by_truncating_the_graph,
    ],
)
def test_a_damaged_snapshot_changes_no_answer_and_the_next_publish_heals_it(
    catalog: Catalog, vectors: ChromaVectors, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    stored = put(catalog, "a", 1200)
    vectors.publish()
    vectors.close()
    (snapshot,) = snapshots(tmp_path)
    damage(snapshot)
    again = ChromaVectors(tmp_path / "index" / "chroma", catalog)
    assert_exact(again, stored)
    assert again.pending() == 1200
    assert again.publish() is True
    assert again.pending() == 0
    assert_exact(again, stored)
    again.close()


def test_a_snapshot_that_chroma_cannot_read_changes_no_answer(
    catalog: Catalog, vectors: ChromaVectors, tmp_path: Path
) -> None:
    stored = put(catalog, "a", 100)
    vectors.publish()
    damage_by_overwriting_the_database(*snapshots(tmp_path))
    again = ChromaVectors(tmp_path / "index" / "chroma", catalog)
    assert_exact(again, stored)
    stored |= put(catalog, "b", 100, seed=1)
    assert again.publish() is True
    assert_exact(again, stored)
    again.close()


def test_a_snapshot_left_half_built_by_a_kill_is_in_nobodys_way(
    catalog: Catalog, vectors: ChromaVectors, tmp_path: Path
) -> None:
    stored = put(catalog, "a", 100)
    building = tmp_path / "index" / "chroma" / "building"
    building.mkdir(parents=True)
    (building / "chroma.sqlite3").write_bytes(b"half")
    assert vectors.publish() is True
    assert_exact(vectors, stored)
    assert not building.exists()


def test_a_second_instance_sees_what_the_first_committed_and_published(
    catalog: Catalog, vectors: ChromaVectors, tmp_path: Path
) -> None:
    other_catalog = Catalog(catalog._file)
    other = ChromaVectors(tmp_path / "index" / "chroma", other_catalog)
    stored = put(catalog, "a", 300)
    assert_exact(other, stored)
    vectors.publish()
    stored |= put(catalog, "b", 5, seed=1)
    assert_exact(other, stored)
    for seed in (2, 3, 4):  # more snapshots than are kept
        stored |= put(catalog, f"c{seed}", 100, seed)
        assert vectors.publish() is True
        assert_exact(other, stored)
    other.close()
    other_catalog.close()


def test_the_snapshot_before_is_kept_for_those_who_have_it_open_and_no_other(
    catalog: Catalog, vectors: ChromaVectors, tmp_path: Path
) -> None:
    published = []
    for n in range(4):
        put(catalog, "a", 100, seed=n)  # every passage is replaced: built from nothing
        vectors.publish(force=True)
        published.append({*snapshots(tmp_path)})
    assert [len(folders) for folders in published] == [1, 2, 2, 2]
    assert all(len(before & after) == 1 for before, after in pairwise(published))


def test_a_search_under_way_ends_in_the_snapshot_it_began_in(catalog: Catalog, vectors: ChromaVectors) -> None:
    stored = put(catalog, "a", 200)
    vectors.publish()
    under_way = vectors._fresh_view()
    put(catalog, "b", 200, seed=1)
    vectors.publish()
    query = units(1, 5)[0]
    search(vectors, query)  # opens the new snapshot
    assert under_way.copy
    assert [*(_ask(under_way.copy, query, 10, set()) or {})] == nearest(stored, query, 10)


def test_searches_go_on_while_snapshots_are_published(catalog: Catalog, vectors: ChromaVectors) -> None:
    stored = put(catalog, "a", 200)
    vectors.publish()
    stop = threading.Event()
    query = units(1, 5)[0]
    first = nearest(stored, query, 1)

    def keep_searching() -> int:
        searches = 0
        while not stop.is_set():
            assert search(vectors, query, 1) == first
            searches += 1
        return searches

    with ThreadPoolExecutor(4) as pool:
        try:
            searching = [pool.submit(keep_searching) for _ in range(4)]
            for _ in range(6):
                catalog.remove(["b"])  # nothing, but a new revision
                vectors.publish(force=True)
        finally:
            stop.set()
        assert min(task.result() for task in searching) > 0


def test_the_record_of_a_snapshot_lies_in_the_catalog(catalog: Catalog, vectors: ChromaVectors, tmp_path: Path) -> None:
    put(catalog, "a", 10)
    vectors.publish()
    ((stored,),) = sqlite3.connect(catalog._file).execute("SELECT value FROM meta WHERE key = 'vectors'").fetchall()
    assert f'"{snapshots(tmp_path)[0].name}"' in stored
