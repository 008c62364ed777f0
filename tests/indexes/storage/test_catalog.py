"""The store of record."""

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from fakes.documents import document, put
from fakes.encoder import WordsEncoder
from indexes.errors import IndexMissingError, IndexUnreadableError
from indexes.ingest.embedding import encoded_hash, encoder_text
from indexes.storage.catalog import SCHEMA, Catalog, FileState, FileVersion
from indexes.storage.database import Database
from indexes.text.tokenization import terms
from indexes.types import EVERYONE, PUBLIC, Audience, Filters, Locator, Passage, Scope, Section

LONG = " ".join(f"A sentence about magnet {n} and its rules." for n in range(40))


def hashes(passages: list[Passage]) -> list[str]:
    return [encoded_hash(passage) for passage in passages]


def found(catalog: Catalog, word: str, audience: Audience = PUBLIC) -> set[str]:
    (term,) = terms(word)
    return {entry.passage.path for entry in catalog.search_rows.match(f'"{term}"', limit=100, scope=Scope(audience))}


def embedded(catalog: Catalog, passages: list[Passage], audience: Audience = PUBLIC) -> list[Passage]:
    return [entry.passage for entry in catalog.search_rows.embedded_as(hashes(passages), Scope(audience))]


def everything(catalog: Catalog) -> list[str]:
    return [i for batch, _ in catalog.vectors(after=0, batch=7) for i in batch]


def test_a_document_comes_back_as_it_was_put(catalog: Catalog) -> None:
    sections = (Section(0, 6, 1, ("Leave",), page=3), Section(6, 12, 2, ("Leave", "Sick"), 4, "Sheet", 5, "table"))
    doc = document("first\nsecond", sections=sections, readers=("hr", "board"))
    put(catalog, doc)
    back = catalog.document(doc.id)
    assert back is not None
    assert (back.text, back.sections, set(back.readers)) == (doc.text, doc.sections, {"hr", "board"})
    assert catalog.document("no such id") is None


def test_a_passage_comes_back_as_it_was_put(catalog: Catalog) -> None:
    text = "Magnets.\nMore of them."
    section = Section(0, len(text), 7, ("One", "Two"), page=4)
    passages = put(catalog, document(text, sections=(section,)))
    (entry,) = catalog.search_rows.embedded_as(hashes(passages), Scope())
    assert ([entry.passage], [entry.encoded]) == (passages, hashes(passages))
    assert (entry.context_terms.split(), entry.terms.split()) == (terms("A title > One > Two"), terms(text))
    np.testing.assert_array_equal(entry.vector, WordsEncoder().encode([encoder_text(passages[0])])[0])
    assert passages[0].locator == Locator(0, len(text), 7, 8, ("One", "Two"), page=4)


def test_a_vector_comes_back_bit_by_bit(catalog: Catalog) -> None:
    encoder = WordsEncoder()
    passages = put(catalog, document(LONG), encoder)
    batches = list(catalog.vectors(after=0, batch=2))
    assert [i for batch, _ in batches for i in batch] == hashes(passages)
    assert max(len(batch) for batch, _ in batches) == 2
    np.testing.assert_array_equal(np.concatenate([m for _, m in batches]), WordsEncoder().encode(encoder.encoded))


def test_putting_again_replaces_every_trace_of_the_version_before(catalog: Catalog) -> None:
    before = put(catalog, document("An old word: aardvark.", readers=("hr",)))
    after = put(catalog, document("A new word: zebra."))
    catalog.drop_unused_vectors()
    assert everything(catalog) == hashes(after)
    assert embedded(catalog, before, Audience(frozenset({"hr"}))) == []
    assert (found(catalog, "aardvark"), found(catalog, "zebra")) == (set(), {"a.txt"})
    assert catalog.counts() == (1, 1)


def test_putting_the_same_twice_is_putting_it_once(catalog: Catalog) -> None:
    assert put(catalog, document(LONG)) == put(catalog, document(LONG))
    assert len(everything(catalog)) == len(set(everything(catalog))) == catalog.counts()[1]
    assert catalog.removed(after=0) == []


