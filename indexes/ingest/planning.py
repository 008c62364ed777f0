"""What a folder holds against what the catalog holds."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from indexes.errors import DeletionGuardError, FolderError, ReadError
from indexes.ingest.files import changed_ns, state
from indexes.ingest.uploads import PREFIX
from indexes.readers.registry import SUFFIXES
from indexes.storage.catalog import FileState
from indexes.text.invisible_characters import CONTROLS, FORMATTING

_GUARD_SHARE, _GUARD_COUNT = 0.3, 10
"""A removal of more than both needs leave."""
_GONE, _OTHER_FORMAT = "gone while its folder was read", "a format that is not read"
_LOCK, _INDEX = "writer.lock", {"catalog.sqlite3", "current"}
"""Files by which an index is known, the one and any of the others: it may lie among the documents."""
_TAKEN = f"the index keeps uploaded documents as {PREFIX}…: rename the folder"
_UNSEEN = re.compile(rf"[\\\t-\r\u2028\u2029\U000e01f0-\U000e0fff{CONTROLS}{FORMATTING}]")
"""In names: the backslash that marks the others; controls, what turns or hides text, and bytes that are not UTF-8."""


class Found(NamedTuple):
    """A file as it was when its folder was listed."""

    source: str
    size: int
    changed_ns: int


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
    closed: dict[str, str] = field(default_factory=dict)
    """Folders and files that cannot be looked at, and why: what the index holds of them stays."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.added or self.changed or self.removed)

    def source(self, path: str) -> Path:
        """Where the file is read."""
        return Path(self.files[path].source)


def make_plan(
    roots: Sequence[Path], before: Mapping[str, FileState], *, uploads: Path | None = None, anew: bool = False
) -> Plan:
    """Raises ``FolderError`` as ``scan`` does. ``anew`` takes every file for changed."""
    files, skipped, closed = scan(roots, uploads)
    unchanged = {path for path, found in files.items() if not anew and path in before and _same(before[path], found)}
    added = tuple(path for path in files if path not in before)
    gone = {path for path in before.keys() - files.keys() if not beneath(path, closed)}
    return Plan(
        files,
        added=added,
        changed=tuple(path for path in files if path in before and path not in unchanged),
        unchanged=tuple(path for path in files if path in unchanged),
        removed=tuple(sorted(gone)),
        renamed=_renamed({path: files[path] for path in added}, [before[path] for path in gone]),
        skipped=skipped,
        closed=closed,
    )


def _renamed(added: Mapping[str, Found], gone: Sequence[FileState]) -> dict[str, str]:
    """Only files of a size that is gone are read for it."""
    sizes, old = {file.size for file in gone}, {file.sha256: file.path for file in gone}
    found = {}
    for path, file in added.items():
        if file.size in sizes:
            with suppress(OSError, ReadError):  # who reads it for the index says so
                found[path] = old.get(state(path, Path(file.source)).sha256)
    return {path: source for path, source in found.items() if source is not None}


def beneath(path: str, closed: Mapping[str, str]) -> bool:
    """Whether it lies in a folder that cannot be looked at, or cannot be itself."""
    return any(path == place or path.startswith(f"{place}/") for place in closed)


def scan(roots: Sequence[Path], uploads: Path | None = None) -> tuple[dict[str, Found], dict[str, str], dict[str, str]]:
    """Files to index by their paths in the index, and those that are not read with the reasons; ``Plan.closed``.

    One folder's files are named from it; those of several have each folder's own name before them. Hidden files and
    folders are not looked at, nor what lies behind a link to a folder. Where a file lies is told without links. Raises
    ``FolderError`` where a root is not there or cannot be listed, or nothing in any of them is a document.

    ``uploads`` is one more folder, named as such: where there is one, nothing else is named so.
    """
    found = _Listing()
    for root in roots:
        found.take(root, prefix_of(root, roots), reserved=PREFIX if uploads else None)
    if not found.files and (roots or not uploads):
        where = ", ".join(map(str, roots))
        raise FolderError(f"Nothing to index in {where}: no file is a document (.pdf, .docx, .html, .md, .txt …).")
    if uploads:
        found.take(uploads, PREFIX)
    return dict(sorted(found.files.items())), dict(sorted(found.skipped.items())), found.closed


