"""What a folder holds against what the catalog holds."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from indexes.catalog import FileState
from indexes.errors import DeletionGuardError, FolderError, ReadError
from indexes.files import state
from indexes.reading.formats import SUFFIXES

_GUARD_SHARE, _GUARD_COUNT = 0.3, 10
"""A removal of more than both needs leave."""
_UNSEEN = re.compile(
    "[\\\\\0-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""In names: the backslash that marks the others; controls, what turns or hides text, and bytes that are not UTF-8."""


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
    closed: dict[str, str] = field(default_factory=dict)
    """Folders and files that cannot be looked at, and why: what the index holds of them stays."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.added or self.changed or self.removed)


def make_plan(roots: Sequence[Path], before: Mapping[str, FileState], *, anew: bool = False) -> Plan:
    """Raises ``FolderError`` as ``scan`` does. ``anew`` takes every file for changed."""
    files, skipped, closed = scan(roots)
    unchanged = {path for path, file in files.items() if not anew and path in before and _same(before[path], file)}
    added = tuple(path for path in files if path not in before)
    gone = {path for path in before.keys() - files.keys() if not _beneath(path, closed)}
    return Plan(
        files,
        added=added,
        changed=tuple(path for path in files if path in before and path not in unchanged),
        unchanged=tuple(path for path in files if path in unchanged),
        removed=tuple(sorted(gone)),
        renamed=_renamed({path: files[path] for path in added}, [before[path] for path in gone]),
        skipped=tuple(skipped),
        closed=closed,
    )


def _renamed(added: Mapping[str, Path], gone: Sequence[FileState]) -> dict[str, str]:
    """Only files of a size that is gone are read for it."""
    sizes, old = {file.size for file in gone}, {file.sha256: file.path for file in gone}
    found = {}
    for path, file in added.items():
        with suppress(OSError, ReadError):  # reading it will say what is wrong with it
            if file.stat().st_size in sizes:
                found[path] = old.get(state(path, file).sha256)
    return {path: source for path, source in found.items() if source is not None}


def _beneath(path: str, closed: Mapping[str, str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in closed)


def scan(roots: Sequence[Path]) -> tuple[dict[str, Path], list[str], dict[str, str]]:
    """Files to index by their paths in the index, sorted; paths of those that are not read; ``Plan.closed``.

    One folder's files are named from it; those of several have each folder's own name before them. Other formats are
    not read, nor links that lead out of their root or nowhere, nor pipes and devices; hidden files are not looked at.
    Where a file lies is told without links. Raises ``FolderError`` where a root is not there or cannot be listed, or
    nothing in any of them can be read.
    """
    files: dict[str, Path] = {}
    skipped: list[str] = []
    closed: dict[str, str] = {}
    for root in roots:
        real = root.resolve()
        prefix = PurePosixPath(real.name if len(roots) > 1 and root.is_dir() else "")
        for file, error in _walk(root):
            path = _printable(str(prefix / file.relative_to(root if root.is_dir() else root.parent).as_posix()))
            try:
                source = None if error else _source(file, root, real)
            except OSError as failure:
                error = failure
            if error:
                closed[path] = f"cannot be opened: {error.strerror}"
            elif source is None:
                skipped.append(path)
            elif path in files:
                raise FolderError(f"Two of the folders have a file {path}: rename one folder, or index them apart.")
            else:
                files[path] = source
    if not files:
        where = ", ".join(map(str, roots))
        raise FolderError(f"Nothing to index in {where}: no file is a document (.pdf, .docx, .html, .md, .txt …).")
    return dict(sorted(files.items())), sorted(skipped), closed


def _printable(path: str) -> str:
    """A name may be any bytes: what neither a terminal nor a reader can show is spelled out, no two names alike."""
    return _UNSEEN.sub(lambda found: _spelled(ord(found[0])), path)


def _spelled(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python has it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return chr(code).encode("unicode_escape").decode()
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _walk(root: Path) -> Iterator[tuple[Path, OSError | None]]:
    """Files, and links to folders; folders that cannot be listed come with the reason."""
    if not root.exists():
        raise FolderError(f"There is no folder {root}.")
    if root.is_file():
        yield root, None
        return
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            if folder == root:
                raise FolderError(f"The folder {root} cannot be opened: {error.strerror}.") from error
            yield folder, error
            continue
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        folders += [Path(entry.path) for entry in seen if entry.is_dir(follow_symlinks=False)]
        yield from ((Path(entry.path), None) for entry in seen if not entry.is_dir(follow_symlinks=False))


def _source(file: Path, root: Path, real: Path) -> Path | None:
    """Where its content lies, without links; None where it is no document, or not a regular file within the root."""
    if file.suffix.lower() not in SUFFIXES or not file.is_file():
        return None
    if root.is_file():
        return real
    source = file.resolve() if file.is_symlink() else real / file.relative_to(root)
    return source if source.is_relative_to(real) else None


def _same(before: FileState, file: Path) -> bool:
    try:
        now = file.stat()
    except OSError:  # it went since the folder was listed: reading it will say so
        return False
    return (before.size, before.mtime_ns) == (now.st_size, now.st_mtime_ns)


def guard(plan: Plan, *, elsewhere: bool) -> None:
    """Against a folder that was not mounted, a mistyped one, and one file given where its folder was meant."""
    before = len(plan.removed) + len(plan.changed) + len(plan.unchanged)
    if len(plan.removed) > max(_GUARD_COUNT, _GUARD_SHARE * before) or (elsewhere and plan.removed):
        other = " The index was made from another folder." if elsewhere else ""
        raise DeletionGuardError(
            f"{len(plan.removed)} of the index's {before} documents are not in what was given now, and would be "
            f"removed.{other} If that is meant, run it again with --allow-delete; else check the folder or --index."
        )
