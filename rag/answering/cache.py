"""A cache of answers: the same question gets the same answer until the index or the settings change."""

import asyncio
import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from indexes.storage.database import Database, StorageError
from indexes.storage.migrations import Schema
from rag.protocols import Answerer
from rag.types import Answer, Completed, Delta, Event, Question, Retrieved, Usage

_log = logging.getLogger(__name__)
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_FORMAT_0 = """
CREATE TABLE answers (key TEXT PRIMARY KEY, answer BLOB NOT NULL, kept REAL NOT NULL, used REAL NOT NULL)
"""
SCHEMA = Schema((_FORMAT_0,), first=0)
_TOO_MANY = """
DELETE FROM answers WHERE key IN (
    SELECT key FROM (SELECT key, sum(length(answer)) OVER (ORDER BY used DESC, key) AS size FROM answers) WHERE size > ?
)
"""
_SECONDS_A_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """A file of answers: at most ``megabytes`` of them, none older than ``days``. The least recently used go first.

    A file that cannot be used caches nothing and logs a warning. No answer fails because of it.
    """

    file: Path
    megabytes: float
    days: float

    def get(self, key: str) -> Answer | None:
        """Return the answer of a key, or None."""
        now = time.time()
        with self._warned(), self._transaction() as db:
            db.execute("DELETE FROM answers WHERE kept < ?", (now - self.days * _SECONDS_A_DAY,))
            row = db.execute("UPDATE answers SET used = ? WHERE key = ? RETURNING answer", (now, key)).fetchone()
            try:
                return _ANSWER.validate_json(row[0]) if row else None
            except ValidationError:  # of another version, or damaged
                db.execute("DELETE FROM answers WHERE key = ?", (key,))
        return None

    def put(self, key: str, answer: Answer) -> None:
        """Cache an answer, and make room for it."""
        row = (key, _ANSWER.dump_json(answer), time.time(), time.time())
        with self._warned(), self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)
            db.execute(_TOO_MANY, (self.megabytes * 1e6,))

    @contextmanager
    def _warned(self) -> Iterator[None]:
        try:
            yield
        except StorageError as error:
            _log.warning("Answers are not cached: %s", error)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(Database(self.file, SCHEMA, create=True, timeout=1)) as database, database.transaction() as db:
            yield db


class CachingAnswerer(Answerer):
    """Caches the answers of another answerer. ``state`` names everything an answer depends on beside the question.

    An answer is not cached if the state changed meanwhile, or if it was cut short. Askers with other groups share none.
    """

    def __init__(self, answerer: Answerer, cache: AnswerCache, state: Callable[[], str]) -> None:
        self._answerer = answerer
        self._cache = cache
        self._state = state

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        """See ``Answerer``. A cached answer comes in one piece."""
        began = time.perf_counter()
        key = await asyncio.to_thread(self._key, question)
        if cached := await asyncio.to_thread(self._cache.get, key):
            yield Retrieved(cached.retrieval)
            yield Delta(cached.text)
            timings = {"total": time.perf_counter() - began}
            yield Completed(replace(cached, cached=True, usage=Usage(0, 0), timings=timings))
            return
        async with aclosing(self._answerer.stream(question)) as events:
            async for event in events:
                unchanged = isinstance(event, Completed) and await asyncio.to_thread(self._key, question) == key
                if isinstance(event, Completed) and unchanged and not event.answer.cut_short:
                    await asyncio.to_thread(self._cache.put, key, event.answer)
                yield event

    def _key(self, question: Question) -> str:
        fields = TypeAdapter(Question).dump_python(question, mode="json")
        fields["audience"] = sorted(question.audience.groups)
        today = datetime.now(UTC).date().isoformat() if question.recency_days else ""
        return hashlib.sha256(json.dumps([self._state(), today, fields]).encode()).hexdigest()
