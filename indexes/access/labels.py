"""Labels of documents, to which a search can be confined."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from indexes.access.globs import matches
from indexes.access.rules import containing_names


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Gives ``labels`` to documents of which a name matches ``glob``, beside those of other rules."""

    glob: str
    labels: tuple[str, ...]


def labels_within(path: str, file: str, rules: Sequence[LabelRule], folders: Collection[str] = ()) -> tuple[str, ...]:
    """The labels of the document at ``path``, with those of all files that contain it, such as a labelled zip.

    ``folders`` are as in ``containing_names``.
    """
    names = [name for names in containing_names(path, file, folders) for name in names]
    matching = (rule for rule in rules if any(matches(rule.glob, name) for name in names))
    return tuple(sorted({label for rule in matching for label in rule.labels}))
