"""Decides what changed: compares the listed files of folders with the files that the catalog holds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from indexes.errors import DeletionGuardError, ReadError
from indexes.ingest.files import file_state
from indexes.ingest.folder_scan import ListedFile, scan_folders
from indexes.storage.catalog import FileState

_GUARD_SHARE, _GUARD_COUNT = 0.3, 10
"""A removal of more than both needs the user's leave."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """The paths that a sync would touch, and where to read them."""

    files: dict[str, ListedFile]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: dict[str, str]
    """Added files with the content of a removed one: new path, old path."""
    skipped: dict[str, str]
    """Files that are not read, and why not."""
    closed: dict[str, str] = field(default_factory=dict)
    """Folders and files that cannot be opened, and why. What the index holds of them stays."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.added or self.changed or self.removed)

    def source(self, path: str) -> Path:
        """Return the file on disk behind a path of the index."""
        return Path(self.files[path].source)


def plan_changes(
    roots: Sequence[Path], before: Mapping[str, FileState], *, uploads: Path | None = None, anew: bool = False
) -> SyncPlan:
    """Compare the folders with the files that were indexed before. ``anew`` takes every file as changed.

    A file is unchanged if its size and its time of change are. Raises ``FolderError`` as ``scan_folders`` does.
    """
    files, skipped, closed = scan_folders(roots, uploads)
    same = {path for path, old in before.items() if path in files and files[path][1:] == (old.size, old.changed_ns)}
    added = tuple(path for path in files if path not in before)
    removed = tuple(path for path in sorted(before.keys() - files.keys()) if not is_beneath(path, closed))
    return SyncPlan(
        files,
        added=added,
        changed=tuple(path for path in files if path in before and (anew or path not in same)),
        unchanged=tuple(path for path in files if path in same and not anew),
        removed=removed,
        renamed=_find_renamed(added, files, [before[path] for path in removed]),
        skipped=skipped,
        closed=closed,
    )


def _find_renamed(
    added: Sequence[str], files: Mapping[str, ListedFile], removed: Sequence[FileState]
) -> dict[str, str]:
    """Pair added with removed files of the same content: of several, those of which one path ends in the other."""
    sizes, gone = {file.size for file in removed}, defaultdict[str, list[str]](list)
    for file in removed:
        gone[file.sha256].append(file.path)
    renamed = {}
    for path in added:
        if files[path].size in sizes:  # only then is it worth hashing
            with suppress(OSError, ReadError):  # the sync reads it again, and reports what is wrong
                equal = gone[file_state(path, Path(files[path].source)).sha256]
                if equal:
                    old = max(equal, key=lambda old: (f"/{path}".endswith(f"/{old}"), f"/{old}".endswith(f"/{path}")))
                    equal.remove(old)
                    renamed[path] = old
    return renamed


def is_beneath(path: str, closed: Mapping[str, str]) -> bool:
    """Whether the path is a closed file or lies in a closed folder."""
    return any(path == place or path.startswith(f"{place}/") for place in closed)


def check_deletions(plan: SyncPlan, *, elsewhere: bool) -> None:
    """Guard against a folder that is not mounted or mistyped, and a file given instead of its folder.

    A file that is at another path now is not lost. ``elsewhere`` tells that other folders were indexed before. Raises
    ``DeletionGuardError``.
    """
    before = len(plan.removed) + len(plan.changed) + len(plan.unchanged)
    lost = len({*plan.removed} - {*plan.renamed.values()})
    if lost > max(_GUARD_COUNT, _GUARD_SHARE * before) or (elsewhere and lost):
        other = " The index was made from another folder." if elsewhere else ""
        raise DeletionGuardError(
            f"{lost} of the index's {before} files are not in the given folders, and would be "
            f"removed.{other} If you mean that, run it again with --allow-delete; else check the folder or --index."
        )
