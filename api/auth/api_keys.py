"""Keys of the HTTP API: created, stored by their hash, and recognised."""

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
"""Unknown keys are compared with nobody's key, so that they take as long as a known one. That key is revoked, and no
text is known whose SHA-256 is all zeros."""
SCHEMA = Schema((_FORMAT_1,))
_COLUMNS = "id, name, groups, may_write, created, expires, used, revoked"
_PREFIX = "fn_"
_SHAPE = re.compile(_PREFIX + r"([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_USE_PRECISION_S = 60
"""The precision of a key's last use: every update is a write to disk."""


class UnknownKeyError(FootnoteError):
    """No key has that id."""

    kind = "unknown-key"


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret. Times are Unix seconds."""

    id: str
    name: str
    groups: tuple[str, ...]
    may_write: bool
    created: float
    expires: float | None = None
    used: float | None = None
    revoked: float | None = None

    def usable(self, now: float) -> bool:
        """Tell whether the key is valid at that time."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def principal(self) -> Principal:
        """Return the key's holder."""
        return Principal(self.id, self.name, Audience(frozenset(self.groups)), self.may_write)


class KeyStore:
    """The keys in the server's own folder. Their file is made with the first key, or at the first check of one.

    A secret has 256 random bits, so its SHA-256 needs no salt and no slow hash: nobody can guess it, not even with
    the file.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "keys.sqlite3"
        self._uses: dict[str, float] = {}
        self._executor = ThreadPoolExecutor(1, "keys")

    def create(
        self, name: str, groups: tuple[str, ...] = (), *, may_write: bool = False, expires: float | None = None
    ) -> tuple[Key, str]:
        """Return the key and its text, which cannot be shown again. Raises ``RecordsError``."""
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
        """Return the keys, oldest first."""
        if not self.file.exists():
            return []
        query = f"SELECT {_COLUMNS} FROM keys WHERE id <> '' ORDER BY created, id"  # noqa: S608
        return [_key(row) for row in self._records.rows(query)]

    def revoke(self, key_id: str) -> Key:
        """Revoke a key from the next request on, and return it. Raises ``UnknownKeyError``."""
        key = next((key for key in self.all() if key.id == key_id), None)
        if key is None:
            raise UnknownKeyError(f"There is no key {key_id!r}: `footnote keys list` shows their ids.")
        with self._records.transaction() as db:
            db.execute("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL", (time.time(), key_id))
        return key

    def usable(self) -> bool:
        """Tell whether any key is valid now."""
        return any(key.usable(time.time()) for key in self.all())

    def holder(self, sent: str) -> Key | None:
        """Return the key whose text was sent, if it is valid, and note its use. An unknown key takes the same time.

        It reads one row of a small file, which is too quick to be worth a thread.
        """
        shape = _SHAPE.fullmatch(sent)
        key_id, secret = shape.groups() if shape else ("", "")
        query = f"SELECT hash, {_COLUMNS} FROM keys WHERE id IN (?, '') ORDER BY id DESC LIMIT 1"  # noqa: S608
        ((stored_hash, *row),) = self._records.rows(query, (key_id,))
        matches, key, now = hmac.compare_digest(_hash(secret), stored_hash), _key(row), time.time()
        if not (matches and key.usable(now)):
            return None
        if now - self._uses.get(key.id, key.used or 0) >= _USE_PRECISION_S:
            self._uses[key.id] = now
            self._executor.submit(self._write_use, key.id, now)  # nobody waits for the disk
        return key

    def _write_use(self, key_id: str, now: float) -> None:
        try:
            with self._records.transaction() as db:
                db.execute("UPDATE keys SET used = ? WHERE id = ?", (now, key_id))
        except RecordsError as error:  # a full disk must not lock out the holder of a valid key
            _log.warning("The use of key %s is not noted: %s", key_id, error)

    @cached_property
    def _records(self) -> Records:
        return Records(self.file, SCHEMA, create=True)


class KeyAuthenticator:
    """Authenticates by key.

    If no key is required, one of ours must still be valid. Everyone else is ``LOCAL``, also with another word as key:
    some OpenAI clients must send one.
    """

    def __init__(self, keys: KeyStore, *, wants_key: bool) -> None:
        self._keys = keys
        self.wants_key = wants_key

    def authenticate(self, key: str | None) -> Principal:
        """See ``Authenticator``."""
        if not self.wants_key and not (key or "").startswith(_PREFIX):
            return LOCAL
        if known := self._keys.holder(key or ""):
            return known.principal()
        raise UnauthorizedError("Send a valid key ('Authorization: Bearer fn_…'), or log in on the page.")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: Any) -> Key:
    key_id, name, groups, may_write, *times = row
    return Key(key_id, name, tuple(json.loads(groups)), bool(may_write), *times)
