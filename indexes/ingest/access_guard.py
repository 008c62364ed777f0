"""Keeps access closed: no document that not everyone may read gets more readers without the user's leave.

A document is known by its path, and by the content of its file if that is no longer where it was.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from indexes.access.rules import is_wider, readers_of_both
from indexes.errors import ReadError, WiderAccessError
from indexes.ingest.changes import SyncPlan
from indexes.ingest.files import file_state
from indexes.ingest.rule_application import PathRules, apply_labels, apply_readers
from indexes.ingest.uploads import PREFIX
from indexes.storage.catalog import Catalog, FileState, Place
from indexes.types import EVERYONE, Document

_NAMED = 5
"""How many documents an error names."""
_PUBLIC = frozenset({EVERYONE})
_CHANGES = "access_changes"
"""The key under which the catalog keeps what the last run opened and closed."""
_KEPT = 100
"""How many paths of each are kept."""


@dataclass(frozen=True, slots=True)
class WiderAccess:
    """A document that the rules would open to more readers."""

    path: str
    before: frozenset[str]
    now: frozenset[str]

    def __str__(self) -> str:
        return f"{self.path} ({_groups(self.before)} → {_groups(self.now)})"


@dataclass(frozen=True, slots=True)
class FormerAccess:
    """The readers that documents had before a run, of those that not everyone may read."""

    by_path: Mapping[str, frozenset[str]]
    by_content: Mapping[str, Mapping[str, frozenset[str]]]
    """Of files that are no longer where they were: by SHA-256, and by the rest of the path within the file."""
    stayed: frozenset[str] = frozenset()
    """Other files that have one of these contents, as before."""
    wider: Sequence[WiderAccess] = ()
    """What a run would open."""
    narrower: Sequence[str] = ()
    """The new paths of files that a run would close."""

    @classmethod
    def before(cls, catalog: Catalog, plan: SyncPlan, rules: PathRules, *, beneath: str = "") -> Self:
        """Compare the readers in the catalog with those that a run would give, of files whose path begins so."""
        protected = {place: groups for place, groups in catalog.protected().items() if place[1].startswith(beneath)}
        by_path = {path: groups for (path, _), groups in protected.items()}
        narrower = tuple(
            new for new, old in plan.renamed.items() if is_wider(by_path.get(old, _PUBLIC), rules.readers_at(new, new))
        )
        if not protected:
            return cls({}, {}, narrower=narrower)
        files = catalog.files()
        moves = _Moves.of(files, plan, {file for _, file in protected})
        by_content = moves.readers(protected)
        left = {path for sha256 in by_content for path in moves.left[sha256]}
        stayed = frozenset(path for path, file in files.items() if file.sha256 in by_content and path not in left)
        given = (*_kept(protected, plan, rules), *_moved(by_content, moves.arrived, rules))
        wider = tuple(WiderAccess(path, before, now) for path, before, now in given if is_wider(now, before))
        return cls(by_path, by_content, stayed, wider, narrower)

    def bound(self, path: str, file: str, sha256: str | None, readers: frozenset[str]) -> frozenset[str]:
        """Return those of the readers that could read the document before."""
        moved = self.by_content.get(sha256, {}) if sha256 and file not in self.stayed else {}
        before = readers_of_both(self.by_path.get(path, _PUBLIC), moved.get(path[len(file) :], _PUBLIC))
        return readers_of_both(readers, before)


@dataclass(frozen=True, slots=True)
class _Moves:
    """Which contents left their paths, and where they arrived."""

    left: Mapping[str, Sequence[str]]
    """Paths that no longer hold a content, by its SHA-256."""
    arrived: Mapping[str, str]
    """Contents by the paths that did not hold them before."""

    @classmethod
    def of(cls, files: Mapping[str, FileState], plan: SyncPlan, protected: set[str]) -> Self:
        """Find the moves of protected files. Only files of the same size as one that may have left are hashed."""
        unsure = {*plan.removed, *plan.changed}
        sizes = {files[path].size for path in unsure & protected}
        present: dict[str, str] = {}
        for path in (*plan.added, *plan.changed):
            if plan.files[path].size in sizes:
                with suppress(OSError, ReadError):  # the sync reads it again, and compares the hash then
                    present[path] = file_state(path, Path(plan.files[path].source)).sha256
        left = defaultdict[str, list[str]](list)
        for path in unsure:
            if path in files and present.get(path) != files[path].sha256:
                left[files[path].sha256].append(path)
        new = {path: sha for path, sha in present.items() if path not in files or files[path].sha256 != sha}
        return cls(left, new)

    def readers(self, protected: Mapping[Place, frozenset[str]]) -> dict[str, dict[str, frozenset[str]]]:
        """Return the readers of what left its path: all who could read one of several equal files."""
        within = defaultdict[str, dict[str, frozenset[str]]](dict)
        for (path, file), groups in protected.items():
            within[file][path[len(file) :]] = groups
        contents = {}
        for sha256, paths in self.left.items():
            first, *others = (within.get(path, {}) for path in paths)
            contents[sha256] = {
                rest: groups.union(*(other[rest] for other in others))
                for rest, groups in first.items()
                if all(rest in other for other in others)
            }
        return contents


@dataclass(frozen=True, slots=True)
class RunAccess:
    """Who may read what in a run: the rules, within the readers that documents had."""

    rules: PathRules
    former: FormerAccess
    wider: Sequence[WiderAccess] = ()
    """What the run opens, with leave."""
    beneath: str = ""
    """The beginning of the paths that the run is about; other documents get no new readers."""

    @classmethod
    def of(cls, rules: PathRules, catalog: Catalog, plan: SyncPlan, *, allow_wider: bool) -> Self:
        """Compare with the catalog that answers. Raises ``WiderAccessError``."""
        former = FormerAccess.before(catalog, plan, rules)
        if allow_wider:
            return cls(rules, FormerAccess({}, {}, narrower=former.narrower), former.wider)
        _check(former.wider)
        return cls(rules, former)

    @classmethod
    def over_uploads(cls, rules: PathRules, catalog: Catalog, plan: SyncPlan) -> Self:
        """Likewise, for a run over the uploads alone."""
        former = FormerAccess.before(catalog, plan, rules, beneath=PREFIX)
        _check(former.wider)
        return cls(rules, former, beneath=PREFIX)

    def update(self, catalog: Catalog, leaving: Set[str]) -> list[str]:
        """Apply the rules to a catalog, and return the documents that became narrower.

        Files that are leaving their paths, and what the run is not about, get no new readers.
        """

        def bound(place: Place, before: frozenset[str], given: frozenset[str]) -> frozenset[str]:
            path, file = place
            if file in leaving or not file.startswith(self.beneath):
                given = readers_of_both(given, before)
            return self.former.bound(path, file, None, given)

        apply_labels(self.rules, catalog)
        return [path for path, _ in apply_readers(self.rules, catalog, bound, again=bool(self.wider))]

    def apply(self, document: Document, file: str) -> Document:
        """Return the document, which comes from the file at ``file``, with its readers and labels."""
        given = self.rules.apply(document, file)
        readers = self.former.bound(document.path, file, document.sha256, frozenset(given.readers))
        return replace(given, readers=tuple(sorted(readers)))


@dataclass(frozen=True, slots=True)
class AccessChanges:
    """How many documents the last run opened and closed, and the first of them."""

    wider: int
    narrower: int
    paths: Sequence[str]

    @classmethod
    def of(cls, wider: Sequence[str], narrower: Sequence[str]) -> Self:
        """Count the documents."""
        return cls(len(wider), len(narrower), [*wider[:_KEPT], *narrower[:_KEPT]])

    @classmethod
    def last(cls, catalog: Catalog) -> Self:
        """Return those of the last run."""
        return cls(**json.loads(catalog.get(_CHANGES) or '{"wider": 0, "narrower": 0, "paths": []}'))

    def keep(self, catalog: Catalog) -> None:
        """Keep them in the catalog."""
        catalog.set(_CHANGES, json.dumps(asdict(self)))

    def __str__(self) -> str:
        paths = f": {', '.join(self.paths)}" if self.paths else ""
        return f"access in the last run: documents wider {self.wider}, narrower {self.narrower}{paths}"


def _check(wider: Sequence[WiderAccess]) -> None:
    """Raise ``WiderAccessError`` if a run would open what not everyone may read."""
    if wider:
        named = ", ".join(map(str, wider[:_NAMED]))
        more = f" and {len(wider) - _NAMED} more" if len(wider) > _NAMED else ""
        raise WiderAccessError(
            f"More people could read {named}{more}. Nothing was changed. Let an [[access]] rule match the documents "
            "where they are now; or, if you mean it, run `footnote index` with --allow-wider-access."
        )


def _kept(
    protected: Mapping[Place, frozenset[str]], plan: SyncPlan, rules: PathRules
) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """Yield the documents that stay at their paths, with their readers before and now."""
    removed = frozenset(plan.removed)
    for (path, file), before in protected.items():
        if file not in removed:
            yield path, before, rules.readers_at(path, file)
        elif path in plan.files:  # a ZIP that was unpacked
            yield path, before, rules.readers_at(path, path)


def _moved(
    by_content: Mapping[str, Mapping[str, frozenset[str]]], arrived: Mapping[str, str], rules: PathRules
) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """Yield the documents that are at new paths, likewise."""
    for file, sha256 in arrived.items():
        for rest, before in by_content.get(sha256, {}).items():
            yield file + rest, before, rules.readers_at(file + rest, file)


def _groups(readers: frozenset[str]) -> str:
    return ", ".join(sorted(readers)) or "nobody"
