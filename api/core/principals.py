"""Who asks: everyone who comes in by HTTP is let in by a doorkeeper, and is somebody from then on."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from indexes.errors import FootnoteError
from indexes.types import PUBLIC, Audience


class UnauthorizedError(FootnoteError):
    """No key was sent where one is wanted, or one that opens nothing; never says which."""

    kind = "unauthorized"
    headers: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})


class ForbiddenError(FootnoteError):
    """The key is good, and not for this."""

    kind = "forbidden"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, by the key they came with."""

    id: str
    """The key's public part; ``local`` where none is wanted. What is theirs (conversations) is kept under it."""
    name: str
    audience: Audience
    """The groups they are in: what they may find, open and be told of."""
    may_write: bool = False
    """Whether they may add and remove documents, and have the index brought up to date."""


LOCAL = Principal("local", "this machine", PUBLIC, may_write=True)


class Authenticator(Protocol):
    """Knows who may come in."""

    @property
    def wants_key(self) -> bool:
        """Whether nobody comes in without one."""

    def authenticate(self, key: str | None) -> Principal:
        """Whose key it is; None where none was sent. Quick: the event loop waits. Raises ``UnauthorizedError``."""


class NoAuthentication:
    """Lets everyone in, as is right on the machine's own address: whoever reaches it could read the files."""

    wants_key = False

    def authenticate(self, key: str | None) -> Principal:  # noqa: ARG002 - the protocol's
        return LOCAL
