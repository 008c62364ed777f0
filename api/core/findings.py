"""The result of one check by ``doctor``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The name of a check, its result, and what was seen or what to do."""

    check: str
    ok: bool | None
    """None if it could not be checked."""
    detail: str
