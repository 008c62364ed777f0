"""The formats of a SQLite file, the migrations from one to the next, and the copy that is kept of an older one."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from indexes.storage.fsync import fsync_path

Migration: TypeAlias = str | Callable[[sqlite3.Connection], None]
"""SQL statements, or a function that executes some. It runs in a transaction, which it must not end."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The formats of one kind of file, oldest first. ``PRAGMA user_version`` says which one a file has.

    A migration that was released is never edited: a change of format is one more migration.
    """

    migrations: tuple[Migration, ...]
    """The first one makes an empty file a file of format ``first``. Each other one adds 1 to the format."""
    first: int = 1
    """The oldest format that this program reads."""
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Python functions that queries call, by name. Equal arguments give equal results."""

    @property
    def version(self) -> int:
        """The present format."""
        return self.first + len(self.migrations) - 1

    def migrate(self, db: sqlite3.Connection, version: int | None) -> None:
        """Bring a file of format ``version``, None if it is empty, to the present one. Needs an open transaction.

        Raises ``sqlite3.IntegrityError`` if a row would refer to one that is not there.
        """
        for migration in self.migrations if version is None else self.migrations[version - self.first + 1 :]:
            if not isinstance(migration, str):
                migration(db)
                continue
            statement = ""
            for piece in re.split(r"(?<=;)", migration):  # ``executescript`` would commit the transaction first
                statement += piece
                if sqlite3.complete_statement(statement):
                    db.execute(statement)
                    statement = ""
            db.execute(statement)
        if db.execute("PRAGMA foreign_key_check").fetchall():
            raise sqlite3.IntegrityError("rows would refer to rows that are not there")
        db.execute(f"PRAGMA user_version = {self.version}")


def version_of(db: sqlite3.Connection) -> int | None:
    """The format of a file; None if it is empty."""
    query = "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version"
    ((version, tables),) = db.execute(query).fetchall()
    return int(version) if tables else None


def copy_path(file: Path, version: int) -> Path:
    """Where the copy of a file of an older format is kept: ``NAME.vN.bak`` beside it."""
    return file.with_name(f"{file.name}.v{version}.bak")


def write_copy(source: sqlite3.Connection, file: Path, version: int) -> None:
    """Copy a file of format ``version``: to disk, with its permissions, and under its name only when it is whole."""
    copy = copy_path(file, version)
    unfinished = copy.with_suffix(".unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(file.stat().st_mode & 0o777)
        with closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        fsync_path(unfinished)
        unfinished.replace(copy)
        fsync_path(copy.parent)
    finally:
        unfinished.unlink(missing_ok=True)