def test_removing_leaves_no_trace(catalog: Catalog) -> None:
    passages = put(catalog, document(LONG))
    put(catalog, document("Other text.", "b.txt"))
    catalog.remove(["a.txt"])
    assert embedded(catalog, passages) == []
    assert (found(catalog, "magnets"), found(catalog, "other")) == (set(), {"b.txt"})
    assert catalog.counts() == (1, 1)
    assert set(catalog.files()) == {"b.txt"}


def test_a_put_that_fails_changes_nothing(catalog: Catalog) -> None:
    before = put(catalog, document("An old word: aardvark."))
    revision = catalog.revision
    broken = document("A new word: zebra.")
    (passage,) = before
    row = (passage, "hash", b"")
    with pytest.raises(IndexUnreadableError, match="UNIQUE"):
        catalog.put([FileVersion(FileState("a.txt", "", 1, 1), [(broken, [row, row])])])
    assert catalog.revision == revision
    assert (found(catalog, "aardvark"), found(catalog, "zebra")) == ({"a.txt"}, set())
    assert everything(catalog) == hashes(before)
    put(catalog, broken)
    assert found(catalog, "zebra") == {"a.txt"}


def test_every_change_counts_and_setting_a_value_does_not(catalog: Catalog) -> None:
    assert catalog.revision == 0
    put(catalog, document("One."))
    put(catalog, document("Two.", "b.txt"))
    catalog.set("key", "value")
    assert (catalog.revision, catalog.get("key")) == (2, "value")
    catalog.remove(["b.txt"])
    assert catalog.revision == 3


def test_what_came_and_went_after_a_revision_is_told(catalog: Catalog) -> None:
    one = put(catalog, document("One."))
    two = put(catalog, document("Two.", "b.txt"))
    revision = catalog.revision
    three = put(catalog, document("Three.", "c.txt"))
    catalog.remove(["a.txt"])
    catalog.drop_unused_vectors()
    assert [i for batch, _ in catalog.vectors(after=revision, batch=9) for i in batch] == hashes(three)
    assert catalog.removed(after=revision) == hashes(one)
    assert catalog.removed(after=catalog.revision) == []
    put(catalog, document("One."))
    assert catalog.removed(after=revision) == []
    assert set(everything(catalog)) == {*hashes(one), *hashes(two), *hashes(three)}


def test_passages_that_read_alike_have_one_vector_between_them_until_the_last_is_gone(catalog: Catalog) -> None:
    one, two = (put(catalog, document("Magnets.", path)) for path in ("a.txt", "b.txt"))
    assert everything(catalog) == hashes(one) == hashes(two)
    assert embedded(catalog, one) == [*one, *two]
    catalog.remove(["a.txt"])
    catalog.drop_unused_vectors()
    assert (everything(catalog), embedded(catalog, one)) == (hashes(two), two)
    catalog.remove(["b.txt"])
    assert everything(catalog) == hashes(two)  # for text that moves from one file to another
    catalog.drop_unused_vectors()
    assert everything(catalog) == []


def test_vectors_are_known_by_what_they_were_made_of(catalog: Catalog) -> None:
    put(catalog, document("One."))
    known = dict(sqlite3.connect(catalog.file).execute("SELECT encoded, vector FROM vectors"))
    assert catalog.known_vectors([*known, "another"]) == known


@pytest.mark.parametrize(
    ("readers", "groups", "visible"),
    [
        ((EVERYONE,), (), True),
        (("hr",), ("hr", "board"), True),
        (("hr", "board"), ("board",), True),
        (("hr",), (), False),
        (("hr",), ("board",), False),
        ((), (), False),
        ((), ("hr", EVERYONE), False),
        (("hr",), ("h", "hrx", "HR", '"hr"', "hr') OR 1 --"), False),
    ],
)
def test_who_reads_what(catalog: Catalog, readers: tuple[str, ...], groups: tuple[str, ...], visible: bool) -> None:
    audience = Audience(frozenset(groups))
    passages = put(catalog, document("Magnets.", readers=readers))
    assert audience.may_read(readers) is visible
    assert bool(embedded(catalog, passages, audience)) is visible
    assert bool(found(catalog, "magnets", audience)) is visible