def prefix_of(root: Path, roots: Sequence[Path]) -> str:
    """What the paths of this root's files begin with."""
    return f"{root.resolve().name}/" if len(roots) > 1 and root.is_dir() else ""


@dataclass(frozen=True, slots=True)
class _Listing:
    files: dict[str, Found] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)

    def take(self, root: Path, prefix: str, *, reserved: str | None = None) -> None:
        for name, found in _walk(root):
            path = printable(prefix + name)
            if isinstance(found, OSError):
                self.closed[path] = f"cannot be opened: {found.strerror}"
            elif isinstance(found, str):
                self.skipped[path] = found
            elif reserved and path.startswith(reserved):
                self.skipped[path] = _TAKEN
            elif path in self.files:
                raise FolderError(
                    f"Two files would be {path} in the index: rename one or its folder, or index the folders apart."
                )
            else:
                self.files[path] = found


def printable(path: str) -> str:
    """A name may be any bytes: what neither a terminal nor a reader can show is spelled out, no two names alike."""
    return _UNSEEN.sub(lambda found: _spelled(ord(found[0])), path)


def _spelled(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python has it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return chr(code).encode("unicode_escape").decode()
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _walk(root: Path) -> Iterator[tuple[str, Found | str | OSError]]:
    """What is there by its path from the root: what was found, why it is not read, or why it cannot be looked at."""
    if not os.path.exists(root):
        raise FolderError(f"There is no folder {root}.")
    real = str(root.resolve())
    if root.is_file():
        yield root.name, _look(real) if _is_read(root.name) else _OTHER_FORMAT
        return
    folders = [("", real)]
    while folders:
        prefix, folder = folders.pop()
        try:
            entries = _entries(folder)
        except OSError as error:
            if folder == real:
                raise FolderError(f"The folder {root} cannot be opened: {error.strerror}.") from error
            yield prefix.rstrip("/"), error
            continue
        names = {entry.name for entry in entries}
        if _LOCK in names and names & _INDEX:
            if folder == real:
                raise FolderError(f"{root} is an index of Footnote, and no folder of documents.")
            yield prefix.rstrip("/"), "an index of Footnote"
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append((f"{prefix}{entry.name}/", entry.path))
            else:
                yield prefix + entry.name, _follow(entry.path, real) if entry.is_symlink() else _look(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _look(source: str) -> Found | str | OSError:
    """What is there, by one look at it, or why it is not read."""
    if not _is_read(source):
        return _OTHER_FORMAT
    try:
        facts = os.stat(source)
    except FileNotFoundError:
        return _GONE
    except OSError as error:
        return error
    if not S_ISREG(facts.st_mode):
        return "neither a file nor a folder"
    return Found(source, facts.st_size, changed_ns(facts))


def _follow(link: str, root: str) -> Found | str | OSError:
    """What a link leads to, or why it is not followed."""
    if os.path.isdir(link):
        return "a link to a folder"
    if not os.path.exists(link):
        return "a link that leads nowhere"
    try:
        source = os.path.realpath(link)
    except OSError:
        return _GONE
    if not Path(source).is_relative_to(root):
        return "a link that leads out of the folder"
    return _look(source) if _is_read(link) else _OTHER_FORMAT


def _is_read(name: str) -> bool:
    _, dot, suffix = name.rpartition(".")
    return dot + suffix.lower() in SUFFIXES


def _same(before: FileState, now: Found) -> bool:
    return (before.size, before.changed_ns) == (now.size, now.changed_ns)


def guard(before: Set[str], plan: Plan, *, elsewhere: bool) -> None:
    """Against a folder that was not mounted, a mistyped one, and one file given where its folder was meant."""
    lost = sum(not beneath(path, plan.closed) for path in before - plan.files.keys())
    if lost > max(_GUARD_COUNT, _GUARD_SHARE * len(before)) or (elsewhere and lost):
        other = " The index was made from another folder." if elsewhere else ""
        raise DeletionGuardError(
            f"{lost} of the index's {len(before)} files are not in what was given now, and would be "
            f"removed.{other} If that is meant, run it again with --allow-delete; else check the folder or --index."
        )
