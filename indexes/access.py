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


def readers_within(path: str, file: str, rules: Sequence[AccessRule]) -> tuple[str, ...]:
    """Those who may read the file at ``file``, all that it lies in there, and the document at ``path`` itself."""
    parts = path[len(file) :].strip("/").split("/") if path != file else []
    readers = set(readers_of(file, rules))
    for depth in range(len(parts)):
        inner = set(readers_of("/".join((file, *parts[: depth + 1])), rules))
        readers = inner if EVERYONE in readers else readers if EVERYONE in inner else readers & inner
    return tuple(sorted(readers))
