"""SQLite files: a connection per thread, transactions, migration at opening, and failures in words."""

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, ClassVar

from indexes.errors import FootnoteError, IndexLockedError
from indexes.storage.migrations import Schema, copy_path, version_of, write_copy


class StorageError(FootnoteError):
    """A SQLite file cannot be opened, read, written or migrated."""

    kind = "storage-unusable"


class Database:
    """A SQLite file that threads and processes share. Each thread has its own connection.

    A file of an older format is migrated in place when it is opened, after a copy of it was written beside it:
    ``NAME.vN.bak`` for format N. A kill at any moment leaves the old file or the new one.
    """

    failure: ClassVar[type[FootnoteError]] = StorageError
    """The error that its methods raise."""
    folder_mode: ClassVar[int] = 0o777
    file_mode: ClassVar[int] = 0o644
    """Permissions of a file that is made here; SQLite's own files beside it get the same."""

    def __init__(self, file: Path, schema: Schema, *, create: bool = False, timeout: float = 30) -> None:
        """Open the file; with ``create``, make it first if there is none.

        ``timeout`` is how many seconds to wait for another process that writes. Raises ``failure``; raises the error
        that ``missing`` returns if there is no file.
        """
        self.file = file
        self._schema = schema
        self._timeout = timeout
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        if create:
            self._touch()
        elif not file.is_file():
            raise self.missing()
        self.writable = os.access(file.parent, os.W_OK)
        try:
            self._db.execute("PRAGMA user_version")
        except sqlite3.OperationalError:  # no room for the files that SQLite needs beside it, even to read
            self.writable = False
        except sqlite3.DatabaseError:  # no database: the next read says so
            pass
        try:
            self._bring_up_to_date(create=create)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections of all threads."""
        for db in self._connections:
            db.close()
        self._connections.clear()
        self._local = threading.local()

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """All rows that a query returns."""
        with self._in_words():
            return self._db.execute(query, values).fetchall()

    def batches(self, query: str, values: tuple[Any, ...], size: int) -> Iterator[list[Any]]:
        """The rows that a query returns, at most ``size`` at a time."""
        with self._in_words():
            cursor = self._db.execute(query, values)
            while rows := cursor.fetchmany(size):
                yield rows

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed at the end, rolled back by an exception. What it committed is on disk."""
        with self._in_words():
            db = self._db
            db.execute("BEGIN IMMEDIATE")
            try:
                if (version := version_of(db)) != self._schema.version:  # migrated by a newer program since
                    raise self.of_another_format(version or 0)
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite itself ends one that finds the disk full
                    db.execute("ROLLBACK")
                raise

    # -- connections --------------------------------------------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection."""
        access = self._access()
        if not hasattr(self._local, "db") or self._local.access != access:
            db = self._connect(access[0])
            if hasattr(self._local, "db"):  # it reads no batches now
                self._local.db.close()
                self._connections.remove(self._local.db)
            self._local.db, self._local.access = db, access
            self._connections.append(db)
        connection: sqlite3.Connection = self._local.db
        return connection

    def _connect(self, access: str) -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self.file.resolve().as_uri()}?{access}",
            uri=True,
            isolation_level=None,
            timeout=self._timeout,
            check_same_thread=False,
        )
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, also after a power cut
        for name, function in self._schema.functions.items():
            db.create_function(name, -1, function, deterministic=True)
        return db

    def _access(self) -> tuple[str, int]:
        """The mode to open the file in, and the modification time if the connection depends on it.

        In a folder that is read-only, SQLite opens a file without a log only as immutable. Such a connection does not
        see later commits of other processes, so each commit needs a new connection.
        """
        if self.writable:
            return "mode=rw", 0
        log = self.file.with_name(f"{self.file.name}-wal")
        return ("mode=ro", 0) if log.exists() and log.stat().st_size else ("immutable=1", self.file.stat().st_mtime_ns)

    # -- formats ------------------------------------------------------------------------------------------------

    def _touch(self) -> None:
        try:
            self.file.parent.mkdir(self.folder_mode, parents=True, exist_ok=True)
            if not self.file.exists():
                self.file.touch(self.file_mode)
        except OSError as error:
            raise self.unwritable(error) from error

    def _bring_up_to_date(self, *, create: bool) -> None:
        """Make or migrate the file unless it has the present format."""
        deadline = time.monotonic() + self._timeout
        while True:
            with self._in_words():
                version = version_of(self._db)
            if version == self._schema.version:
                return None
            if version is None and not create:  # the process that made it was killed
                raise self.missing()
            if version is not None and not self._schema.first <= version < self._schema.version:
                raise self.of_another_format(version)
            try:
                with self.migration_lock() if version is not None else nullcontext():
                    return self._migrate()
            except IndexLockedError:
                if time.monotonic() > deadline:
                    raise

    def _migrate(self) -> None:
        """Run the missing migrations in one transaction. SQLite lets no other process write meanwhile."""
        version = None
        try:
            with closing(self._connect("mode=rw")) as db:
                if version_of(db) is None:
                    db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA foreign_keys = OFF")  # replacing a table must not delete what refers to it
                db.execute("BEGIN IMMEDIATE")
                version = version_of(db)
                if version == self._schema.version:  # another process was faster
                    return
                if version is not None:
                    with closing(self._connect("mode=rw")) as source:
                        write_copy(source, self.file, version)
                self._schema.migrate(db, version)
                db.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or error.args[:1] == (errno.ENOSPC,):
                raise self.on_a_full_disk() from error
            raise (self.unwritable(error) if version is None else self.not_migrated(version, error)) from error

    def migration_lock(self) -> AbstractContextManager[None]:
        """A lock to hold during the migration of an older file; entering it may raise ``IndexLockedError``."""
        return nullcontext()

    # -- failures in words --------------------------------------------------------------------------------------

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise self.on_a_full_disk() from error
            with suppress(sqlite3.Error, OSError), closing(self._connect(self._access()[0])) as db:
                version = version_of(db)
                if version is not None and version > self._schema.version:  # migrated by a newer program since
                    raise self.of_another_format(version) from error
            raise self.unusable(error) from error

    @property
    def start_over(self) -> str:
        """How a user starts over, as an imperative."""
        return "move it away"

    def missing(self) -> FootnoteError:
        """The error that there is no file."""
        return self.failure(f"There is no {self.file}.")

    def of_another_format(self, version: int) -> FootnoteError:
        """The error that the file has a format that is too old or too new."""
        present = self._schema.version
        if version < present:
            return self.failure(
                f"{self.file} has format {version}, and this Footnote reads formats {self._schema.first} to {present}: "
                f"to start over, {self.start_over}."
            )
        copy = copy_path(self.file, present)
        restore = f"delete {self.file.name}-wal and put {copy.name} in the file's place, or " if copy.exists() else ""
        return self.failure(
            f"{self.file} has format {version}, and this Footnote reads formats up to {present}: use the newer "
            f"Footnote that wrote it. Otherwise {restore}{self.start_over} to start over."
        )

    def on_a_full_disk(self) -> FootnoteError:
        """The error that there is no room."""
        return self.failure(f"The disk of {self.file} is full: make room.")

    def unwritable(self, error: Exception) -> FootnoteError:
        """The error that the file cannot be made."""
        return self.failure(f"{self.file} cannot be written: {error}.")

    def not_migrated(self, version: int, error: Exception) -> FootnoteError:
        """The error that a migration failed."""
        return self.failure(
            f"{self.file} cannot be migrated from format {version} to {self._schema.version}: {error}. It is unchanged."
        )

    def unusable(self, error: Exception) -> FootnoteError:
        """The error that SQLite cannot read or write the file."""
        return self.failure(f"{self.file} cannot be used: {error}. If it is damaged, {self.start_over} to start over.")
