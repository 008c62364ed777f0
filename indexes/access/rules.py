"""Access rules: which groups may read which documents."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from indexes.access.globs import matches
from indexes.types import EVERYONE


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Only ``groups`` may read documents of which a name matches ``glob``."""

    glob: str
    groups: tuple[str, ...]

    def matches(self, path: str, *others: str) -> bool:
        """Whether the rule is about the document at this path, which may have other names."""
        return any(matches(self.glob, name) for name in (path, *others))

    def groups_at(self, path: str) -> tuple[str, ...]:  # noqa: ARG002 - the paths of uploads name the groups
        """The groups that may read a document at a path that the rule matches."""
        return self.groups


def readers_of(path: str, rules: Sequence[AccessRule], *others: str) -> tuple[str, ...]:
    """The groups of the first rule that matches the path or another name; everyone if none does."""
    return next((rule.groups_at(path) for rule in rules if rule.matches(path, *others)), (EVERYONE,))


def readers_within(path: str, file: str, rules: Sequence[AccessRule], folders: Collection[str] = ()) -> tuple[str, ...]:
    """The groups that may read the document at ``path`` and each file that contains it, from ``file`` inwards.

    ``folders`` are as in ``containing_names``.
    """
    readers = frozenset({EVERYONE})
    for name, *others in containing_names(path, file, folders):
        readers = readers_of_both(readers, frozenset(readers_of(name, rules, *others)))
    return tuple(sorted(readers))


def containing_names(path: str, file: str, folders: Collection[str] = ()) -> list[tuple[str, ...]]:
    """The names of what lies from the file inwards to the document at ``path``, which it contains; both included.

    The first name is the path in the index. If that begins with the name of one of ``folders``, the second one is the
    path below that folder.
    """
    parts = path[len(file) :].strip("/").split("/") if path != file else []
    paths = [file, *("/".join((file, *parts[: depth + 1])) for depth in range(len(parts)))]
    folder, slash, _ = file.partition("/")
    if not slash or folder not in folders:
        return [(each,) for each in paths]
    return [(each, each[len(folder) + 1 :]) for each in paths]


def readers_of_both(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    """The groups that may read two documents, of which the groups are given."""
    return second if EVERYONE in first else first if EVERYONE in second else first & second


def is_wider(now: frozenset[str], before: frozenset[str]) -> bool:
    """Whether someone is among the readers now who was not before."""
    return EVERYONE not in before and (EVERYONE in now or not now <= before)
