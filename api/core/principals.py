"""Who asks: every caller over HTTP is authenticated, and is a principal from then on."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from indexes.errors import FootnoteError
from indexes.types import PUBLIC, Audience


class UnauthorizedError(FootnoteError):
    """A required key is missing or not valid. The message does not say which."""

    kind = "unauthorized"
    headers: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})


class ForbiddenError(FootnoteError):
    """The key is valid, but does not permit this."""

    kind = "forbidden"


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a key."""

    id: str
    """The key's public part, or ``local`` without keys. Conversations belong to it."""
    name: str
    audience: Audience
    """The caller's groups: they decide which documents may be found and opened."""
    may_write: bool = False
    """Whether the caller may add and remove documents, and update the index."""


LOCAL = Principal("local", "this machine", PUBLIC, may_write=True)


class Authenticator(Protocol):
    """Knows the keys."""

    @property
    def wants_key(self) -> bool:
        """Whether every caller needs a key."""

    def authenticate(self, key: str | None) -> Principal:
        """Return the holder of the key; None stands for no key. Raises ``UnauthorizedError``.

        It must be quick, because the event loop waits.
        """


class NoAuthentication:
    """Accepts everyone. That is right on a loopback address: whoever reaches it could read the files."""

    wants_key = False

    def authenticate(self, key: str | None) -> Principal:  # noqa: ARG002 - the protocol's
        """Return ``LOCAL``."""
        return LOCAL
