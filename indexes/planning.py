"""What a folder holds against what the catalog holds."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from indexes.catalog import FileState
from indexes.errors import DeletionGuardError, FolderError
from indexes.reading.formats import SUFFIXES

_GUARD_SHARE, _GUARD_COUNT = 0.3, 10
"""A removal of more than both needs leave."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a folder holds against what the catalog holds: paths, and where to read them."""

    files: dict[str, Path]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: dict[str, str]
    """Those of the added that hold what a removed one held: new path, old path."""
    skipped: tuple[str, ...]
    """Files that are not read: other formats, links that lead out, pipes."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.added or self.changed or self.removed)


def state(path: str, file: Path) -> FileState:
    """What tells this version of a file from another."""
    before = file.stat()
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return FileState(path, digest, before.st_size, before.st_mtime_ns)


def make_plan(roots: Sequence[Path], before: Mapping[str, FileState], *, anew: bool = False) -> Plan:
    """Raises ``FolderError`` as ``scan`` does. ``anew`` takes every file for changed."""
    files, skipped = scan(roots)
    unchanged = {path for path, file in files.items() if not anew and path in before and _same(before[path], file)}
    added = tuple(path for path in files if path not in before)
    gone = before.keys() - files.keys()
    return Plan(
        files,
        added=added,
        changed=tuple(path for path in files if path in before and path not in unchanged),
        unchanged=tuple(path for path in files if path in unchanged),
        removed=tuple(sorted(gone)),
        renamed=_renamed(
            {path: files[path] for path in added}, [before[path] for path in before.keys() - files.keys()]
        ),
        skipped=tuple(skipped),
    )


def _renamed(added: Mapping[str, Path], gone: Sequence[FileState]) -> dict[str, str]:
    """Only files of a size that is gone are read for it."""
    sizes, old = {file.size for file in gone}, {file.sha256: file.path for file in gone}
    found = {}
    for path, file in added.items():
        if file.stat().st_size in sizes and os.access(file, os.R_OK):
            found[path] = old.get(state(path, file).sha256)
    return {path: source for path, source in found.items() if source is not None}


def scan(roots: Sequence[Path]) -> tuple[dict[str, Path], list[str]]:
    """Files to index by their paths in the index, sorted, and the paths of those that are not read.

    One folder's files are named from it; those of several have each folder's own name before them. Other formats are
    not read, nor links that lead out of their root or nowhere, nor pipes and devices; hidden files are not looked at.
    Raises ``FolderError`` where a root is not there, or nothing in any of them can be read.
    """
    files: dict[str, Path] = {}
    skipped: list[str] = []
    for root in roots:
        prefix = PurePosixPath(root.resolve().name if len(roots) > 1 and root.is_dir() else "")
        for file in _walk(root):
            path = _printable(str(prefix / file.relative_to(root if root.is_dir() else root.parent).as_posix()))
            if file.suffix.lower() not in SUFFIXES or not _inside(file, root):
                skipped.append(path)
            elif path in files:
                raise FolderError(f"Two of the folders have a file {path}: rename one folder, or index them apart.")
            else:
                files[path] = file
    if not files:
        where = ", ".join(map(str, roots))
        raise FolderError(f"Nothing to index in {where}: no file is a document (.pdf, .docx, .html, .md, .txt …).")
    return dict(sorted(files.items())), sorted(skipped)


def _printable(path: str) -> str:
    """A name may be any bytes; neither SQLite nor a terminal takes those that are not UTF-8."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _walk(root: Path) -> Iterator[Path]:
    if not root.exists():
        raise FolderError(f"There is no folder {root}.")
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder, name)


def _inside(file: Path, root: Path) -> bool:
    """Whether it is a regular file, and not a link that leads out of its root."""
    return file.is_file() and (not file.is_symlink() or root.is_file() or file.resolve().is_relative_to(root.resolve()))


def _refuse(error: OSError) -> None:
    """A folder that cannot be read must not look like one whose files are gone."""
    raise FolderError(f"The folder {error.filename} cannot be opened: {error.strerror}.") from error


def _same(before: FileState, file: Path) -> bool:
    now = file.stat()
    return (before.size, before.mtime_ns) == (now.st_size, now.st_mtime_ns)


def guard(before: Set[str], plan: Plan, *, elsewhere: bool) -> None:
    """Against a folder that was not mounted, a mistyped one, and one file given where its folder was meant."""
    lost = len(before - plan.files.keys())
    if lost > max(_GUARD_COUNT, _GUARD_SHARE * len(before)) or (elsewhere and lost):
        other = " The index was made from another folder." if elsewhere else ""
        raise DeletionGuardError(
            f"{lost} of the index's {len(before)} documents are not in what was given now, and would be "
            f"removed.{other} If that is meant, run it again with --allow-delete; else check the folder or --index."
        )
