"""The server's own files beside the index: keys, conversations, the journal. SQLite, as the catalog is."""

import time
from datetime import UTC, datetime

from indexes.errors import FootnoteError
from indexes.storage.database import Database

MICROSECONDS_A_DAY = 24 * 3600 * 10**6


class RecordsError(FootnoteError):
    """One of the server's own files cannot be read or written."""

    kind = "records-unusable"


class Records(Database):
    """One of the server's own files. Safe to use from many threads and processes."""

    failure = RecordsError
    folder_mode, file_mode = 0o700, 0o600  # for this user alone

    def unwritable(self, error: Exception) -> FootnoteError:
        return RecordsError(f"{self.file} cannot be written: {error}. The folder is set by server.dir.")


def now() -> int:
    """Return the Unix time in microseconds, as records store it."""
    return time.time_ns() // 1000


def moment(microseconds: int) -> datetime:
    """The UTC time of a number of microseconds of Unix time."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
