"""A SQLite file is migrated in place when its format is an older one: whole or not at all, and a copy stays."""

import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fakes.documents import document, put
from fakes.engines import ROOT
from indexes.errors import IndexLockedError, IndexUnreadableError
from indexes.storage import catalog as catalog_module
from indexes.storage.catalog import Catalog, CatalogFile
from indexes.storage.database import Database, StorageError
from indexes.storage.generations import Generations
from indexes.storage.lock import writer_lock
from indexes.storage.migrations import Migration, Schema

PEOPLE = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE pets (owner INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, name TEXT NOT NULL);
CREATE TRIGGER named AFTER INSERT ON people BEGIN
    INSERT INTO pets VALUES (new.id, 'a cat; of ' || new.name);
END;
"""
BORN = "ALTER TABLE people ADD COLUMN born INTEGER; UPDATE people SET born = 1970"
OLD = Schema((PEOPLE,))


def anew(db: sqlite3.Connection) -> None:
    """The way to change a table that SQLite cannot alter: with what refers to it left alone."""
    db.execute("CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born INTEGER)")
    db.execute("INSERT INTO new SELECT id, name, born FROM people")
    db.execute("DROP TABLE people")
    db.execute("ALTER TABLE new RENAME TO people")


NEW = Schema((PEOPLE, BORN, anew))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of the old format with a row in it."""
    made = tmp_path / "people.sqlite3"
    with closing(Database(made, OLD, create=True)) as database, database.transaction() as db:
        db.execute("INSERT INTO people (name) VALUES ('Ada')")
    return made


def content(file: Path, schema: Schema) -> list[tuple[object, ...]]:
    with closing(Database(file, schema)) as database:
        return database.rows("SELECT * FROM people")


def copies(file: Path) -> list[str]:
    """The files beside it that are not SQLite's own."""
    return sorted(path.name for path in file.parent.iterdir() if path != file and path.suffix[1:] not in ("wal", "shm"))


