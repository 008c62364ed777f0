"""Labels of documents, to which a search can be confined."""

from collections.abc import Sequence
from dataclasses import dataclass

from indexes.access.globs import matches
from indexes.access.rules import containing_paths


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Gives ``labels`` to documents whose path matches ``glob``, beside those of other rules."""

    glob: str
    labels: tuple[str, ...]


def labels_within(path: str, file: str, rules: Sequence[LabelRule]) -> tuple[str, ...]:
    """The labels of the document at ``path``, with those of all files that contain it, such as a labelled zip."""
    paths = containing_paths(path, file)
    matching = (rule for rule in rules if any(matches(rule.glob, each) for each in paths))
    return tuple(sorted({label for rule in matching for label in rule.labels}))