@pytest.mark.parametrize("filters", [Filters(), Filters(paths=("a.*",))], ids=["who", "what"])
def test_whatever_a_search_reads_is_within_its_scope(catalog: Catalog, filters: Filters) -> None:
    readers = (EVERYONE,) if filters.paths else ("hr",)
    passages = put(catalog, document("Magnets.", "a.txt", title="Nordsund Line"))
    put(catalog, document("Magnets.", "b.txt", title="Nordsund Line", readers=readers))
    scope, entries = Scope(filters=filters), catalog.search_rows
    read = [
        entries.embedded_as(hashes(passages), scope),
        entries.match("magnet", limit=9, scope=scope),
        entries.at_rows([1, 2], scope),
        entries.first_of_documents(["id of a.txt", "id of b.txt"], scope, most=9),
    ]
    assert [[entry.passage for entry in found] for found in read] == [passages] * 4
    assert entries.documents_named(["Nordsund Line"], scope) == {"Nordsund Line": ["id of a.txt"]}


def test_of_documents_those_are_readable_that_are_there_and_for_the_audience(catalog: Catalog) -> None:
    put(catalog, document("For all.", "all.txt"))
    put(catalog, document("For some.", "hr.txt", readers=("hr", "board")))
    asked = ["id of all.txt", "id of hr.txt", "id of none.txt"]
    assert catalog.readable(asked, PUBLIC) == {"id of all.txt"}
    assert catalog.readable(asked, Audience(frozenset({"hr", "board"}))) == {"id of all.txt", "id of hr.txt"}
    assert catalog.readable(asked[1:], PUBLIC) == frozenset()


def test_the_first_passages_of_documents_are_read(catalog: Catalog) -> None:
    one, two = (put(catalog, document(f"{path}. {LONG}", path)) for path in ("a.txt", "b.txt"))
    entries = catalog.search_rows.first_of_documents(["id of a.txt", "id of b.txt"], Scope(), most=2)
    assert [entry.passage for entry in entries] == [*one[:2], *two[:2]]
    rows = [entry.row for entry in catalog.search_rows.first_of_documents(["id of b.txt"], Scope(), most=99)]
    assert rows == [*range(rows[0], rows[0] + len(two))]


def test_a_documents_text_is_read_by_its_characters(catalog: Catalog) -> None:
    put(catalog, document("Zoë 😀 日本\nand more"))
    assert catalog.search_rows.text("id of a.txt", 4, 12) == "😀 日本\nand"
    assert catalog.search_rows.text("no such id", 0, 9) == ""


def test_matching_compares_stems_and_ranks_by_how_often(catalog: Catalog) -> None:
    put(catalog, document("China produced a magnet once.", "once.txt"))
    put(catalog, document("China produces. They produce, and produced is all they produce.", "often.txt"))
    put(catalog, document("Nothing of that.", "never.txt"))
    (term,) = terms("producing")
    entries = catalog.search_rows.match(term, limit=5, scope=Scope())
    assert [entry.passage.path for entry in entries] == ["often.txt", "once.txt"]
    assert len(catalog.search_rows.match(term, limit=1, scope=Scope())) == 1


def test_matching_finds_accents_with_and_without(catalog: Catalog) -> None:
    put(catalog, document("The café of Gdańsk."))
    assert found(catalog, "cafe") == found(catalog, "GDAŃSK") == found(catalog, "gdansk") == {"a.txt"}


@pytest.mark.parametrize("expression", ['"', "AND", "a NEAR/", "terms:", "(((", "nosuch : a", "*", "a\0b", ""])
def test_a_hostile_expression_finds_nothing_hidden_and_breaks_nothing(catalog: Catalog, expression: str) -> None:
    put(catalog, document("a b " + LONG, readers=("hr",)))
    put(catalog, document(LONG, "b.txt"))
    with suppress(IndexUnreadableError):
        assert {entry.passage.path for entry in catalog.search_rows.match(expression, limit=5, scope=Scope())} <= {
            "b.txt"
        }
    assert found(catalog, "magnets") == {"b.txt"}


def test_a_column_filter_does_not_reach_hidden_documents(catalog: Catalog) -> None:
    put(catalog, document("Secret magnets.", readers=("hr",)))
    assert catalog.search_rows.match("terms : magnet OR context_terms : titl", limit=9, scope=Scope()) == []


