"""A cache of a chat model's replies, by everything that they depend on."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, closing
from contextvars import ContextVar
from pathlib import Path
from weakref import WeakValueDictionary

from pydantic import TypeAdapter, ValidationError

from indexes.errors import FootnoteError
from indexes.storage.database import Database
from indexes.storage.migrations import Schema
from rag.protocols import ChatModel
from rag.types import CutShort, ModelPiece, Turn

_PIECES: TypeAdapter[list[ModelPiece]] = TypeAdapter(list[ModelPiece])
SCHEMA = Schema(("CREATE TABLE replies (key TEXT PRIMARY KEY, pieces BLOB NOT NULL)",), first=0)
replayed: ContextVar[bool] = ContextVar("replayed", default=False)
"""Whether a reply of this task came from a cache. Set it to False before the next question."""


class CacheError(FootnoteError):
    """The cache file cannot be read or written."""

    kind = "bad-cache"


class ReplyFile(Database):
    """The SQLite file of a cache of replies."""

    failure = CacheError

    def read_reply(self, key: str) -> list[ModelPiece] | None:
        """Return the cached reply; delete it where it cannot be read."""
        rows = self.rows("SELECT pieces FROM replies WHERE key = ?", (key,))
        try:
            return _PIECES.validate_json(rows[0][0]) if rows else None
        except ValidationError:
            with self.transaction() as db:
                db.execute("DELETE FROM replies WHERE key = ?", (key,))
            return None

    def add_reply(self, key: str, pieces: list[ModelPiece]) -> None:
        """Keep a reply, unless there is one already."""
        with self.transaction() as db:
            db.execute("INSERT OR IGNORE INTO replies VALUES (?, ?)", (key, _PIECES.dump_json(pieces)))


class CachedChat:
    """A chat model whose replies are kept in a file.

    ``identity`` states what a reply depends on beside the messages: model, endpoint, temperature, limits. Only complete
    replies are kept. Concurrent requests of the same messages wait for the first. Raises ``CacheError``.
    """

    def __init__(self, model: ChatModel, file: Path, identity: str) -> None:
        self._model = model
        self._file = file
        self._identity = identity
        self._locks = WeakValueDictionary[str, asyncio.Lock]()
        with self._open():  # fails at once where the file cannot be used
            pass

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """See ``ChatModel``."""
        request = json.dumps([self._identity, system, [[turn.role, turn.text] for turn in turns]])
        key = hashlib.sha256(request.encode()).hexdigest()
        async with self._locks.setdefault(key, asyncio.Lock()):
            with self._open() as file:
                cached = file.read_reply(key)
            replayed.set(replayed.get() or cached is not None)
            if cached is not None:
                for piece in cached:
                    yield piece
                return
            pieces = list[ModelPiece]()
            async with aclosing(self._model.stream(system, turns)) as reply:
                async for piece in reply:
                    pieces.append(piece)
                    yield piece
            if not any(isinstance(piece, CutShort) for piece in pieces):
                with self._open() as file:
                    file.add_reply(key, pieces)

    def _open(self) -> closing[ReplyFile]:
        return closing(ReplyFile(self._file, SCHEMA, create=True))
