"""What documents are labelled with, so that a search can be confined to them."""

from collections.abc import Sequence
from dataclasses import dataclass

from indexes.access.globs import matches
from indexes.access.rules import steps


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Documents whose path matches ``glob`` have ``labels``, beside those that other rules give them."""

    glob: str
    labels: tuple[str, ...]


def labels_within(path: str, file: str, rules: Sequence[LabelRule]) -> tuple[str, ...]:
    """Those of the document at ``path``, and of all that it lies in: what is in a labelled zip is labelled."""
    places = steps(path, file)
    return tuple(sorted({label for rule in rules if _any(rule.glob, places) for label in rule.labels}))


def _any(glob: str, paths: Sequence[str]) -> bool:
    return any(matches(glob, path) for path in paths)
