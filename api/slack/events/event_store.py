"""Deduplicates Slack's events on disk: Slack delivers one more than once, and a process may die over an answer."""

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
from api.slack.workspace.slack_request import SlackPlace, SlackRequest
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
_DAYS = 90
"""How long records are kept."""


class SlackBusyError(FootnoteError):
    """Another process runs the bot on the same records."""

    kind = "slack-busy"


@dataclass(frozen=True, slots=True)
class UnfinishedAnswer:
    """An answer that was being written when the process ended."""

    key: str
    place: SlackPlace
    user: str
    asker_only: bool
    reply: str | None
    """The ``ts`` of the answer's message, if it has one."""


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """The question of an answer, for the buttons below it."""

    place: SlackPlace
    user: str
    text: str
    private: bool
    """Whether only the asker saw question and answer."""


class EventStore:
    """The events that were received, and the answers that were given. Safe to use from many threads."""

    def __init__(self, file: Path) -> None:
        """Open the file, and delete records that are too old. Raise ``RecordsError``."""
        self._process_lock = FileLock(file.with_suffix(".lock"))
        self._db = Records(file, SCHEMA, create=True)
        self._in_use, self._closed = threading.Lock(), False
        with self._transaction() as db:
            for table in ("heard", "threads", "asked"):
                db.execute(f"DELETE FROM {table} WHERE at < ?", (time.time() - _DAYS * 24 * 3600,))  # noqa: S608 - our own

    def lock(self) -> None:
        """Keep other processes out until ``close``. Raise ``SlackBusyError`` if another one is in.

        Only the process that holds the lock may report what a dead one left unfinished.
        """
        try:
            self._process_lock.acquire(blocking=False)
        except Timeout:
            raise SlackBusyError(
                f"Another process runs the Slack bot with {self._db.file}: stop it, or set another server.dir."
            ) from None

    def claim(self, request: SlackRequest, *, quiet: bool) -> bool:
        """Deduplicate: True for an event's first delivery, False for a duplicate, also after a restart.

        A ``quiet`` request is not reported as interrupted if the process dies. It may be claimed once more, and not be
        quiet: a message that an edit addresses to the bot.
        """
        return self.claim_all([(request, quiet)])[0]

    def claim_all(self, claims: Sequence[tuple[SlackRequest, bool]]) -> list[bool]:
        """``claim`` for several pairs of request and ``quiet``, in one write to the disk."""
        first_deliveries = []
        with self._transaction() as db:
            for request, quiet in claims:
                place, now = request.place, time.time()
                is_new = db.execute(
                    "INSERT INTO heard (key, team, channel, thread, user, alone, quiet, at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (key) DO UPDATE SET quiet = 0, done = 0, reply = NULL, alone = excluded.alone,"
                    " at = excluded.at WHERE heard.quiet = 1 AND excluded.quiet = 0",
                    (
                        request.key,
                        place.team,
                        place.channel,
                        place.thread,
                        request.user,
                        request.asker_only,
                        quiet,
                        now,
                    ),
                ).rowcount
                if is_new and request.addressed and place.thread:
                    _join(db, place)
                first_deliveries.append(bool(is_new))
        return first_deliveries

    def claim_key(self, key: str) -> bool:
        """``claim`` for an action that is no request: True the first time, False for a duplicate."""
        return self.claim(
            SlackRequest(key=key, place=SlackPlace("", ""), user="", text="", addressed=False), quiet=True
        )

    def takes_part(self, place: SlackPlace) -> bool:
        """Whether the bot was asked or answered in this thread."""
        values = (place.team, place.channel, place.thread)
        return bool(self._rows("SELECT 1 FROM threads WHERE team = ? AND channel = ? AND thread = ?", values))

    def join_thread(self, place: SlackPlace) -> None:
        """Let the bot take part in the thread from now on."""
        with self._transaction() as db:
            _join(db, place)

    def set_reply(self, key: str, ts: str) -> None:
        """Save the timestamp of the answer's message."""
        self._update("reply = ?", ts, key)

    def set_asker_only(self, key: str) -> None:
        """Report an interruption to the asker alone."""
        self._update("alone = ?", 1, key)

    def finish(self, key: str) -> None:
        """Mark the request as answered."""
        self._update("done = ?", 1, key)

    def unfinished_answers(self) -> list[UnfinishedAnswer]:
        """The answers that were interrupted, oldest first, without quiet ones."""
        rows = self._rows(
            "SELECT key, team, channel, thread, user, alone, reply FROM heard WHERE done = 0 AND quiet = 0 ORDER BY at"
        )
        return [
            UnfinishedAnswer(key, SlackPlace(*place), user, bool(alone), reply)
            for key, *place, user, alone, reply in rows
        ]

    def save_question(self, answer_id: str, question: AnsweredQuestion) -> None:
        """Save the question of an answer."""
        place = question.place
        row = (place.team, place.channel, place.thread, question.user, question.text, question.private, time.time())
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO asked VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (answer_id, *row))

    def find_question(self, answer_id: str) -> AnsweredQuestion | None:
        """The question of an answer, or None if it is unknown."""
        rows = self._rows("SELECT team, channel, thread, user, text, private FROM asked WHERE answer = ?", (answer_id,))
        for *place, user, text, private in rows:
            return AnsweredQuestion(SlackPlace(*place), user, text, bool(private))
        return None

    def close(self) -> None:
        """Wait for a call that is running, then close: the thread of a cancelled task may still be at work."""
        with self._in_use:
            self._db.close()
            self._closed = True
            self._process_lock.release()

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._open_database():
            return self._db.rows(query, values)

    def _update(self, assignment: str, value: object, key: str) -> None:
        with self._transaction() as db:
            db.execute(f"UPDATE heard SET {assignment} WHERE key = ?", (value, key))  # noqa: S608 - our own

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._open_database(), self._db.transaction() as db:
            yield db

    @contextmanager
    def _open_database(self) -> Iterator[None]:
        with self._in_use:
            if self._closed:
                raise RecordsError(f"{self._db.file} is closed.")
            yield


def _join(db: sqlite3.Connection, place: SlackPlace) -> None:
    values = (place.team, place.channel, place.thread, time.time())
    db.execute("INSERT OR REPLACE INTO threads VALUES (?, ?, ?, ?)", values)
