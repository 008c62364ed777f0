"""Who comes in by which key, for tests of what each may see and do."""

from api.principals import Principal, UnauthorizedError
from indexes.types import Audience


class Keyring:
    """A doorkeeper that knows some keys: ``hr`` is in that group, ``reader`` may only read, ``anyone`` is in none."""

    def __init__(self) -> None:
        self._known = {
            "anyone": Principal("anyone", "Anyone", Audience(), may_write=True),
            "hr": Principal("hr", "Human resources", Audience(frozenset({"hr"})), may_write=True),
            "both": Principal("both", "Both", Audience(frozenset({"hr", "board"})), may_write=True),
            "reader": Principal("reader", "Reader", Audience(frozenset({"hr"}))),
        }

    def admit(self, key: str | None) -> Principal:
        try:
            return self._known[key or ""]
        except KeyError:
            raise UnauthorizedError("A key is needed.") from None


def by(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
