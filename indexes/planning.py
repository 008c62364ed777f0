"""What a folder holds against what the catalog holds."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from indexes.catalog import FileState
from indexes.errors import DeletionGuardError, FolderError
from indexes.reading.formats import SUFFIXES

_GUARD_SHARE, _GUARD_COUNT = 0.3, 10
"""A removal of more than both needs leave."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was when its folder was listed."""

    source: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a folder holds against what the catalog holds: paths, and where to read them."""

    files: dict[str, Found]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: dict[str, str]
    """Those of the added that hold what a removed one held: new path, old path."""
    skipped: dict[str, str]
    """Files that are not read, and why not."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.added or self.changed or self.removed)

    def source(self, path: str) -> Path:
        """Where the file is read."""
        return Path(self.files[path].source)

    def sizes(self) -> dict[str, int]:
        """Bytes of the files to be read, by path; of those whose vectors are there under another name, none."""
        return {path: 0 if path in self.renamed else self.files[path].size for path in (*self.added, *self.changed)}


def state(path: str, file: Path) -> FileState:
    """What tells this version of a file from another."""
    before = file.stat()
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return FileState(path, digest, before.st_size, before.st_mtime_ns)


def make_plan(roots: Sequence[Path], before: Mapping[str, FileState], *, anew: bool = False) -> Plan:
    """Raises ``FolderError`` as ``scan`` does. ``anew`` takes every file for changed."""
    files, skipped = scan(roots)
    unchanged = {path for path, found in files.items() if not anew and path in before and _same(before[path], found)}
    added = tuple(path for path in files if path not in before)
    gone = before.keys() - files.keys()
    return Plan(
        files,
        added=added,
        changed=tuple(path for path in files if path in before and path not in unchanged),
        unchanged=tuple(path for path in files if path in unchanged),
        removed=tuple(sorted(gone)),
        renamed=_renamed({path: files[path] for path in added}, [before[path] for path in gone]),
        skipped=skipped,
    )


def _renamed(added: Mapping[str, Found], gone: Sequence[FileState]) -> dict[str, str]:
    """Only files of a size that is gone are read for it."""
    sizes, old = {file.size for file in gone}, {file.sha256: file.path for file in gone}
    found = {}
    for path, file in added.items():
        if file.size in sizes:
            with suppress(OSError):  # who reads it for the index says so
                found[path] = old.get(state(path, Path(file.source)).sha256)
    return {path: source for path, source in found.items() if source is not None}


def scan(roots: Sequence[Path]) -> tuple[dict[str, Found], dict[str, str]]:
    """Files to index by their paths in the index, and those that are not read with the reasons; both sorted.

    One folder's files are named from it; those of several have each folder's own name before them. Hidden files and
    folders are not looked at, nor what lies behind a link to a folder. Raises ``FolderError`` where a root is not
    there, a folder cannot be read, or nothing in any of them is a document.
    """
    files: dict[str, Found] = {}
    skipped: dict[str, str] = {}
    for root in roots:
        prefix = f"{root.resolve().name}/" if len(roots) > 1 and root.is_dir() else ""
        for name, found in _walk(root):
            path = _printable(prefix + name)
            if isinstance(found, str):
                skipped[path] = found
            elif path in files:
                raise FolderError(
                    f"Two files would be {path} in the index: rename one or its folder, or index the folders apart."
                )
            else:
                files[path] = found
    if not files:
        where = ", ".join(map(str, roots))
        raise FolderError(f"Nothing to index in {where}: no file is a document (.pdf, .docx, .html, .md, .txt …).")
    return dict(sorted(files.items())), dict(sorted(skipped.items()))


def _printable(path: str) -> str:
    """A name may be any bytes; neither SQLite nor a terminal takes those that are not UTF-8."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _walk(root: Path) -> Iterator[tuple[str, Found | str]]:
    """Each file by its path from the root: what was found, or why it is not read. A file's path is its name."""
    if not os.path.exists(root):
        raise FolderError(f"There is no folder {root}.")
    if root.is_file():
        yield root.name, _look(str(root))
        return
    inside, folders = root.resolve(), [("", str(root))]
    while folders:
        prefix, folder = folders.pop()
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                folders.append((f"{prefix}{entry.name}/", entry.path))
            else:
                stray = _stray(entry.path, inside) if entry.is_symlink() else None
                yield prefix + entry.name, stray or _look(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise _closed(folder, error) from error


def _look(source: str) -> Found | str:
    """What is there, by one look at it, or why it is not read."""
    if os.path.splitext(source)[1].lower() not in SUFFIXES:
        return "a format that is not read"
    try:
        facts = os.stat(source)
    except FileNotFoundError:
        return "gone while its folder was read"
    except OSError as error:
        raise _closed(os.path.dirname(source), error) from error
    if not S_ISREG(facts.st_mode):
        return "neither a file nor a folder"
    return Found(source, facts.st_size, facts.st_mtime_ns)


def _stray(link: str, root: Path) -> str | None:
    """Why a link is not followed."""
    if os.path.isdir(link):
        return "a link to a folder"
    if not os.path.exists(link):
        return "a link that leads nowhere"
    return None if Path(os.path.realpath(link)).is_relative_to(root) else "a link that leads out of the folder"


def _closed(folder: str, error: OSError) -> FolderError:
    """A folder that cannot be read must not look like one whose files are gone."""
    return FolderError(f"The folder {folder} cannot be opened: {error.strerror}.")


def _same(before: FileState, now: Found) -> bool:
    return (before.size, before.mtime_ns) == (now.size, now.mtime_ns)


def guard(before: Set[str], plan: Plan, *, elsewhere: bool) -> None:
    """Against a folder that was not mounted, a mistyped one, and one file given where its folder was meant."""
    lost = len(before - plan.files.keys())
    if lost > max(_GUARD_COUNT, _GUARD_SHARE * len(before)) or (elsewhere and lost):
        other = " The index was made from another folder." if elsewhere else ""
        raise DeletionGuardError(
            f"{lost} of the index's {len(before)} documents are not in what was given now, and would be "
            f"removed.{other} If that is meant, run it again with --allow-delete; else check the folder or --index."
        )
