"""Access rules: which groups may read which documents."""

from collections.abc import Sequence
from dataclasses import dataclass

from indexes.access.globs import matches
from indexes.types import EVERYONE


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Only ``groups`` may read documents whose path matches ``glob``."""

    glob: str
    groups: tuple[str, ...]

    def matches(self, path: str) -> bool:
        """Whether the rule is about this path."""
        return matches(self.glob, path)

    def groups_at(self, path: str) -> tuple[str, ...]:  # noqa: ARG002 - the paths of uploads name the groups
        """The groups that may read a document at a path that the rule matches."""
        return self.groups


def readers_of(path: str, rules: Sequence[AccessRule]) -> tuple[str, ...]:
    """The groups of the first rule that matches the path; everyone if none does."""
    return next((rule.groups_at(path) for rule in rules if rule.matches(path)), (EVERYONE,))


def readers_within(path: str, file: str, rules: Sequence[AccessRule]) -> tuple[str, ...]:
    """The groups that may read the document at ``path`` and each file that contains it, from ``file`` inwards."""
    first, *inner = containing_paths(path, file)
    readers = set(readers_of(first, rules))
    for inner_path in inner:
        own = set(readers_of(inner_path, rules))
        readers = own if EVERYONE in readers else readers if EVERYONE in own else readers & own
    return tuple(sorted(readers))


def containing_paths(path: str, file: str) -> list[str]:
    """The paths from the file inwards to the document at ``path``, which it contains; both ends included."""
    parts = path[len(file) :].strip("/").split("/") if path != file else []
    return [file, *("/".join((file, *parts[: depth + 1])) for depth in range(len(parts)))]
