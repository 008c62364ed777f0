"""Doorkeepers with a list."""

from api.core.principals import Principal, UnauthorizedError
from indexes.types import Audience


class ListedKeys:
    """Knows who comes with which key; ``principals`` may be changed while it is open."""

    wants_key = True

    def __init__(self, **principals: Principal) -> None:
        self.principals = principals

    def authenticate(self, key: str | None) -> Principal:
        if key not in self.principals:
            raise UnauthorizedError("A key is needed: send it as a bearer's, in the Authorization header.")
        return self.principals[key]


def somebody(name: str, *groups: str, may_write: bool = False) -> Principal:
    return Principal(name, name.title(), Audience(frozenset(groups)), may_write)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
