"""Who may read which document."""

from collections.abc import Sequence
from dataclasses import dataclass

from indexes.access.globs import matches
from indexes.types import EVERYONE


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Documents whose path matches ``glob`` are for ``groups``."""

    glob: str
    groups: tuple[str, ...]

    def matches(self, path: str) -> bool:
        return matches(self.glob, path)

    def groups_at(self, path: str) -> tuple[str, ...]:  # noqa: ARG002 - uploads are for those whom their paths name
        """Those who may read what it matches there."""
        return self.groups


def readers_of(path: str, rules: Sequence[AccessRule]) -> tuple[str, ...]:
    """The groups of the first rule that matches; everyone where none does."""
    return next((rule.groups_at(path) for rule in rules if rule.matches(path)), (EVERYONE,))


def readers_within(path: str, file: str, rules: Sequence[AccessRule]) -> tuple[str, ...]:
    """Those who may read the file at ``file``, all that it lies in there, and the document at ``path`` itself."""
    first, *inner = steps(path, file)
    readers = set(readers_of(first, rules))
    for step in inner:
        own = set(readers_of(step, rules))
        readers = own if EVERYONE in readers else readers if EVERYONE in own else readers & own
    return tuple(sorted(readers))


def steps(path: str, file: str) -> list[str]:
    """The file's path, and those on the way from there to the document at ``path`` in it."""
    parts = path[len(file) :].strip("/").split("/") if path != file else []
    return [file, *("/".join((file, *parts[: depth + 1])) for depth in range(len(parts)))]
