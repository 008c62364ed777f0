"""The journal: every question with its outcome, kept for the server's operators if journal.on is set."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from api.core.inquiry import Inquiry, Recording
from api.core.principals import Principal
from api.core.problems import kind_of
from api.core.sqlite import MICROSECONDS_A_DAY, Records, RecordsError, moment, now
from api.history.feedback_store import Feedback
from api.history.journal_entry import EndState, JournalAnswer, JournalEntry, journal_answer
from api.schemas.question import TurnBody
from indexes.storage.migrations import Schema
from rag.types import Answer

_FILE = "journal.sqlite3"
_FORMAT_1 = """
CREATE TABLE entries (
    id TEXT PRIMARY KEY, asked INTEGER NOT NULL, principal TEXT NOT NULL, via TEXT NOT NULL, question TEXT NOT NULL,
    history TEXT NOT NULL, ended TEXT NOT NULL, failure TEXT, noted TEXT, feedback TEXT
);
CREATE INDEX entries_by_time ON entries (asked);
"""
# the check declines no more: what it took back was the model's answer
_FORMAT_2 = """
UPDATE entries SET noted = replace(noted, '"declined_by":"check"', '"declined_by":"model"')
    WHERE instr(noted, '"declined_by":"check"');
"""
SCHEMA = Schema((_FORMAT_1, _FORMAT_2))
_COLUMNS = "id, asked, principal, via, question, history, ended, failure, noted, feedback"
_BATCH = 500


class Journal:
    """A file of journal entries. Safe to use from many threads; every method may block."""

    def __init__(self, records: Records, days: float = 0) -> None:
        """Let ``forget`` delete entries older than ``days``; 0 keeps all."""
        self._records = records
        self._days = days

    @classmethod
    def open(cls, folder: Path, days: float = 0) -> Self:
        """Open the journal in a folder, create it if it is missing, and delete old entries. Raises ``RecordsError``."""
        journal = cls(Records(folder / _FILE, SCHEMA, create=True), days)
        journal.forget()
        return journal

    @classmethod
    def open_existing(cls, folder: Path) -> Self:
        """Open the journal for reading. Raises ``RecordsError`` if it is missing."""
        if not (folder / _FILE).is_file():
            raise RecordsError(
                f"There is no journal in {folder}. Set journal.on, and the next `footnote serve` creates one."
            )
        return cls(Records(folder / _FILE, SCHEMA))

    def add(self, entry: JournalEntry) -> None:
        """Add an entry, which is on disk when this returns."""
        history = json.dumps([turn.model_dump() for turn in entry.history])
        result = entry.result.model_dump_json() if entry.result else None
        asked = round(entry.asked.timestamp() * 1e6)
        row = (entry.id, asked, entry.principal, entry.via, entry.question, history, entry.ended, entry.failure, result)
        with self._records.transaction() as db:
            db.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", row)  # noqa: S608

    def rate(self, principal: Principal, answer_id: str, feedback: Feedback, /) -> bool:
        """Store feedback; see ``FeedbackStore``."""
        query = "UPDATE entries SET feedback = ? WHERE id = ? AND principal = ? AND noted IS NOT NULL"
        with self._records.transaction() as db:
            return db.execute(query, (feedback.model_dump_json(), answer_id, principal.id)).rowcount > 0

    def entries(self, *, feedback_only: bool = False) -> Iterator[JournalEntry]:
        """Yield the entries, oldest first."""
        chosen = "WHERE feedback IS NOT NULL" if feedback_only else ""
        query = f"SELECT {_COLUMNS} FROM entries {chosen} ORDER BY asked, id"  # noqa: S608
        for rows in self._records.batches(query, (), _BATCH):
            yield from map(_entry, rows)

    def last(self, count: int) -> list[JournalEntry]:
        """Return the latest entries, newest first."""
        query = f"SELECT {_COLUMNS} FROM entries ORDER BY asked DESC, id DESC LIMIT ?"  # noqa: S608
        return [_entry(row) for row in self._records.rows(query, (count,))]

    def forget(self) -> None:
        """Delete entries older than the number of days that was set."""
        if self._days:
            since = now() - int(self._days * MICROSECONDS_A_DAY)
            with self._records.transaction() as db:
                db.execute("DELETE FROM entries WHERE asked < ?", (since,))

    @asynccontextmanager
    async def record(self, inquiry: Inquiry, /) -> AsyncIterator[Recording]:
        """Add one entry, however the inquiry ends. Raises ``RecordsError``, also when an answer is saved."""
        asked, saved = moment(now()), False

        async def add(ended: EndState, **outcome: Any) -> None:
            await asyncio.to_thread(self.add, make_entry(inquiry, asked, ended, **outcome))

        async def save(answer: Answer) -> None:
            nonlocal saved
            saved = True
            await add("declined" if answer.status == "declined" else "answered", answer=answer)

        try:
            yield Recording(inquiry, save)
        except Exception as error:
            if not saved:
                await add("failed", failure=kind_of(error))
            raise
        except BaseException:  # the client left, or the server stops
            if not saved:
                await add("abandoned")
            raise

    def close(self) -> None:
        """Close the file."""
        self._records.close()


def make_entry(
    inquiry: Inquiry, asked: datetime, ended: EndState, *, answer: Answer | None = None, failure: str | None = None
) -> JournalEntry:
    """Return the entry of an inquiry that was made at ``asked``."""
    return JournalEntry(
        id=inquiry.id,
        asked=asked,
        principal=inquiry.principal.id,
        via=inquiry.via,
        question=inquiry.question.text,
        history=tuple(TurnBody(role=turn.role, text=turn.text) for turn in inquiry.question.history),
        ended=ended,
        failure=failure,
        result=answer and journal_answer(answer),
    )


def _entry(row: Sequence[Any]) -> JournalEntry:
    name, asked, principal, via, question, history, ended, failure, result, feedback = row
    return JournalEntry(
        id=name,
        asked=moment(asked),
        principal=principal,
        via=via,
        question=question,
        history=tuple(TurnBody.model_validate(turn) for turn in json.loads(history)),
        ended=ended,
        failure=failure,
        result=result and JournalAnswer.model_validate_json(result),
        feedback=feedback and Feedback.model_validate_json(feedback),
    )
