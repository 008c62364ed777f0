"""Lists the files of folders that can be indexed, and why the others are not read."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from indexes.errors import FolderError
from indexes.ingest.files import modified_ns
from indexes.ingest.uploads import PREFIX
from indexes.readers.registry import SUFFIXES
from indexes.text.invisible_characters import CONTROLS, FORMATTING

_GONE, _OTHER_FORMAT = "gone while its folder was read", "a format that is not read"
_LOCK_FILE, _INDEX_FILES = "writer.lock", {"catalog.sqlite3", "current"}
"""An index holds the lock file and one of the others. It may lie among the documents."""
_RESERVED = f"the index keeps uploaded documents as {PREFIX}…: rename the folder"
_UNSEEN = re.compile(rf"[\\\t-\r\u2028\u2029\U000e01f0-\U000e0fff{CONTROLS}{FORMATTING}]")
"""Escaped in file names: backslashes, control characters, invisible characters, and bytes that are not UTF-8."""


class ListedFile(NamedTuple):
    """A file as it was when its folder was listed."""

    source: str
    size: int
    changed_ns: int


def scan_folders(
    roots: Sequence[Path], uploads: Path | None = None
) -> tuple[dict[str, ListedFile], dict[str, str], dict[str, str]]:
    """Return the files to index, the skipped files and the closed places, each by its path in the index.

    The last two say why. Paths start at the root; with several roots, at the root's own name. Hidden files and
    folders, and links to folders, are not followed. ``uploads`` is one more folder, whose name is then reserved.
    Raises ``FolderError`` if a root is missing or cannot be listed, or if no root holds a document.
    """
    listing = _Listing()
    for root in roots:
        listing.add_folder(root, path_prefix(root, roots), reserved=PREFIX if uploads else None)
    if not listing.files and (roots or not uploads):
        where = ", ".join(map(str, roots))
        raise FolderError(f"Nothing to index in {where}: no file is a document (.pdf, .docx, .html, .md, .txt …).")
    if uploads:
        listing.add_folder(uploads, PREFIX)
    return dict(sorted(listing.files.items())), dict(sorted(listing.skipped.items())), listing.closed


def path_prefix(root: Path, roots: Sequence[Path]) -> str:
    """Return what the index puts before the paths of this root's files."""
    return f"{root.resolve().name}/" if len(roots) > 1 and root.is_dir() else ""


def folder_names(roots: Sequence[Path]) -> frozenset[str]:
    """Return the names with which paths in the index begin, if there are several roots."""
    return frozenset(printable_path(root.resolve().name) for root in roots) if len(roots) > 1 else frozenset()


def other_paths(roots: Sequence[Path], files: Mapping[str, ListedFile]) -> dict[str, list[str]]:
    """Return the other paths in the index at which the folders hold the same file, for each that has some.

    A link stands for the file to which it leads, but not the other way round. A folder may lie in another one.
    """
    places = [(f"{root.resolve()}/", path_prefix(root, roots)) for root in roots if root.is_dir()]
    others = dict[str, list[str]]()
    for path, file in files.items():
        real = (prefix + file.source[len(at) :] for at, prefix in places if file.source.startswith(at))
        if elsewhere := [printable_path(each) for each in real if path not in (each, printable_path(each))]:
            others[path] = elsewhere
    return others


def printable_path(path: str) -> str:
    """Escape what neither a terminal nor a reader can show. Different names stay different."""
    return _UNSEEN.sub(_escape, path)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # Python's surrogate for a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return chr(code).encode("unicode_escape").decode()
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@dataclass(frozen=True, slots=True)
class _Listing:
    files: dict[str, ListedFile] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)

    def add_folder(self, root: Path, prefix: str, *, reserved: str | None = None) -> None:
        """Add what lies under the root. Raises ``FolderError``, also if two files would have one path."""
        for name, entry in _walk(root):
            path = printable_path(prefix + name)
            if isinstance(entry, OSError):
                self.closed[path] = f"cannot be opened: {entry.strerror}"
            elif isinstance(entry, str):
                self.skipped[path] = entry
            elif reserved and path.startswith(reserved):
                self.skipped[path] = _RESERVED
            elif path in self.files:
                raise FolderError(
                    f"Two files would be {path} in the index: rename one or its folder, or index the folders apart."
                )
            else:
                self.files[path] = entry


def _walk(root: Path) -> Iterator[tuple[str, ListedFile | str | OSError]]:
    """Yield each path under the root with its file, or the reason why it is skipped, or the error."""
    if not os.path.exists(root):
        raise FolderError(f"There is no folder {root}.")
    real = str(root.resolve())
    if root.is_file():
        yield root.name, _look(real, root.name)
        return
    folders = [("", real)]
    while folders:
        prefix, folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = [entry for entry in listing if not entry.name.startswith(".")]
        except OSError as error:
            if folder == real:
                raise FolderError(f"The folder {root} cannot be opened: {error.strerror}.") from error
            yield prefix.rstrip("/"), error
            continue
        names = {entry.name for entry in entries}
        if _LOCK_FILE in names and names & _INDEX_FILES:
            if folder == real:
                raise FolderError(f"{root} is an index of Footnote, not a folder of documents.")
            yield prefix.rstrip("/"), "an index of Footnote"
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append((f"{prefix}{entry.name}/", entry.path))
                continue
            file = _follow(entry.path, real) if entry.is_symlink() else _look(entry.path, entry.name)
            yield prefix + entry.name, file


def _follow(link: str, root: str) -> ListedFile | str | OSError:
    """Return the file behind a link, or why it is not read."""
    if os.path.isdir(link):
        return "a link to a folder"
    if not os.path.exists(link):
        return "a link that leads nowhere"
    try:
        source = os.path.realpath(link)
    except OSError:
        return _GONE
    return _look(source, link) if Path(source).is_relative_to(root) else "a link that leads out of the folder"


def _look(source: str, name: str) -> ListedFile | str | OSError:
    """Return the file, or why it is not read. The name decides the format, also of a link."""
    if not (_is_document(name) and _is_document(source)):
        return _OTHER_FORMAT
    try:
        facts = os.stat(source)
    except FileNotFoundError:
        return _GONE
    except OSError as error:
        return error
    if not S_ISREG(facts.st_mode):
        return "neither a file nor a folder"
    return ListedFile(source, facts.st_size, modified_ns(facts))


def _is_document(name: str) -> bool:
    _, dot, suffix = name.rpartition(".")
    return dot + suffix.lower() in SUFFIXES
