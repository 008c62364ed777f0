"""What the settings say of documents by their paths: who may read them, and what they are labelled with.

Rules that change hold from the next sync on, also for files that did not: nothing is read or embedded for it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, replace
from typing import TypeAlias

from indexes.access.labels import LabelRule, labels_within
from indexes.access.rules import AccessRule, readers_within
from indexes.storage.catalog import Catalog, Mark
from indexes.types import Document

Rule: TypeAlias = AccessRule | LabelRule
Rules: TypeAlias = Sequence[Rule]
_VERSION = 1
"""Of the way in which rules are applied: where it differs from what an index was made by, they are applied again."""


def ruled(document: Document, file: str, rules: Rules) -> Document:
    """The document of the file at ``file``, as the rules are now."""
    marks = {mark: marks_of(document.path, file, rules) for mark, marks_of in _MARKS.items()}
    return replace(document, readers=marks["readers"], labels=marks["labels"])


def apply(rules: Rules, catalog: Catalog) -> None:
    """To all documents that are in the catalog."""
    for mark, marks_of in _MARKS.items():
        key, said = _KEYS[mark], json.dumps([_VERSION, *(astuple(rule) for rule in _of(mark, rules))])
        if catalog.get(key) == said:
            continue
        now = catalog.marks(mark)
        wanted = {(path, file): frozenset(marks_of(path, file, rules)) for path, file in now}
        if changed := {place[0]: marks for place, marks in wanted.items() if marks != now[place]}:
            catalog.set_marks(mark, changed)
        catalog.set(key, said)


def _readers(path: str, file: str, rules: Rules) -> tuple[str, ...]:
    return readers_within(path, file, [rule for rule in rules if isinstance(rule, AccessRule)])


def _labels(path: str, file: str, rules: Rules) -> tuple[str, ...]:
    return labels_within(path, file, [rule for rule in rules if isinstance(rule, LabelRule)])


def _of(mark: Mark, rules: Rules) -> list[Rule]:
    return [rule for rule in rules if isinstance(rule, AccessRule) is (mark == "readers")]


_MARKS: Mapping[Mark, Callable[[str, str, Rules], tuple[str, ...]]] = {"readers": _readers, "labels": _labels}
_KEYS: Mapping[Mark, str] = {"readers": "access", "labels": "labels"}
"""Under which the catalog keeps the rules that were applied last."""
