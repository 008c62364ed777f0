"""A chat model that asks each thing once: replies are kept by all that they depend on."""

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
"""Whether a reply that this task asked for came from a cache. Who asks anew sets it to False first."""


class CacheError(FootnoteError):
    """The file of replies cannot be read or written."""

    kind = "bad-cache"


class ReplyFile(Database):
    """The SQLite file of a cache of replies."""

    failure = CacheError


class CachedChat:
    """``identity`` says all that a reply depends on beside the messages: model, endpoint, temperature, limits.

    Only whole replies are kept, the first of each; a failure, and what cannot be read, is asked again. Who asks the
    same thing meanwhile waits for that reply. Raises ``CacheError``.
    """

    def __init__(self, model: ChatModel, file: Path, identity: str) -> None:
        self._model = model
        self._file = file
        self._identity = identity
        self._asking = WeakValueDictionary[str, asyncio.Lock]()
        with self._open():  # a file that cannot be used is told at once
            pass

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """See ``ChatModel``."""
        key = self._key(system, turns)
        async with self._asking.setdefault(key, asyncio.Lock()):
            known = self._known(key)
            replayed.set(replayed.get() or known is not None)
            if known is not None:
                for piece in known:
                    yield piece
                return
            pieces = []
            async with aclosing(self._model.stream(system, turns)) as reply:
                async for piece in reply:
                    pieces.append(piece)
                    yield piece
            if not any(isinstance(piece, CutShort) for piece in pieces):
                self._keep(key, pieces)

    def _key(self, system: str, turns: Sequence[Turn]) -> str:
        said = json.dumps([self._identity, system, [[turn.role, turn.text] for turn in turns]])
        return hashlib.sha256(said.encode()).hexdigest()

    def _known(self, key: str) -> list[ModelPiece] | None:
        with self._open() as database:
            rows = database.rows("SELECT pieces FROM replies WHERE key = ?", (key,))
            try:
                return _PIECES.validate_json(rows[0][0]) if rows else None
            except ValidationError:
                with database.transaction() as db:
                    db.execute("DELETE FROM replies WHERE key = ?", (key,))
                return None

    def _keep(self, key: str, pieces: Sequence[ModelPiece]) -> None:
        with self._open() as database, database.transaction() as db:
            db.execute("INSERT OR IGNORE INTO replies VALUES (?, ?)", (key, _PIECES.dump_json(list(pieces))))

    def _open(self) -> closing[ReplyFile]:
        return closing(ReplyFile(self._file, SCHEMA, create=True))
