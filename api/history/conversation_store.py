"""Stored conversations. Each belongs to its owner alone.

An answer is shown only while the caller may read every document that it rests on: the documents that were found for
it, and those behind the earlier answers that the model was given.
"""

import json
from collections.abc import Callable, Collection, Sequence, Set
from contextlib import suppress
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
# the check declines no more: what it took back was the model's answer
_FORMAT_2 = """
UPDATE turns SET answer = CAST(replace(CAST(answer AS TEXT), '"declined_by":"check"', '"declined_by":"model"') AS BLOB)
    WHERE instr(CAST(answer AS TEXT), '"declined_by":"check"');
"""
SCHEMA = Schema((_FORMAT_1, _FORMAT_2))
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_TITLE_CHARS = 80
_GIVEN_TURNS = 20
"""How many of the latest turns a follow-up is given. A window of 8,192 tokens holds fewer."""

Readable = Callable[[Collection[str], Audience], Set[str]]
"""Returns which of the document ids an audience may read now. May block."""


class UnknownConversationError(FootnoteError):
    """There is no such conversation, or it belongs to another caller. The message never says which."""

    kind = "not-found"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its turns."""

    id: str
    title: str
    """The first question, shortened, until it is renamed; empty before the first question."""
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A question and its answer."""

    id: str
    """The id of the answer."""
    question: str
    asked: datetime
    answer: Answer | None
    """None if it is withheld, or was never completed."""
    withheld: bool
    feedback: Feedback | None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Conversations, latest first, and the ``after`` of the next page; None on the last page."""

    conversations: tuple[Conversation, ...]
    after: tuple[int, str] | None


class Conversations:
    """The stored conversations. Safe to use from many threads; every method may block."""

    def __init__(self, records: Records, readable: Readable, days: float = 0) -> None:
        """Delete conversations unused for ``days``, now and at each ``forget``; 0 keeps all."""
        self._records = records
        self._readable = readable
        self._days = days
        self.forget()

    @classmethod
    def open(cls, folder: Path, readable: Readable, days: float = 0) -> Self:
        """Open the conversations in a folder; create the file if it is missing. Raises ``RecordsError``."""
        return cls(Records(folder / "conversations.sqlite3", SCHEMA, create=True), readable, days)

    def create(self, principal: Principal, title: str = "") -> Conversation:
        """Add a conversation without turns, and return it."""
        at = now()
        row = (new_id(), shorten_title(title), at, at)
        with self._records.transaction() as db:
            db.execute("INSERT INTO conversations (id, title, created, updated, owner) VALUES (?, ?, ?, ?, ?)",
                       (*row, principal.id))  # fmt: skip
        return _conversation(row)

    def page(self, principal: Principal, limit: int, after: tuple[int, str] | None = None) -> ConversationPage:
        """Return at most ``limit`` of the caller's conversations, those after ``after``."""
        until, last = after or (2**63 - 1, "")
        rows = self._records.rows(
            "SELECT id, title, created, updated FROM conversations WHERE owner = ? AND (updated, id) < (?, ?)"
            " ORDER BY updated DESC, id DESC LIMIT ?",
            (principal.id, until, last, limit + 1),
        )
        more = (rows[limit - 1][3], rows[limit - 1][0]) if len(rows) > limit else None
        return ConversationPage(tuple(_conversation(row) for row in rows[:limit]), more)

    def get(self, principal: Principal, conversation: str) -> Conversation:
        """Return a conversation. Raises ``UnknownConversationError``, as all methods that take an id do."""
        query = "SELECT id, title, created, updated FROM conversations WHERE id = ? AND owner = ?"
        rows = self._records.rows(query, (conversation, principal.id))
        if not rows:
            raise unknown_conversation()
        return _conversation(rows[0])

    def turns(self, principal: Principal, conversation: str) -> tuple[StoredTurn, ...]:
        """Return the turns in order, without the answers that the caller may not read now."""
        self.get(principal, conversation)
        rows = self._records.rows(
            "SELECT number, documents, given, id, question, asked, answer, feedback FROM turns WHERE conversation = ?"
            " ORDER BY number",
            (conversation,),
        )
        withheld = self._withheld(principal.audience, rows)
        turns = list[StoredTurn]()
        for number, _, _, answer_id, question, asked, body, opinion in rows:
            answer = None
            if body and number not in withheld:
                with suppress(ValidationError):  # another version may have stored other fields
                    answer = _ANSWER.validate_json(body)
            feedback = Feedback.model_validate_json(opinion) if opinion else None
            turns.append(StoredTurn(answer_id, question, moment(asked), answer, number in withheld, feedback))
        return tuple(turns)

    def rename(self, principal: Principal, conversation: str, title: str) -> Conversation:
        """Change the title, shortened to one line, and return the conversation."""
        with self._records.transaction() as db:
            db.execute("UPDATE conversations SET title = ? WHERE id = ? AND owner = ?",
                       (shorten_title(title), conversation, principal.id))  # fmt: skip
        return self.get(principal, conversation)

    def delete(self, principal: Principal, conversation: str) -> None:
        """Delete a conversation with its turns."""
        query = "DELETE FROM conversations WHERE id = ? AND owner = ?"
        with self._records.transaction() as db:
            if not db.execute(query, (conversation, principal.id)).rowcount:
                raise unknown_conversation()

    def begin(self, inquiry: Inquiry, conversation: str) -> tuple[Turn, ...]:
        """Store the question as the next turn. Return the turns before it whose answers the caller may read now."""
        query = "SELECT number, documents, given, question, said FROM turns WHERE conversation = ? ORDER BY number"
        rows = self._records.rows(query, (conversation,))
        withheld = self._withheld(inquiry.principal.audience, rows)
        given = [row for row in rows if row[4] is not None and row[0] not in withheld][-_GIVEN_TURNS:]
        at, title, numbers = now(), shorten_title(inquiry.question.text), json.dumps([row[0] for row in given])
        touch = (
            "UPDATE conversations SET updated = ?, title = CASE title WHEN '' THEN ? ELSE title END"
            " WHERE id = ? AND owner = ?"
        )
        insert = (
            "INSERT INTO turns (id, conversation, number, question, asked, given) SELECT ?, ?,"
            " (SELECT coalesce(max(number), 0) + 1 FROM turns WHERE conversation = ?), ?, ?, ?"
        )
        with self._records.transaction() as db:
            if not db.execute(touch, (at, title, conversation, inquiry.principal.id)).rowcount:
                raise unknown_conversation()
            db.execute(insert, (inquiry.id, conversation, conversation, inquiry.question.text, at, numbers))
        return tuple(turn for row in given for turn in (Turn("user", row[3]), Turn("assistant", row[4])))

    def complete(self, inquiry: Inquiry, conversation: str, answer: Answer) -> None:
        """Store the answer, which is on disk when this returns. If the turn was deleted, nothing is stored."""
        # the history is in the other turns, and the audience in the caller's key
        stored = replace(answer, question=replace(answer.question, history=(), audience=PUBLIC))
        sources = {hit.passage.document_id for hit in answer.retrieval.hits}
        sources |= {citation.passage.document_id for citation in answer.citations}
        row = (answer.text, _ANSWER.dump_json(stored), json.dumps(sorted(sources)), inquiry.id)
        with self._records.transaction() as db:
            db.execute("UPDATE turns SET said = ?, answer = ?, documents = ? WHERE id = ?", row)
            db.execute("UPDATE conversations SET updated = ? WHERE id = ?", (now(), conversation))

    def rate(self, principal: Principal, answer_id: str, feedback: Feedback, /) -> bool:
        """Store feedback; see ``FeedbackStore``."""
        query = (
            "UPDATE turns SET feedback = ? WHERE id = ? AND said IS NOT NULL"
            " AND conversation IN (SELECT id FROM conversations WHERE owner = ?)"
        )
        with self._records.transaction() as db:
            return db.execute(query, (feedback.model_dump_json(), answer_id, principal.id)).rowcount > 0

    def forget(self) -> None:
        """Delete conversations unused for the number of days that was set."""
        if self._days:
            since = now() - int(self._days * MICROSECONDS_A_DAY)
            with self._records.transaction() as db:
                db.execute("DELETE FROM conversations WHERE updated < ?", (since,))

    def close(self) -> None:
        """Close the file."""
        self._records.close()

    def _withheld(self, audience: Audience, rows: Sequence[Sequence[Any]]) -> Set[int]:
        """Return the numbers of turns whose answers may no longer be read. Rows begin: number, documents, given."""
        documents = {row[0]: frozenset(json.loads(row[1])) for row in rows}
        readable = self._readable(frozenset[str]().union(*documents.values()), audience)
        withheld = set[int]()
        for number, _, given, *_ in rows:
            if not documents[number] <= readable or not withheld.isdisjoint(json.loads(given)):
                withheld.add(number)
        return withheld


def shorten_title(title: str) -> str:
    """Return the title on one line of at most 80 printable characters."""
    line = on_one_line(title)
    return line if len(line) <= _TITLE_CHARS else f"{line[: _TITLE_CHARS - 1].rstrip()}…"


def _conversation(row: Sequence[Any]) -> Conversation:
    return Conversation(row[0], row[1], moment(row[2]), moment(row[3]))


def unknown_conversation() -> UnknownConversationError:
    """Return the error, whose message is the same whatever the reason."""
    return UnknownConversationError("There is no conversation with this id.")
