"""Who may read which document."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from indexes.types import EVERYONE


@dataclass(frozen=True)
class AccessRule:
    """Documents whose path matches ``glob`` are for ``groups``. ``*`` and ``?`` stay in a folder, ``**`` does not."""

    glob: str
    groups: tuple[str, ...]

    def matches(self, path: str) -> bool:
        return self._pattern.fullmatch(_composed(path)) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        pieces = re.split(r"(\*\*/|\*\*|\*|\?)", _composed(self.glob))
        return re.compile("".join(parts.get(piece) or re.escape(piece) for piece in pieces), re.DOTALL)


def _composed(path: str) -> str:
    """An é is one character to who writes a rule, and two in the names that some systems give."""
    return unicodedata.normalize("NFC", path)


def readers_of(path: str, rules: Sequence[AccessRule]) -> tuple[str, ...]:
    """The groups of the first rule that matches; everyone where none does."""
    return next((rule.groups for rule in rules if rule.matches(path)), (EVERYONE,))
