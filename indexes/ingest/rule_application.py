"""Applies the settings' rules by path: who may read a document, and its labels.

Changed rules hold from the next sync on, also for unchanged files, and nothing is read or embedded for it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import TypeAlias

from indexes.access.labels import LabelRule, labels_within
from indexes.access.rules import AccessRule, readers_within
from indexes.storage.catalog import Catalog, Mark
from indexes.types import Document

Rule: TypeAlias = AccessRule | LabelRule
Rules: TypeAlias = Sequence[Rule]
_VERSION = 1
"""The version of the way in which rules are applied. A new one applies them again to every index."""
_KEYS: Mapping[Mark, str] = {"readers": "access", "labels": "labels"}
"""The keys under which the catalog keeps the rules that were applied last."""


def apply_to_document(rules: Rules, document: Document, file: str) -> Document:
    """Return the document, which comes from the file at ``file``, with its readers and labels."""
    return replace(
        document,
        readers=_marks_at("readers", document.path, file, rules),
        labels=_marks_at("labels", document.path, file, rules),
    )


def apply_to_catalog(rules: Rules, catalog: Catalog) -> None:
    """Update readers and labels of all documents in the catalog, if the rules have changed."""
    for mark, key in _KEYS.items():
        own = [astuple(rule) for rule in rules if isinstance(rule, AccessRule) is (mark == "readers")]
        applied = json.dumps([_VERSION, *own])
        if catalog.get(key) == applied:
            continue
        before = catalog.marks(mark)
        now = {(path, file): frozenset(_marks_at(mark, path, file, rules)) for path, file in before}
        if changed := {place[0]: marks for place, marks in now.items() if marks != before[place]}:
            catalog.set_marks(mark, changed)
        catalog.set(key, applied)


def _marks_at(mark: Mark, path: str, file: str, rules: Rules) -> tuple[str, ...]:
    if mark == "readers":
        return readers_within(path, file, [rule for rule in rules if isinstance(rule, AccessRule)])
    return labels_within(path, file, [rule for rule in rules if isinstance(rule, LabelRule)])
