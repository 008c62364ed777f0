"""A SQLite file that threads and processes share: a connection each, transactions, and failures in words."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from indexes.errors import FootnoteError, IndexMissingError, IndexUnreadableError


class Database:
    """Safe to use from many threads: each has its own connection."""

    def __init__(
        self, file: Path, version: int, functions: Mapping[str, Callable[..., Any]] = MappingProxyType({})
    ) -> None:
        """Raises ``IndexMissingError`` where there is none, ``IndexUnreadableError`` where it is another's.

        ``functions`` are those that its queries call: each gives the same for the same.
        """
        self.file = file
        if not file.is_file():
            raise self.missing()
        self._functions = functions
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self.writable = os.access(file.parent, os.W_OK)
        self.writable = self.writable and self._can_share()
        ((found, tables),) = self.rows("SELECT *, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version")
        if not tables:  # killed while it was made
            self.close()
            raise self.missing()
        if found != version:
            self.close()
            raise self.of_another_format(found, version)

    def close(self) -> None:
        for db in self._connections:
            db.close()
        self._connections.clear()
        self._local = threading.local()

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._words():
            return self._db.execute(query, values).fetchall()

    def batches(self, query: str, values: tuple[Any, ...], size: int) -> Iterator[list[Any]]:
        with self._words():
            cursor = self._db.execute(query, values)
            while rows := cursor.fetchmany(size):
                yield rows

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._words():
            db = self._db
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite itself ends one that finds the disk full
                    db.execute("ROLLBACK")
                raise

    @property
    def _db(self) -> sqlite3.Connection:
        access = self._access()
        if not hasattr(self._local, "db") or self._local.access != access:
            db = sqlite3.connect(
                f"{self.file.resolve().as_uri()}?{access[0]}",
                uri=True,
                isolation_level=None,
                timeout=30,
                check_same_thread=False,
            )
            self._leave()
            self._local.access = access
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, also after a power cut
            for name, function in self._functions.items():
                db.create_function(name, -1, function, deterministic=True)
            self._local.db = db
            self._connections.append(db)
        connection: sqlite3.Connection = self._local.db
        return connection

    def _leave(self) -> None:
        """Closes this thread's connection, if it has one; it reads no batches then."""
        if hasattr(self._local, "db"):
            self._local.db.close()
            self._connections.remove(self._local.db)
            del self._local.db

    def _can_share(self) -> bool:
        """Whether there is room for what SQLite needs beside the file, even to read it."""
        try:
            self._db.execute("PRAGMA user_version")
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:  # no database at all: the next read says so
            pass
        return True

    def _access(self) -> tuple[str, int]:
        """How the file is opened, and since when: anew where it is not ours to write, and a writer elsewhere did.

        SQLite reads a log that it may not share only beside one, and a file without one only as immutable.
        """
        if self.writable:
            return "mode=rw", 0
        log = self.file.with_name(f"{self.file.name}-wal")
        return ("mode=ro", 0) if log.exists() and log.stat().st_size else ("immutable=1", self.file.stat().st_mtime_ns)

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise self.on_a_full_disk() from error
            raise self.unusable(error) from error

    # -- how it is said; another kind of file says it in its own words -------------------------------------------

    def missing(self) -> FootnoteError:
        return IndexMissingError(f"There is no index in {self.file.parent}: make one with `footnote index DOCS`.")

    def of_another_format(self, found: int, version: int) -> FootnoteError:
        return IndexUnreadableError(
            f"The index in {self.file.parent} has format {found}, this Footnote reads {version}: "
            f"delete that folder and run `footnote index DOCS` again."
        )

    def on_a_full_disk(self) -> FootnoteError:
        return IndexUnreadableError(
            f"The disk of the index in {self.file.parent} is full: make room, and run it again to go on."
        )

    def unusable(self, error: Exception) -> FootnoteError:
        return IndexUnreadableError(
            f"The index in {self.file.parent} cannot be used: {error}. If it is damaged, move the folder away and "
            f"index again."
        )


def create(file: Path, schema: str, version: int) -> None:
    """Makes the file where there is none, in one transaction; raises ``IndexUnreadableError``."""
    try:
        write(file, schema, version)
    except (OSError, sqlite3.Error) as error:
        raise IndexUnreadableError(f"No index can be written in {file.parent}: {error}.") from error


def write(file: Path, schema: str, version: int) -> None:
    """As ``create``; raises ``OSError`` or ``sqlite3.Error``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        if db.execute("PRAGMA user_version").fetchone() == (0,):
            db.executescript(f"BEGIN IMMEDIATE; {schema} PRAGMA user_version = {version}; COMMIT;")
