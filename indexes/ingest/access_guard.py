"""Keeps access closed: no document that not everyone may read gets more readers without the user's leave.

A document is known by its path and by the content of its file, also after it was removed.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import Self, TypeAlias

from indexes.access.rules import is_wider, readers_of_both
from indexes.errors import ReadError, WiderAccessError
from indexes.ingest.changes import SyncPlan
from indexes.ingest.files import file_state
from indexes.ingest.rule_application import PathRules, apply_labels, apply_readers
from indexes.ingest.uploads import PREFIX
from indexes.storage.catalog import Catalog, FileState, Place
from indexes.storage.former_readers import FormerReaders
from indexes.types import EVERYONE, Document

_NAMED = 5
"""How many documents an error names."""
_PUBLIC = frozenset({EVERYONE})
_CHANGES = "access_changes"
"""The key under which the catalog keeps what the last run opened and closed."""
_KEPT = 100
"""How many paths of each are kept."""
Contents: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]
"""Who may read contents: by the SHA-256 of a file, and by the rest of the path within it."""


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

    by_path: Mapping[str, frozenset[str]] = field(default_factory=dict)
    by_content: Contents = field(default_factory=dict)
    files: Mapping[str, FileState] = field(default_factory=dict)
    hashes: frozenset[str] = frozenset()
    """Those of the files."""
    gone: FormerReaders = field(default_factory=FormerReaders)
    """The readers of documents that earlier runs removed."""

    @classmethod
    def of(cls, catalog: Catalog, protected: Mapping[Place, frozenset[str]]) -> Self:
        """Return what the catalog says of its protected documents, and of those that are gone."""
        gone = catalog.former_readers()
        if not protected and not gone.readers:
            return cls()
        files = catalog.files()
        by_path = {path: groups for (path, _), groups in protected.items()}
        hashes = frozenset(file.sha256 for file in files.values())
        return cls(by_path, _contents(catalog, protected, files), files, hashes, gone)

    def bound(self, path: str, file: str, sha256: str | None, readers: frozenset[str]) -> frozenset[str]:
        """Return those of the readers that could read the document before, by its path and by its content."""
        could = [self.by_path.get(path), None if file in self.files else self.gone.at(path)]
        if sha256 and not file.startswith(PREFIX):  # who uploads a file says who may read it
            could.append(self._holding(sha256, path[len(file) :]))
        return reduce(readers_of_both, (groups for groups in could if groups is not None), readers)

    def opened(self, plan: SyncPlan, rules: PathRules, places: Iterable[Place]) -> Iterator[WiderAccess]:
        """Yield what more people could read after a run, of the documents at these places and the arriving ones."""
        for path, (file, sha256) in {**_staying(places, plan), **self._arriving(plan)}.items():
            before, now = self.bound(path, file, sha256, _PUBLIC), rules.readers_at(path, file)
            if is_wider(now, before):
                yield WiderAccess(path, before, now)

    def _arriving(self, plan: SyncPlan) -> dict[str, tuple[str, str | None]]:
        """Return the files, and the hashes, of documents at the paths of new and changed files, as far as known.

        Only files of the same size as one with a protected content are hashed.
        """
        arriving = dict[str, tuple[str, str | None]]()
        sizes = self.gone.sizes.union(old.size for old in self.files.values() if old.sha256 in self.by_content)
        for path in (*plan.added, *plan.changed):
            old, listed = self.files.get(path), plan.files[path]
            if old is None:
                arriving[path] = path, None
            if listed.size in sizes and not (old and listed[1:] == (old.size, old.changed_ns)):
                with suppress(OSError, ReadError):  # the sync reads it again, and compares the hash then
                    sha256 = file_state(path, Path(listed.source)).sha256
                    if old is None or old.sha256 != sha256:
                        arriving |= {path + rest: (path, sha256) for rest in ("", *self.by_content.get(sha256, ()))}
        return arriving

    def _holding(self, sha256: str, within: str) -> frozenset[str] | None:
        """Return who could read a content; None if it was unknown or public."""
        if sha256 in self.hashes:
            return self.by_content.get(sha256, {}).get(within)
        return self.gone.holding(sha256, within)


@dataclass(frozen=True, slots=True)
class RunAccess:
    """Who may read what in a run: the rules, within the readers that documents had."""

    rules: PathRules
    former: FormerAccess
    wider: Sequence[WiderAccess] = ()
    """What the run opens, with leave."""
    narrower: Sequence[str] = ()
    """The new paths of files that the run closes."""
    beneath: str = ""
    """The beginning of the paths that the run is about; other documents get no new readers."""
    bounded: list[str] = field(default_factory=list)
    """The documents that ``apply`` gave fewer readers than the rules do."""

    @classmethod
    def of(cls, rules: PathRules, catalog: Catalog, plan: SyncPlan, *, allow_wider: bool, idle: bool = False) -> Self:
        """Compare the readers in the catalog that answers with those of the rules. Raises ``WiderAccessError``.

        ``idle`` tells that the run will read and remove nothing.
        """
        if idle and rules.are_applied(catalog):
            return cls(rules, FormerAccess())
        protected = catalog.protected()
        former = FormerAccess.of(catalog, protected)
        unsure = {*plan.changed, *plan.removed}
        compared = [place for place in protected if place[1] in unsure] if rules.are_applied(catalog) else protected
        wider = tuple(former.opened(plan, rules, compared))
        narrower = [
            new
            for new, old in plan.renamed.items()
            if is_wider(former.by_path.get(old, _PUBLIC), rules.readers_at(new, new))
        ]
        if not allow_wider:
            _check(wider)
        return cls(rules, FormerAccess() if allow_wider else former, wider, narrower)

    @classmethod
    def over_uploads(cls, rules: PathRules, catalog: Catalog) -> Self:
        """Likewise, for a run over the uploads alone. Their paths name their readers, so they become no wider."""
        return cls(rules, FormerAccess.of(catalog, catalog.protected()), beneath=PREFIX)

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
        if readers != frozenset(given.readers):
            self.bounded.append(document.path)
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


def _staying(places: Iterable[Place], plan: SyncPlan) -> dict[str, tuple[str, str | None]]:
    """Return the documents that stay at their paths, with their files: a ZIP may have been unpacked there."""
    removed, staying = frozenset(plan.removed), dict[str, tuple[str, str | None]]()
    for path, file in places:
        if file not in removed:
            staying[path] = file, None
        elif path in plan.files:
            staying[path] = path, None
    return staying


def _contents(
    catalog: Catalog, protected: Mapping[Place, frozenset[str]], files: Mapping[str, FileState]
) -> dict[str, dict[str, frozenset[str]]]:
    """Return the contents that not everyone may read, with all who may read one of several equal documents."""
    copies = Counter(file.sha256 for file in files.values())
    contents = defaultdict[str, dict[str, frozenset[str]]](dict)
    for (path, file), groups in protected.items():
        within = contents[files[file].sha256]
        within[path[len(file) :]] = within.get(path[len(file) :], frozenset()) | groups
    if any(copies[sha256] > 1 for sha256 in contents):
        for path, file in catalog.places():
            if (path, file) not in protected:
                contents.get(files[file].sha256, {}).pop(path[len(file) :], None)
    return contents


def _groups(readers: frozenset[str]) -> str:
    return ", ".join(sorted(readers)) or "nobody"
