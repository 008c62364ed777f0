"""Decides what changed: compares the listed files of folders with the files that the catalog holds."""

from collections.abc import Mapping, Sequence, Set
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
    removed_sizes = {before[path].size for path in removed}
    removed_paths = {before[path].sha256: path for path in removed}
    renamed = {}
    for path in added:
        if files[path].size in removed_sizes:  # only then is it worth hashing
            with suppress(OSError, ReadError, KeyError):  # the sync reads it again, and reports what is wrong
                renamed[path] = removed_paths[file_state(path, Path(files[path].source)).sha256]
    return SyncPlan(
        files,
        added=added,
        changed=tuple(path for path in files if path in before and (anew or path not in same)),
        unchanged=tuple(path for path in files if path in same and not anew),
        removed=removed,
        renamed=renamed,
        skipped=skipped,
        closed=closed,
    )


def is_beneath(path: str, closed: Mapping[str, str]) -> bool:
    """Whether the path is a closed file or lies in a closed folder."""
    return any(path == place or path.startswith(f"{place}/") for place in closed)


def check_deletions(before: Set[str], plan: SyncPlan, *, elsewhere: bool) -> None:
    """Guard against a folder that is not mounted or mistyped, and a file given instead of its folder.

    ``elsewhere`` tells that other folders were indexed before. Raises ``DeletionGuardError``.
    """
    lost = sum(not is_beneath(path, plan.closed) for path in before - plan.files.keys())
    if lost > max(_GUARD_COUNT, _GUARD_SHARE * len(before)) or (elsewhere and lost):
        other = " The index was made from another folder." if elsewhere else ""
        raise DeletionGuardError(
            f"{lost} of the index's {len(before)} files are not in the given folders, and would be "
            f"removed.{other} If you mean that, run it again with --allow-delete; else check the folder or --index."
        )
