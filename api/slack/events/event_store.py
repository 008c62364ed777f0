"""What was heard and answered, on disk: Slack delivers more than once, and a process may die over an answer."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from api.core.sqlite import Records, RecordsError
from api.slack.workspace.places import Heard, Place
from indexes.errors import FootnoteError
from indexes.storage.migrations import Schema

_FORMAT_1 = """
CREATE TABLE heard (
    key TEXT PRIMARY KEY, team TEXT NOT NULL, channel TEXT NOT NULL, thread TEXT, user TEXT NOT NULL,
    alone INTEGER NOT NULL, quiet INTEGER NOT NULL, reply TEXT, done INTEGER NOT NULL DEFAULT 0, at REAL NOT NULL
);
CREATE INDEX unfinished ON heard (done) WHERE done = 0;
CREATE TABLE threads (
    team TEXT NOT NULL, channel TEXT NOT NULL, thread TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (team, channel, thread)
) WITHOUT ROWID;
CREATE TABLE asked (
    answer TEXT PRIMARY KEY, team TEXT NOT NULL, channel TEXT NOT NULL, thread TEXT, user TEXT NOT NULL,
    text TEXT NOT NULL, private INTEGER NOT NULL, at REAL NOT NULL
);
"""
SCHEMA = Schema((_FORMAT_1,))
_KEPT_DAYS = 90


class SlackBusyError(FootnoteError):
    """Another process runs the bot on the same records."""

    kind = "slack-busy"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An answer that was under way when the process ended; ``reply`` is the ``ts`` of its message, if it has one."""

    key: str
    place: Place
    user: str
    alone: bool
    reply: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the buttons below an answer are about."""

    place: Place
    user: str
    text: str
    private: bool
    """Whether only who asked saw question and answer."""


class Deliveries:
    """Safe to use from many threads; what it says is on disk."""

    def __init__(self, file: Path) -> None:
        """Raises ``RecordsError``."""
        self._lock = FileLock(file.with_suffix(".lock"))
        self._db = Records(file, SCHEMA, create=True)
        self._busy, self._closed = threading.Lock(), False
        self._prune()

    def hold(self) -> None:
        """Until they are closed. Raises ``SlackBusyError`` where another process has them.

        Only one can tell of what a dead one left: what is unfinished then is nobody else's.
        """
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise SlackBusyError(
                f"Another process runs the Slack bot with {self._db.file}: stop it, or set another server.dir."
            ) from None

    def claim(self, heard: Heard, *, quiet: bool) -> bool:
        """Whether it was not heard before. ``quiet`` ones are not missed when they are interrupted."""
        return self.claim_all([(heard, quiet)])[0]

    def claim_all(self, claims: Sequence[tuple[Heard, bool]]) -> list[bool]:
        """As ``claim``, each with whether it is quiet: the disk is waited for once."""
        with self._writing() as db:
            return [_claim(db, heard, quiet=quiet) for heard, quiet in claims]

    def takes_part(self, place: Place) -> bool:
        """Whether the bot was asked in this thread, or answered in it."""
        values = (place.team, place.channel, place.thread)
        return bool(self._rows("SELECT 1 FROM threads WHERE team = ? AND channel = ? AND thread = ?", values))

    def join(self, place: Place) -> None:
        with self._writing() as db:
            values = (place.team, place.channel, place.thread, time.time())
            db.execute("INSERT OR REPLACE INTO threads VALUES (?, ?, ?, ?)", values)

    def replying(self, key: str, reply: str) -> None:
        with self._writing() as db:
            db.execute("UPDATE heard SET reply = ? WHERE key = ?", (reply, key))

    def whisper(self, key: str) -> None:
        """Only who asked is to be told what became of it."""
        with self._writing() as db:
            db.execute("UPDATE heard SET alone = 1 WHERE key = ?", (key,))

    def finish(self, key: str) -> None:
        with self._writing() as db:
            db.execute("UPDATE heard SET done = 1 WHERE key = ?", (key,))

    def unfinished(self) -> list[Unfinished]:
        """Oldest first."""
        rows = self._rows(
            "SELECT key, team, channel, thread, user, alone, reply FROM heard WHERE done = 0 AND quiet = 0 ORDER BY at"
        )
        return [Unfinished(key, Place(*place), user, bool(alone), reply) for key, *place, user, alone, reply in rows]

    def once(self, key: str) -> bool:
        """Whether nothing was done under this key before."""
        return self.claim(Heard(key=key, place=Place("", ""), user="", text="", addressed=False), quiet=True)

    def remember(self, answer: str, asked: Asked) -> None:
        place = asked.place
        row = (answer, place.team, place.channel, place.thread, asked.user, asked.text, asked.private, time.time())
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO asked VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def asked(self, answer: str) -> Asked | None:
        rows = self._rows("SELECT team, channel, thread, user, text, private FROM asked WHERE answer = ?", (answer,))
        for *place, user, text, private in rows:
            return Asked(Place(*place), user, text, bool(private))
        return None

    def close(self) -> None:
        """Once nothing is being done with it: a task that was cancelled leaves its thread at work."""
        with self._busy:
            self._db.close()
            self._closed = True
            self._lock.release()

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._use():
            return self._db.rows(query, values)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._use(), self._db.transaction() as db:
            yield db

    @contextmanager
    def _use(self) -> Iterator[None]:
        with self._busy:
            if self._closed:
                raise RecordsError(f"{self._db.file} is closed.")
            yield

    def _prune(self) -> None:
        before = time.time() - _KEPT_DAYS * 24 * 3600
        with self._writing() as db:
            for table in ("heard", "threads", "asked"):
                db.execute(f"DELETE FROM {table} WHERE at < ?", (before,))  # noqa: S608 - names of our own


def _claim(db: sqlite3.Connection, heard: Heard, *, quiet: bool) -> bool:
    place, now = heard.place, time.time()
    claimed = db.execute(
        "INSERT OR IGNORE INTO heard (key, team, channel, thread, user, alone, quiet, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (heard.key, place.team, place.channel, place.thread, heard.user, heard.alone, quiet, now),
    ).rowcount
    if claimed and heard.addressed and place.thread:
        values = (place.team, place.channel, place.thread, now)
        db.execute("INSERT OR REPLACE INTO threads VALUES (?, ?, ?, ?)", values)
    return bool(claimed)