def test_a_new_file_has_the_present_format_and_no_copy(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "new.sqlite3"
    Database(file, NEW, create=True).close()
    assert (content(file, NEW), copies(file), NEW.version) == ([], [], 3)


def test_an_old_file_is_migrated_step_by_step_and_keeps_its_rows(file: Path) -> None:
    assert content(file, NEW) == [(1, "Ada", 1970)]
    with closing(Database(file, NEW)) as database:
        assert database.rows("SELECT * FROM pets") == [(1, "a cat; of Ada")]
        with pytest.raises(StorageError, match="FOREIGN KEY"), database.transaction() as db:
            db.execute("INSERT INTO pets VALUES (7, 'nobody''s')")


def test_the_old_file_stays_beside_the_new_one_as_private_as_it_was(file: Path) -> None:
    file.chmod(0o600)
    Database(file, NEW).close()
    assert copies(file) == ["people.sqlite3.v1.bak"]
    copy = file.with_name("people.sqlite3.v1.bak")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert content(copy, OLD) == [(1, "Ada")]


def test_what_another_process_has_only_in_its_log_is_migrated_and_in_the_copy(file: Path) -> None:
    with closing(Database(file, OLD)) as other:
        with other.transaction() as db:
            db.execute("INSERT INTO people (name) VALUES ('Bob')")
        assert content(file, NEW) == [(1, "Ada", 1970), (2, "Bob", 1970)]
        shutil.copy(file.with_name("people.sqlite3.v1.bak"), file.with_name("back"))
    assert content(file.with_name("back"), OLD) == [(1, "Ada"), (2, "Bob")]


def test_a_file_of_the_present_format_is_left_as_it_is(file: Path) -> None:
    before = file.read_bytes()
    assert content(file, OLD) == [(1, "Ada")]
    assert (file.read_bytes(), copies(file)) == (before, [])


def test_the_copy_can_take_its_place_again(file: Path) -> None:
    Database(file, NEW).close()
    file.with_name("people.sqlite3.v1.bak").replace(file)
    assert content(file, OLD) == [(1, "Ada")]
    assert content(file, NEW) == [(1, "Ada", 1970)]


def failing(_: sqlite3.Connection) -> None:
    raise ValueError("a programmer's mistake")


@pytest.mark.parametrize(
    ("last", "error", "words"),
    [
        (
            "CREATE TABLE people (x)",
            StorageError,
            "cannot be migrated from format 1 to 3: .* already exists.* unchanged",
        ),
        ("INSERT INTO pets VALUES (7, '')", StorageError, "from format 1 to 3: rows would refer to rows that are not"),
        (failing, ValueError, "a programmer's mistake"),
    ],
)
def test_a_migration_that_fails_changes_nothing(
    file: Path, last: Migration, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Database(file, Schema((PEOPLE, BORN, last)))
    assert content(file, OLD) == [(1, "Ada")]
    assert content(file, NEW) == [(1, "Ada", 1970)]


KILLED = """
import os, sys
from pathlib import Path
from indexes.storage import migrations
from indexes.storage.database import Database
from indexes.storage.migrations import Schema

file, moment = Path(sys.argv[1]), sys.argv[2]
old = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"
if moment == "copying":
    migrations.fsync_path = lambda _: os._exit(9)
def step(db):
    db.execute("UPDATE people SET name = 'half'")
    if moment == "migrating":
        os._exit(9)
Database(file, Schema((old, step)))
os._exit(9)
"""


@pytest.mark.parametrize(("moment", "version"), [("copying", 1), ("migrating", 1), ("done", 2)])
def test_a_kill_leaves_the_file_old_or_new(file: Path, moment: str, version: int) -> None:
    command = [sys.executable, "-c", KILLED, file, moment]
    assert subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, check=False).returncode == 9
    names = [(1, "Ada")] if version == 1 else [(1, "half")]
    schema = OLD if version == 1 else Schema((PEOPLE, ""))
    assert content(file, schema) == names
    if version == 1:
        assert content(file, NEW) == [(1, "Ada", 1970)]
    assert copies(file) == ["people.sqlite3.v1.bak"]
    assert content(file.with_name("people.sqlite3.v1.bak"), OLD) == [(1, "Ada")]


TWO = """
import sys, time
from contextlib import closing
from pathlib import Path
from indexes.storage.database import Database
from indexes.storage.migrations import Schema

def step(db):
    time.sleep(0.5)
    db.execute("UPDATE people SET name = name || '!'")
while time.time() < float(sys.argv[2]):
    pass
with closing(Database(Path(sys.argv[1]), Schema(("", step)))) as database:
    print(database.rows("SELECT name FROM people"))
"""


def test_two_processes_that_open_it_at_once_migrate_it_once(file: Path) -> None:
    command = [sys.executable, "-c", TWO, file, str(time.time() + 1.5)]
    both = [
        subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [process.communicate(timeout=50)[0] for process in both] == ["[('Ada!',)]\n"] * 2
    assert copies(file) == ["people.sqlite3.v1.bak"]


def test_a_file_of_a_newer_program_is_refused_with_its_name_and_the_way_out(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 7")
    with pytest.raises(StorageError) as refused:
        Database(file, NEW)
    assert str(refused.value) == (
        f"{file} has format 7, and this Footnote reads formats up to 3: use the newer Footnote that wrote it. "
        "Otherwise move it away to start over."
    )


def test_where_there_is_a_copy_the_older_program_names_it(file: Path) -> None:
    Database(file, NEW).close()
    with pytest.raises(
        StorageError,
        match=r"delete people\.sqlite3-wal and put people\.sqlite3\.v1\.bak in the file's place, or move it",
    ):
        Database(file, OLD)


def test_a_file_older_than_all_that_is_read_is_refused(file: Path) -> None:
    with pytest.raises(StorageError, match="has format 1, and this Footnote reads formats 3 to 4"):
        Database(file, Schema(("", ""), first=3))


def test_an_older_program_that_has_it_open_writes_no_more_once_it_was_migrated(file: Path) -> None:
    with closing(Database(file, OLD)) as older:
        older.rows("SELECT name FROM people")
        Database(file, NEW).close()
        with pytest.raises(StorageError, match="has format 3, and"), older.transaction() as db:
            db.execute("INSERT INTO people (name) VALUES ('Bob')")
        with pytest.raises(StorageError, match="has format 3, and this Footnote reads formats up to 1"):
            older.rows("SELECT was_dropped FROM people")
    assert content(file, NEW) == [(1, "Ada", 1970)]


def test_readers_see_the_old_rows_until_the_migration_is_done(file: Path) -> None:
    seen: list[object] = []
    with closing(Database(file, OLD)) as reader:

        def step(db: sqlite3.Connection) -> None:
            db.execute("UPDATE people SET name = 'new'")
            seen.extend(reader.rows("SELECT name FROM people"))

        with closing(Database(file, Schema((PEOPLE, step)))) as database:
            seen.extend(database.rows("SELECT name FROM people"))
    assert seen == [("Ada",), ("new",)]


def test_a_migration_waits_for_who_is_writing(file: Path) -> None:
    with (
        closing(Database(file, OLD)) as writer,
        writer.transaction(),
        pytest.raises(StorageError, match="database is locked"),
    ):
        Database(file, NEW, timeout=0.1)
    assert content(file, NEW) == [(1, "Ada", 1970)]


def test_where_no_copy_can_be_written_nothing_is_changed(file: Path) -> None:
    file.with_name("people.sqlite3.v1.unfinished").mkdir()
    with pytest.raises(StorageError, match=r"people\.sqlite3 cannot be migrated from format 1 to 3: .* is unchanged"):
        Database(file, NEW)
    assert content(file, OLD) == [(1, "Ada")]


def test_a_file_without_a_number_is_of_format_0_for_who_counts_from_there(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 0")
    assert content(file, Schema((PEOPLE,), first=0)) == [(1, "Ada")]
    assert content(file, Schema((PEOPLE, BORN), first=0)) == [(1, "Ada", 1970)]
    assert copies(file) == ["people.sqlite3.v0.bak"]


# A catalog

Later = Callable[[], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Makes this program one that has a format 6 of the catalog."""

    def change() -> None:
        migrations = (*catalog_module.SCHEMA.migrations, "UPDATE documents SET title = title || ' (6)'")
        monkeypatch.setattr(catalog_module, "SCHEMA", Schema(migrations, 5, catalog_module.SCHEMA.functions))

    return change


def test_a_catalog_is_migrated_and_finds_what_it_found(catalog: Catalog, later: Later) -> None:
    put(catalog, document("Magnets attract iron."))
    file = catalog.file
    catalog.close()
    later()
    with closing(Catalog(file)) as migrated:
        assert migrated.faults() == []
    assert file.with_name("catalog.sqlite3.v5.bak").exists()
    assert not file.with_name("writer.json").exists()


def test_a_catalog_is_not_migrated_under_another_writer(catalog: Catalog, later: Later) -> None:
    file = catalog.file
    later()
    holder = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sys; from pathlib import Path; from indexes.storage.lock import writer_lock\n"
            "with writer_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()",
            file.parent,
        ],
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(IndexLockedError, match=f"process {holder.pid}"):
        CatalogFile(file, catalog_module.SCHEMA, timeout=0.1)
    holder.communicate()
    Catalog(file).close()


def test_who_holds_the_writers_lock_migrates_each_generation(tmp_path: Path, later: Later) -> None:
    generation = tmp_path / "generations" / "one"
    Catalog.create(generation / "catalog.sqlite3").close()
    later()
    with writer_lock(tmp_path):
        Catalog(generation / "catalog.sqlite3").close()
    Generations(tmp_path).drop(tmp_path)
    assert [path.name for path in generation.iterdir()] == ["catalog.sqlite3", "catalog.sqlite3.v5.bak"]


def test_a_dropped_generation_takes_its_copies_along(tmp_path: Path, later: Later) -> None:
    Catalog.create(tmp_path / "catalog.sqlite3").close()
    later()
    Catalog(tmp_path / "catalog.sqlite3").close()
    Generations(tmp_path).drop(tmp_path)
    assert list(tmp_path.glob("catalog*")) == []


def test_a_catalog_of_a_newer_program_is_refused_in_words(catalog: Catalog, later: Later) -> None:
    present = catalog_module.SCHEMA
    later()
    Catalog(catalog.file).close()
    with pytest.raises(IndexUnreadableError, match=r"has format 6, .* put catalog\.sqlite3\.v5\.bak in"):
        CatalogFile(catalog.file, present)