def test_threads_read_while_one_writes_and_see_whole_versions(catalog: Catalog) -> None:
    for n in range(2):
        put(catalog, document(f"magnet {n}. " * 60, "a.txt"))
    sizes = {catalog.counts()[1]}
    stop = threading.Event()

    def read() -> set[int]:
        seen = set()
        while not stop.is_set():
            seen.add(catalog.counts()[1])
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for n in range(30):
            put(catalog, document(f"magnet {n % 10}. " * 60, "a.txt"))
        stop.set()
        assert {size for reader in readers for size in reader.result()} == sizes


def test_threads_write_one_after_the_other(catalog: Catalog) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: put(catalog, document(f"Text {n}.", f"{n}.txt")), range(20)))
    assert (catalog.revision, catalog.counts()) == (20, (20, 20))


def test_another_connection_reads_the_old_version_until_the_commit(catalog: Catalog) -> None:
    put(catalog, document("An old word: aardvark."))
    other = Catalog(catalog.file)
    with catalog._counted() as db:
        db.execute("DELETE FROM documents")
        assert found(other, "aardvark") == {"a.txt"}
        assert other.revision == 1
    assert (found(other, "aardvark"), other.revision) == (set(), 2)
    other.close()


def test_a_catalog_opens_again_with_what_was_put(catalog: Catalog) -> None:
    put(catalog, document("Magnets."))
    catalog.close()
    again = Catalog.create(catalog.file)
    assert (found(again, "magnets"), again.revision) == ({"a.txt"}, 1)
    again.close()


def test_no_catalog_is_an_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="make one with `footnote index DOCS`"):
        Catalog(tmp_path / "catalog.sqlite3")
    assert list(tmp_path.iterdir()) == []


def test_a_catalog_whose_making_was_cut_short_is_none_yet(tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite3"
    db = sqlite3.connect(file)
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    with pytest.raises(IndexMissingError, match="make one with `footnote index DOCS`"):
        Catalog(file)
    Catalog.create(file).close()
    Catalog(file).close()


@pytest.mark.parametrize(
    "data", [b"this is no database, but a text of some length" * 99, b"SQLite format 3\0" + b"\xff" * 999]
)
def test_what_is_not_a_catalog_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "catalog.sqlite3"
    file.write_bytes(data)
    with pytest.raises(IndexUnreadableError, match=r"cannot be used"):
        Catalog(file)
    with pytest.raises(IndexUnreadableError, match=r"cannot be used"):
        Catalog.create(file)
    assert file.read_bytes() == data


@pytest.mark.parametrize("version", [0, 1, 4, 6])
def test_a_catalog_of_another_format_is_refused_in_words(catalog: Catalog, version: int) -> None:
    db = sqlite3.connect(catalog.file)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with pytest.raises(IndexUnreadableError, match=f"has format {version}, and this Footnote reads .* away and run"):
        Catalog(catalog.file)


def test_a_damaged_catalog_is_an_error_in_words_at_every_reading(catalog: Catalog) -> None:
    for n in range(20):
        put(catalog, document(LONG, f"{n}.txt"))
    catalog.close()
    db = sqlite3.connect(catalog.file)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    roots = [page for (page,) in db.execute("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0")]
    db.close()
    data = bytearray(catalog.file.read_bytes())
    for page in roots:
        data[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
    catalog.file.write_bytes(data)
    broken = Catalog(catalog.file)
    for reading in (broken.files, lambda: everything(broken), lambda: found(broken, "magnets")):
        with pytest.raises(IndexUnreadableError, match="cannot be used"):
            reading()
    broken.close()


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IndexUnreadableError, match="No index can be written"):
        Catalog.create(tmp_path / "file" / "catalog.sqlite3")


def test_an_index_that_is_only_read_is_open_once_however_often_another_writes_it(catalog: Catalog) -> None:
    catalog.close()
    reader = Database(catalog.file, SCHEMA)
    reader.writable = False
    open_files: list[int] = []
    for number in range(4):
        os.utime(catalog.file, (number, number))  # as another process's commit does
        assert reader.rows("SELECT count(*) FROM documents") == [(0,)]
        open_files.append(sum(file.resolve() == catalog.file.resolve() for file in Path("/proc/self/fd").iterdir()))
    reader.close()
    assert open_files == [1, 1, 1, 1]
