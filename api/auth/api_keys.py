"""Keys of the HTTP API: made, kept by their hash, and known again at the door."""

import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from api.core.principals import LOCAL, Principal, UnauthorizedError
from api.core.sqlite import Records, RecordsError
from indexes.errors import FootnoteError
from indexes.storage.migrations import Schema
from indexes.types import Audience

_log = logging.getLogger(__name__)
_FORMAT_1 = """
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL,
    name TEXT NOT NULL,
    groups TEXT NOT NULL,
    may_write INTEGER NOT NULL,
    created REAL NOT NULL,
    expires REAL,
    used REAL,
    revoked REAL
);
INSERT INTO keys VALUES ('', zeroblob(32), 'nobody', '["none"]', 0, 0, NULL, NULL, 0);
"""
"""Nobody's key stands in for all that there are not, so that they cost what one that is there costs: no text is known
whose SHA-256 is all zeros, and it is revoked."""
SCHEMA = Schema((_FORMAT_1,))
_COLUMNS = "id, name, groups, may_write, created, expires, used, revoked"
_PREFIX = "fn_"
_SHAPE = re.compile(_PREFIX + r"([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_SAID_S = 60
"""How exactly a key's last use is told: each telling is a write to disk."""


class UnknownKeyError(FootnoteError):
    """There is no key of that id."""

    kind = "unknown-key"


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key: all but its secret. Times are seconds since 1970."""

    id: str
    name: str
    groups: tuple[str, ...]
    may_write: bool
    created: float
    expires: float | None = None
    used: float | None = None
    revoked: float | None = None

    def usable(self, now: float) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)

    def principal(self) -> Principal:
        return Principal(self.id, self.name, Audience(frozenset(self.groups)), self.may_write)


class KeyStore:
    """The keys in a folder of the server's own. Its file is made with the first key, or the first that is looked for.

    A secret is 256 bits from the system's source of chance. So its SHA-256 is kept without salt or a slow hash, which
    are for secrets that can be guessed: a thief of the file would have to try some 2^255 of them.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "keys.sqlite3"
        self._noted: dict[str, float] = {}
        self._noting = ThreadPoolExecutor(1, "keys")

    def create(
        self, name: str, groups: tuple[str, ...] = (), *, may_write: bool = False, expires: float | None = None
    ) -> tuple[Key, str]:
        """The key, and what its holder sends: it cannot be told again. Raises ``RecordsError``."""
        key = Key(secrets.token_hex(6), name, groups, may_write, time.time(), expires)
        secret = secrets.token_urlsafe(32)
        row = (key.id, _hash(secret), name, json.dumps(groups), may_write, key.created, expires)
        with self._records.transaction() as db:
            db.execute(
                "INSERT INTO keys (id, hash, name, groups, may_write, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return key, f"{_PREFIX}{key.id}_{secret}"

    def all(self) -> list[Key]:
        """In the order in which they were made."""
        if not self.file.exists():
            return []
        query = f"SELECT {_COLUMNS} FROM keys WHERE id <> '' ORDER BY created, id"  # noqa: S608
        return [_key(row) for row in self._records.rows(query)]

    def revoke(self, key_id: str) -> Key:
        """From the next request on. Raises ``UnknownKeyError``; one that is revoked already stays as it is."""
        found = [key for key in self.all() if key.id == key_id]
        if not found:
            raise UnknownKeyError(f"There is no key {key_id!r}: `footnote keys list` shows their ids.")
        with self._records.transaction() as db:
            db.execute("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL", (time.time(), key_id))
        return found[0]

    def usable(self) -> bool:
        """Whether anyone could come in by one."""
        return any(key.usable(time.time()) for key in self.all())

    def holder(self, sent: str) -> Key | None:
        """The key that was sent, if it opens anything; the same is done for one that never was. Notes its use.

        Reads one row of a small file: too quick to be worth a thread.
        """
        shape = _SHAPE.fullmatch(sent)
        key_id, secret = shape.groups() if shape else ("", "")
        query = f"SELECT hash, {_COLUMNS} FROM keys WHERE id IN (?, '') ORDER BY id DESC LIMIT 1"  # noqa: S608
        ((kept, *row),) = self._records.rows(query, (key_id,))
        right, key, now = hmac.compare_digest(_hash(secret), kept), _key(row), time.time()
        if not (right and key.usable(now)):
            return None
        self._note_use(key, now)
        return key

    def _note_use(self, key: Key, now: float) -> None:
        """Soon, and in a thread: what reaches the disk may take its time, and nobody waits for it."""
        if now - self._noted.get(key.id, key.used or 0) >= _SAID_S:
            self._noted[key.id] = now
            self._noting.submit(self._write_use, key.id, now)

    def _write_use(self, key_id: str, now: float) -> None:
        try:
            with self._records.transaction() as db:
                db.execute("UPDATE keys SET used = ? WHERE id = ?", (now, key_id))
        except RecordsError as error:  # who holds a good key must not stand outside for a full disk
            _log.warning("The use of key %s is not noted: %s", key_id, error)

    @cached_property
    def _records(self) -> Records:
        return Records(self.file, SCHEMA, create=True)


class KeyAuthenticator:
    """Admits by key. Where none is wanted, one of ours that is sent must be good all the same; who sends none is
    ``LOCAL``, and so is who sends another word, as clients of OpenAI's that cannot do without one.
    """

    def __init__(self, keys: KeyStore, *, wants_key: bool) -> None:
        self._keys = keys
        self.wants_key = wants_key

    def authenticate(self, key: str | None) -> Principal:
        if not self.wants_key and not (key or "").startswith(_PREFIX):
            return LOCAL
        if known := self._keys.holder(key or ""):
            return known.principal()
        raise UnauthorizedError("Send a key that is good here: 'Authorization: Bearer fn_…', or log in on the page.")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: Any) -> Key:
    key_id, name, groups, may_write, *times = row
    return Key(key_id, name, tuple(json.loads(groups)), bool(may_write), *times)
