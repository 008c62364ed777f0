"""Conversations that are kept, each its owner's alone.

An answer is shown for as long as who asks may read all documents that it rests on: those that were found for it, and
those that the answers before it rest on, as far as the model was given them.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from api.core.inquiry import Inquiry, new_id
from api.core.principals import Principal
from api.core.sqlite import MICROSECONDS_A_DAY, Records, moment, now
from api.history.feedback_store import Feedback
from api.rendering.printable import on_one_line
from indexes.errors import FootnoteError
from indexes.storage.migrations import Schema
from indexes.types import PUBLIC, Audience
from rag.types import Answer, Turn

_FORMAT_1 = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL
);
CREATE INDEX conversations_by_owner ON conversations (owner, updated, id);
CREATE TABLE turns (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    number INTEGER NOT NULL, question TEXT NOT NULL, asked INTEGER NOT NULL, given TEXT NOT NULL,
    said TEXT, answer BLOB, documents TEXT NOT NULL DEFAULT '[]', feedback TEXT, UNIQUE (conversation, number)
);
"""
SCHEMA = Schema((_FORMAT_1,))
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_TITLE_CHARS = 80
_GIVEN_TURNS = 20
"""Questions with their answers that a follow-up is given, the latest; a window of 8,192 tokens holds fewer."""

Readable = Callable[[Collection[str], Audience], Set[str]]
"""Of documents, by their ids, those that an audience may read now. May block."""


class UnknownConversationError(FootnoteError):
    """No such conversation, or it is another's: never says which."""

    kind = "not-found"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is kept of a conversation beside its turns."""

    id: str
    title: str
    """That of its first question, shortened, until it is renamed; empty before."""
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A question and its answer."""

    id: str
    """The answer's."""
    question: str
    asked: datetime
    answer: Answer | None
    """None where it was withheld, or never completed."""
    withheld: bool
    feedback: Feedback | None


@dataclass(frozen=True, slots=True)
class Page:
    """Conversations, latest first, and what ``Conversations.page`` takes to go on; None at the end."""

    conversations: tuple[Conversation, ...]
    after: tuple[int, str] | None


