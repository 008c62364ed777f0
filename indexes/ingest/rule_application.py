"""Applies the settings' rules by path: who may read a document, and its labels.

Changed rules hold from the next sync on, also for unchanged files, and nothing is read or embedded for it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeAlias

from indexes.access.globs import may_match_beneath
from indexes.access.labels import LabelRule, labels_within
from indexes.access.rules import AccessRule, containing_names, is_wider, readers_of_both, readers_within
from indexes.ingest.folder_scan import ListedFile, folder_names, other_paths
from indexes.storage.catalog import Catalog, Mark, Place
from indexes.types import Document

Rule: TypeAlias = AccessRule | LabelRule
Rules: TypeAlias = Sequence[Rule]
_VERSION = 3
"""The version of the way in which rules are applied. A new one applies them again to every index."""
_NO_FILES: Mapping[str, ListedFile] = MappingProxyType({})
_KEYS: Mapping[Mark, str] = {"readers": "access", "labels": "labels"}
"""The keys under which the catalog keeps the rules that were applied last."""
_MATCHED = "rules_matched"
"""The key under which the catalog keeps how many documents each access rule matches."""
Bound: TypeAlias = Callable[[Place, frozenset[str], frozenset[str]], frozenset[str]]
"""Takes a document, its readers before, and those that the rules give it. Returns those that it may have."""


@dataclass(frozen=True, slots=True)
class RuleMatches:
    """An access rule, and the number of documents that it matches."""

    glob: str
    groups: tuple[str, ...]
    documents: int

    def __str__(self) -> str:
        groups = ", ".join(self.groups) or "nobody"
        return f"access rule {self.glob!r} for {groups}: documents matched {self.documents}"


@dataclass(frozen=True, slots=True)
class PathRules:
    """The settings' rules over an index of some folders.

    With several folders, a rule is about a path as it is in the index, and as it is below its folder.
    """

    access: tuple[AccessRule, ...]
    labels: tuple[LabelRule, ...]
    folders: frozenset[str] = frozenset()
    behind: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Where else the folders hold the same file: behind a link, or in the outer one of two folders."""

    @classmethod
    def over(cls, rules: Rules, roots: Sequence[Path], files: Mapping[str, ListedFile] = _NO_FILES) -> Self:
        """Return the rules over these folders, in which these files were listed."""
        access = tuple(rule for rule in rules if isinstance(rule, AccessRule))
        labels = tuple(rule for rule in rules if isinstance(rule, LabelRule))
        uploads = tuple(rule for rule in access if type(rule) is not AccessRule)
        if uploads:
            files = {path: file for path, file in files.items() if not any(rule.matches(path) for rule in uploads)}
        return cls(access, labels, folder_names(roots), other_paths(roots, files))

    def readers_at(self, path: str, file: str) -> frozenset[str]:
        """Return the groups that may read the document at ``path``, which comes from the file at ``file``.

        They may read it at each path at which the folders hold the same file.
        """
        files = (file, *self.behind.get(file, ()))
        each = (readers_within(other + path[len(file) :], other, self.access, self.folders) for other in files)
        return reduce(readers_of_both, map(frozenset, each))

    def labels_at(self, path: str, file: str) -> frozenset[str]:
        """Return the labels of a document."""
        return frozenset(labels_within(path, file, self.labels, self.folders))

    def apply(self, document: Document, file: str) -> Document:
        """Return the document with its readers and labels."""
        readers, labels = self.readers_at(document.path, file), self.labels_at(document.path, file)
        return replace(document, readers=tuple(sorted(readers)), labels=tuple(sorted(labels)))

    def are_about(self, rule: AccessRule, path: str, file: str) -> bool:
        """Return whether the rule matches a document, or a file that contains it."""
        return any(rule.matches(*names) for names in containing_names(path, file, self.folders))

    def may_be_about(self, rule: AccessRule, place: str) -> bool:
        """Return whether the rule can match a document within a file or folder."""
        (names,) = containing_names(place, place, self.folders)
        return any(may_match_beneath(rule.glob, name) for name in names)

    @property
    def settable(self) -> tuple[AccessRule, ...]:
        """The access rules of the settings, without that of the uploads."""
        return tuple(rule for rule in self.access if type(rule) is AccessRule)

    def matched(self, catalog: Catalog) -> list[RuleMatches]:
        """Return how many documents of the catalog each rule of the settings matches."""
        state, counts = json.loads(catalog.get(_MATCHED) or "[null, null]")
        if state != self._state(catalog):
            places = catalog.places() if self.settable else []
            counts = [sum(self.are_about(rule, *place) for place in places) for rule in self.settable]
        return [RuleMatches(rule.glob, rule.groups, count) for rule, count in zip(self.settable, counts, strict=True)]

    def keep_matched(self, catalog: Catalog) -> list[RuleMatches]:
        """Keep in the catalog what ``matched`` returns, as counting takes long in a large index; and return it."""
        matched = self.matched(catalog)
        catalog.set(_MATCHED, json.dumps([self._state(catalog), [rule.documents for rule in matched]]))
        return matched

    def are_applied(self, catalog: Catalog) -> bool:
        """Return whether each document of the catalog has the readers that the rules give it."""
        return catalog.get(_KEYS["readers"]) == self.applied("readers")

    def not_yet_closed(self, catalog: Catalog) -> list[str]:
        """Return the documents of the catalog that more people may read than the rules say, until the next run."""
        if self.are_applied(catalog):
            return []
        readers = catalog.readers()
        return [place[0] for place, groups in readers.items() if is_wider(groups, self.readers_at(*place))]

    def _state(self, catalog: Catalog) -> list[object]:
        return [catalog.revision, self.applied("readers")]

    def applied(self, mark: Mark) -> str:
        """Return what the catalog keeps of the rules that were applied to it."""
        rules: Sequence[Rule] = self.access if mark == "readers" else self.labels
        return json.dumps([_VERSION, sorted(self.folders), *map(astuple, rules)])


def apply_labels(rules: PathRules, catalog: Catalog) -> None:
    """Update the labels of all documents in the catalog, if the rules have changed."""
    applied = rules.applied("labels")
    if catalog.get(_KEYS["labels"]) != applied:
        before = catalog.marks("labels")
        changed = {place[0]: labels for place in before if (labels := rules.labels_at(*place)) != before[place]}
        if changed:
            catalog.set(_KEYS["labels"], "")
            catalog.set_marks("labels", changed)
        catalog.set(_KEYS["labels"], applied)


def apply_again(catalog: Catalog) -> None:
    """Let the next run apply the access rules again."""
    catalog.set(_KEYS["readers"], "")


def apply_readers(rules: PathRules, catalog: Catalog, bound: Bound, *, again: bool = False) -> list[Place]:
    """Update the readers of all documents in the catalog, if the rules have changed, or ``again``.

    No document gets more readers than ``bound`` returns. Returns the places of those that have fewer than before.
    """
    if rules.are_applied(catalog) and not again:
        return []
    before = catalog.marks("readers")
    given = {place: rules.readers_at(*place) for place in before}
    now = {place: bound(place, before[place], readers) for place, readers in given.items()}
    if changed := {place[0]: readers for place, readers in now.items() if readers != before[place]}:
        apply_again(catalog)  # if it is killed after the next line
        catalog.set_marks("readers", changed)
    catalog.set(_KEYS["readers"], rules.applied("readers") if now == given else "")
    return [place for place, readers in now.items() if is_wider(before[place], readers)]
