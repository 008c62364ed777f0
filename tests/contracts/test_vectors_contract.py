"""One suite for every place of snapshots: as right as the catalog, whatever happens to them."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from fakes.vectors import Vectors, assert_exact, nearest_of, put, remove, search, units
from indexes.storage.catalog import Catalog
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.chroma_server import ChromaServer
from indexes.vectors.index import ChromaVectors
from indexes.vectors.snapshots import SnapshotStore


class Place(Protocol):
    def store(self, catalog: Catalog) -> SnapshotStore: ...
    def snapshots(self) -> set[str]: ...
    def lose(self, name: str) -> None: ...


class Embedded:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def store(self, catalog: Catalog) -> SnapshotStore:
        return EmbeddedChroma(self.folder)

    def snapshots(self) -> set[str]:
        return {folder.name for folder in self.folder.iterdir()}

    def lose(self, name: str) -> None:
        shutil.rmtree(self.folder / name)


class Server:
    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._collections = f"{url}/api/v2/tenants/default_tenant/databases/default_database/collections"
        self._others = self._names()

    def store(self, catalog: Catalog) -> SnapshotStore:
        return ChromaServer(self.url, catalog, self.folder)

    def snapshots(self) -> set[str]:
        return self._names() - self._others

    def lose(self, name: str) -> None:
        httpx.delete(f"{self._collections}/{name}").raise_for_status()

    def _names(self) -> set[str]:
        return {collection["name"] for collection in httpx.get(self._collections).json()}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog.create(tmp_path / "catalog.sqlite3")
    yield made
    made.close()


@pytest.fixture(params=["embedded", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "embedded":
        yield Embedded(tmp_path / "chroma")
        return
    server = Server(request.getfixturevalue("chroma_url"), tmp_path)
    yield server
    for name in server.snapshots():
        server.lose(name)


@pytest.fixture
def vectors(place: Place, catalog: Catalog) -> Iterator[ChromaVectors]:
    made = ChromaVectors(place.store(catalog), catalog)
    yield made
    made.close()


def test_an_empty_index_finds_nothing_and_publishes_nothing(vectors: ChromaVectors, place: Place) -> None:
    assert vectors.search(units(1, 0)[0], limit=5) == []
    assert (vectors.pending(), vectors.damaged()) == (0, None)
    assert vectors.publish() is False


def test_it_finds_what_brute_force_finds_among_two_thousand(catalog: Catalog, vectors: ChromaVectors) -> None:
    stored = put(catalog, "a", 2000)
    assert vectors.publish() is True
    assert (vectors.pending(), vectors.damaged()) == (0, None)
    queries = units(50, 1)
    same = sum(len({*search(vectors, q)} & {*nearest_of(stored, q, 10)}) for q in queries)
    assert same / 500 >= 0.99
    for i, cosine in vectors.search(queries[0], limit=10):
        assert cosine == pytest.approx(float(stored[i] @ queries[0]), abs=1e-6)
    assert len(search(vectors, queries[0], limit=5000)) == 2000


def test_what_is_not_published_is_found_all_the_same(catalog: Catalog, vectors: ChromaVectors) -> None:
    stored = put(catalog, "a", 300)
    assert vectors.pending() == 300
    assert_exact(vectors, stored)
    vectors.publish()
    stored |= put(catalog, "b", 10, seed=1)
    assert vectors.pending() == 10
    assert_exact(vectors, stored)


def test_publishing_changes_no_answer_to_the_last_digit(catalog: Catalog, vectors: ChromaVectors) -> None:
    put(catalog, "a", 300)
    put(catalog, "twin", 300)
    queries = units(10, 2)
    by_hand = [vectors.search(query, limit=51) for query in queries]
    vectors.publish()
    assert [vectors.search(query, limit=51) for query in queries] == by_hand


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
    catalog: Catalog, vectors: ChromaVectors, place: Place
) -> None:
    stored = put(catalog, "a", 300)
    vectors.publish()
    before = place.snapshots()
    stored |= put(catalog, "b", 10, seed=1)
    assert vectors.publish() is False
    assert place.snapshots() == before
    assert vectors.publish(force=True) is True
    assert vectors.pending() == 0
    assert_exact(vectors, stored)


@pytest.mark.parametrize("published", [True, False])
def test_what_went_and_came_back_is_found_once(catalog: Catalog, vectors: ChromaVectors, published: bool) -> None:
    stored = put(catalog, "a", 50) | put(catalog, "b", 200, seed=1)
    vectors.publish()
    remove(catalog, "a")
    put(catalog, "a", 50)
    if published:
        assert vectors.publish() is True
    assert_exact(vectors, stored)
    everything = search(vectors, units(1, 3)[0], limit=1000)
    assert len(everything) == len(set(everything)) == 250


@pytest.mark.parametrize(("kept", "gone"), [(200, 40), (60, 200)], ids=["few", "most"])
@pytest.mark.parametrize("published", [True, False])
def test_what_is_removed_is_found_no_more_and_hides_nothing(
    catalog: Catalog, vectors: ChromaVectors, kept: int, gone: int, published: bool
) -> None:
    stored = put(catalog, "kept", kept)
    put(catalog, "gone", gone, seed=1)
    vectors.publish()
    remove(catalog, "gone")
    assert vectors.pending() == gone
    if published:
        assert vectors.publish() is True
        assert vectors.faults() == []
    assert_exact(vectors, stored)
    assert len(search(vectors, units(1, 3)[0], limit=1000)) == kept


def test_everything_removed_leaves_an_empty_snapshot(catalog: Catalog, vectors: ChromaVectors) -> None:
    put(catalog, "a", 50)
    vectors.publish()
    remove(catalog, "a")
    vectors.publish()
    assert vectors.search(units(1, 0)[0], limit=5) == []
    assert_exact(vectors, put(catalog, "b", 50))


def test_a_lost_snapshot_is_told_changes_no_answer_and_is_made_anew(
    catalog: Catalog, vectors: ChromaVectors, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    stored = put(catalog, "a", 300)
    vectors.publish()
    assert_exact(vectors, stored)
    place.lose(*place.snapshots())
    again = ChromaVectors(place.store(catalog), catalog)
    queries = units(5, 9)
    assert [again.search(q, limit=10) for q in queries] == [vectors.search(q, limit=10) for q in queries]
    assert len([record for record in caplog.records if record.message.startswith("Searching without")]) <= 2
    assert again.damaged()
    (fault,) = again.faults()
    assert fault.endswith("`footnote rebuild` makes it anew")
    assert again.pending() == 300
    assert again.publish() is True
    assert (again.pending(), again.damaged(), again.faults()) == (0, None, [])
    assert_exact(again, stored)
    again.close()


def test_a_second_instance_sees_what_the_first_committed_and_published(
    catalog: Catalog, vectors: ChromaVectors, place: Place
) -> None:
    other_catalog = Catalog(catalog.file)
    other = ChromaVectors(place.store(other_catalog), other_catalog)
    stored = put(catalog, "a", 300)
    assert_exact(other, stored)
    vectors.publish()
    assert other.pending() == 0
    stored |= put(catalog, "b", 5, seed=1)
    assert_exact(other, stored)
    for seed in (2, 3, 4):  # more snapshots than are kept
        stored |= put(catalog, f"c{seed}", 100, seed)
        assert vectors.publish() is True
        assert_exact(other, stored)
    other.close()
    other_catalog.close()


def test_a_reader_that_two_publications_overtook_goes_on_with_the_newest(
    catalog: Catalog, vectors: ChromaVectors, place: Place
) -> None:
    stored = put(catalog, "a", 300)
    vectors.publish()
    search(vectors, units(1, 5)[0])  # opens the snapshot
    under_way = vectors._view
    for _ in range(2):
        vectors.publish(force=True)
    vectors._view = under_way
    assert_exact(vectors, stored)
    assert vectors.damaged() is None


def test_the_snapshot_before_is_kept_for_those_who_have_it_open_and_no_other(
    catalog: Catalog, vectors: ChromaVectors, place: Place
) -> None:
    published = []
    for n in range(4):
        put(catalog, "a", 100, seed=n)
        vectors.publish(force=True)
        published.append(place.snapshots())
    assert [len(names) for names in published] == [1, 2, 2, 2]
    assert all(len(before & after) == 1 for before, after in pairwise(published))


def test_a_search_under_way_ends_in_the_snapshot_it_began_in(catalog: Catalog, vectors: ChromaVectors) -> None:
    stored = put(catalog, "a", 200)
    vectors.publish()
    query = units(1, 5)[0]
    search(vectors, query)  # opens the snapshot
    under_way = vectors._view
    put(catalog, "b", 200, seed=1)
    vectors.publish()
    search(vectors, query)  # opens the new snapshot
    assert under_way
    assert under_way.opened
    assert under_way.opened.nearest(query, 10) == nearest_of(stored, query, 10)


def test_searches_go_on_while_snapshots_are_published(catalog: Catalog, vectors: ChromaVectors) -> None:
    stored = put(catalog, "a", 200)
    vectors.publish()
    stop = threading.Event()
    query = units(1, 5)[0]
    first = nearest_of(stored, query, 1)

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
                vectors.publish(force=True)
        finally:
            stop.set()
        assert min(task.result() for task in searching) > 0
    assert vectors.damaged() is None


def test_two_indexes_in_one_place_do_not_disturb_each_other(tmp_path: Path, place: Place) -> None:
    if isinstance(place, Embedded):
        pytest.skip("two indexes have two folders")
    assert isinstance(place, Server)
    catalogs = [Catalog.create(tmp_path / name / "catalog.sqlite3") for name in ("one", "two")]
    shutil.copytree(tmp_path / "one", tmp_path / "copy")  # with the same id
    catalogs.append(Catalog(tmp_path / "copy" / "catalog.sqlite3"))
    indexes = [ChromaVectors(ChromaServer(place.url, c, c.file.parent), c) for c in catalogs]
    stored: list[Vectors] = [{} for _ in indexes]
    for n in range(9):
        stored[n % 3] |= put(catalogs[n % 3], f"doc-{n}", 60, seed=n)
        assert indexes[n % 3].publish(force=True)
    for catalog, vectors, own in zip(catalogs, indexes, stored, strict=True):
        assert_exact(vectors, own)
        assert (vectors.faults(), vectors.pending()) == ([], 0)
        vectors.close()
        catalog.close()
    assert len(place.snapshots()) == 6


def test_what_a_kill_left_half_made_or_unnamed_goes_with_the_next_publication(
    catalog: Catalog, vectors: ChromaVectors, place: Place
) -> None:
    stored = put(catalog, "a", 100)
    vectors.publish()
    named = place.snapshots()
    place.store(catalog).build(catalog, None, lambda _: None)  # and was killed before the catalog named it
    assert len(place.snapshots()) == 2
    assert vectors.publish() is False
    assert place.snapshots() == named
    assert_exact(vectors, stored)


def test_the_record_of_a_snapshot_lies_in_the_catalog(catalog: Catalog, vectors: ChromaVectors, place: Place) -> None:
    put(catalog, "a", 10)
    vectors.publish()
    ((stored,),) = sqlite3.connect(catalog.file).execute("SELECT value FROM meta WHERE key = 'vectors'").fetchall()
    assert f'"{place.snapshots().pop()}"' in stored


def test_progress_counts_the_passages_that_are_written(catalog: Catalog, vectors: ChromaVectors) -> None:
    told: list[int] = []
    put(catalog, "a", 300)
    vectors.publish(told.append)
    assert told == [300]