class Conversations:
    """All that are kept. Safe to use from many threads; every method may block."""

    def __init__(self, records: Records, readable: Readable, days: float = 0) -> None:
        """Those unused for ``days`` are forgotten, now and by ``forget``; 0 keeps them."""
        self._records = records
        self._readable = readable
        self._days = days
        self.forget()

    @classmethod
    def opened(cls, folder: Path, readable: Readable, days: float = 0) -> Self:
        """Raises ``RecordsError``."""
        return cls(Records(folder / "conversations.sqlite3", SCHEMA, create=True), readable, days)

    def create(self, principal: Principal, title: str = "") -> Conversation:
        at = now()
        row = (new_id(), shortened(title), at, at)
        with self._records.transaction() as db:
            db.execute("INSERT INTO conversations (id, title, created, updated, owner) VALUES (?, ?, ?, ?, ?)",
                       (*row, principal.id))  # fmt: skip
        return _conversation(row)

    def page(self, principal: Principal, limit: int, after: tuple[int, str] | None = None) -> Page:
        """``limit`` of them at most, those after ``after``."""
        until, last = after or (2**63 - 1, "")
        rows = self._records.rows(
            "SELECT id, title, created, updated FROM conversations WHERE owner = ? AND (updated, id) < (?, ?)"
            " ORDER BY updated DESC, id DESC LIMIT ?",
            (principal.id, until, last, limit + 1),
        )
        more = (rows[limit - 1][3], rows[limit - 1][0]) if len(rows) > limit else None
        return Page(tuple(_conversation(row) for row in rows[:limit]), more)

    def get(self, principal: Principal, conversation: str) -> Conversation:
        """Raises ``UnknownConversationError``, as all that take a conversation's id do."""
        query = "SELECT id, title, created, updated FROM conversations WHERE id = ? AND owner = ?"
        rows = self._records.rows(query, (conversation, principal.id))
        if not rows:
            raise no_conversation()
        return _conversation(rows[0])

    def turns(self, principal: Principal, conversation: str) -> tuple[KeptTurn, ...]:
        """In order, as far as they may be shown now."""
        self.get(principal, conversation)
        rows = self._records.rows(
            "SELECT number, documents, given, id, question, asked, answer, feedback FROM turns WHERE conversation = ?"
            " ORDER BY number",
            (conversation,),
        )
        withheld = self._withheld(principal.audience, rows)
        return tuple(_turn(row[3:], withheld=row[0] in withheld) for row in rows)

    def rename(self, principal: Principal, conversation: str, title: str) -> Conversation:
        with self._records.transaction() as db:
            db.execute("UPDATE conversations SET title = ? WHERE id = ? AND owner = ?",
                       (shortened(title), conversation, principal.id))  # fmt: skip
        return self.get(principal, conversation)

    def delete(self, principal: Principal, conversation: str) -> None:
        query = "DELETE FROM conversations WHERE id = ? AND owner = ?"
        with self._records.transaction() as db:
            if not db.execute(query, (conversation, principal.id)).rowcount:
                raise no_conversation()

    def begin(self, ask: Inquiry, conversation: str) -> tuple[Turn, ...]:
        """Keeps the question as the next turn, and gives what was said before, as far as it may be read now."""
        query = "SELECT number, documents, given, question, said FROM turns WHERE conversation = ? ORDER BY number"
        rows = self._records.rows(query, (conversation,))
        withheld = self._withheld(ask.principal.audience, rows)
        told = [row for row in rows if row[4] is not None and row[0] not in withheld][-_GIVEN_TURNS:]
        self._add(ask, conversation, [row[0] for row in told])
        return tuple(turn for row in told for turn in (Turn("user", row[3]), Turn("assistant", row[4])))

    def complete(self, ask: Inquiry, conversation: str, answer: Answer) -> None:
        """Keeps the answer with its question: on disk when this returns. Where they were deleted, it is not kept."""
        kept = replace(answer, question=replace(answer.question, history=(), audience=PUBLIC))  # in turns, and in keys
        row = (answer.text, _ANSWER.dump_json(kept), json.dumps(sorted(_rests_on(answer))), ask.id)
        with self._records.transaction() as db:
            db.execute("UPDATE turns SET said = ?, answer = ?, documents = ? WHERE id = ?", row)
            db.execute("UPDATE conversations SET updated = ? WHERE id = ?", (now(), conversation))

    def rate(self, principal: Principal, answer_id: str, feedback: Feedback, /) -> bool:
        """See ``Keeper``."""
        query = (
            "UPDATE turns SET feedback = ? WHERE id = ? AND said IS NOT NULL"
            " AND conversation IN (SELECT id FROM conversations WHERE owner = ?)"
        )
        with self._records.transaction() as db:
            return db.execute(query, (feedback.model_dump_json(), answer_id, principal.id)).rowcount > 0

    def forget(self) -> None:
        """Those that nobody used for as many days as are set."""
        if self._days:
            since = now() - int(self._days * MICROSECONDS_A_DAY)
            with self._records.transaction() as db:
                db.execute("DELETE FROM conversations WHERE updated < ?", (since,))

    def close(self) -> None:
        self._records.close()

    def _add(self, ask: Inquiry, conversation: str, given: list[int]) -> None:
        at, title = now(), shortened(ask.question.text)
        touch = "UPDATE conversations SET updated = ?, title = CASE title WHEN '' THEN ? ELSE title END"
        with self._records.transaction() as db:
            if not db.execute(
                f"{touch} WHERE id = ? AND owner = ?", (at, title, conversation, ask.principal.id)
            ).rowcount:
                raise no_conversation()
            db.execute(
                "INSERT INTO turns (id, conversation, number, question, asked, given) SELECT ?, ?,"
                " (SELECT coalesce(max(number), 0) + 1 FROM turns WHERE conversation = ?), ?, ?, ?",
                (ask.id, conversation, conversation, ask.question.text, at, json.dumps(given)),
            )

    def _withheld(self, audience: Audience, rows: Sequence[Sequence[Any]]) -> Set[int]:
        """The numbers of turns whose answers may not be read any more. Rows begin: number, documents, given."""
        documents = {row[0]: frozenset(json.loads(row[1])) for row in rows}
        readable = self._readable(frozenset[str]().union(*documents.values()), audience)
        withheld = set[int]()
        for number, _, given, *_ in rows:
            if not documents[number] <= readable or not withheld.isdisjoint(json.loads(given)):
                withheld.add(number)
        return withheld


def shortened(title: str) -> str:
    """On one line, of printable characters, 80 at most."""
    line = on_one_line(title)
    return line if len(line) <= _TITLE_CHARS else f"{line[: _TITLE_CHARS - 1].rstrip()}…"


def _rests_on(answer: Answer) -> Iterable[str]:
    """The ids of documents. What lies near is among what was found."""
    found: Iterator[str] = (hit.passage.document_id for hit in answer.retrieval.hits)
    return {*found, *(citation.passage.document_id for citation in answer.citations)}


def _conversation(row: Sequence[Any]) -> Conversation:
    return Conversation(row[0], row[1], moment(row[2]), moment(row[3]))


def _turn(row: Sequence[Any], *, withheld: bool) -> KeptTurn:
    answer_id, question, asked, answer, feedback = row
    told = Feedback.model_validate_json(feedback) if feedback else None
    shown = _answer(answer) if answer and not withheld else None
    return KeptTurn(answer_id, question, moment(asked), shown, withheld, told)


def _answer(kept: bytes) -> Answer | None:
    """None where another version kept it otherwise: its question is still shown."""
    try:
        return _ANSWER.validate_json(kept)
    except ValidationError:
        return None


def no_conversation() -> UnknownConversationError:
    """The same words whatever the reason."""
    return UnknownConversationError("There is no conversation with this id.")
