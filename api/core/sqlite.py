"""Files of the server's own, beside the index: keys, conversations, the journal. SQLite, as the catalog is."""

import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from indexes.errors import FootnoteError
from indexes.storage.database import Database, write

MICROSECONDS_A_DAY = 24 * 3600 * 10**6


class RecordsError(FootnoteError):
    """A file of the server's own cannot be read or written."""

    kind = "records-unusable"


class Records(Database):
    """Safe to use from many threads and processes; what a transaction acknowledged is on disk."""

    @classmethod
    def opened(cls, file: Path, schema: str, version: int) -> Self:
        """Made first where there is none. Raises ``RecordsError``."""
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)  # nobody else's on this machine; SQLite's own files beside it take after it
            write(file, schema, version)
        except (OSError, sqlite3.Error) as error:
            raise RecordsError(f"{file} cannot be written: {error}. The folder is set by server.dir.") from error
        return cls(file, version)

    def missing(self) -> FootnoteError:
        return RecordsError(f"There is no {self.file}: it went while it was used.")

    def of_another_format(self, found: int, version: int) -> FootnoteError:
        return RecordsError(
            f"{self.file} has format {found}, this Footnote reads {version}: move it away to begin anew."
        )

    def on_a_full_disk(self) -> FootnoteError:
        return RecordsError(f"The disk of {self.file} is full: make room.")

    def unusable(self, error: Exception) -> FootnoteError:
        return RecordsError(f"{self.file} cannot be used: {error}. If it is damaged, move it away to begin anew.")


def now() -> int:
    """Microseconds of Unix time, as records have it."""
    return time.time_ns() // 1000


def moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
