"""Stores uploaded documents in a folder of the index folder, which every index run reads too.

The folder's name says who may read an upload: ``INDEX/uploads/GROUPS/…``. So one rename puts a document and its readers
in place together, and a name never clashes with one that its uploader may not see.
"""

import os
import re
import shutil
import unicodedata
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from string import ascii_lowercase, digits
from typing import BinaryIO
from urllib.parse import unquote

from indexes.access.rules import AccessRule
from indexes.errors import UploadedNameError, UploadError
from indexes.storage.fsync import fsync_path
from indexes.types import EVERYONE

NAME = "uploads"
PREFIX = f"{NAME}/"
"""The beginning of uploads' paths in the index."""
_PLAIN = frozenset((ascii_lowercase + digits + "-_").encode())
"""Bytes of a group's name that are not escaped. Capitals are, as some file systems ignore case."""
_MAX_NAME, _MAX_FOLDERS = 200, 8
"""Bytes of a name, for which file systems take 255, and steps of a folder."""
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows reserves, where the folder may be copied to."""


@dataclass(frozen=True, slots=True)
class UploadRule(AccessRule):
    """Gives each upload to the groups of its folder; a file in no such folder is for nobody."""

    glob: str = f"{NAME}/**"
    groups: tuple[str, ...] = ()

    def matches(self, path: str, *_: str) -> bool:
        """Return whether the path is an upload's. The other names of a document never make it one."""
        return super(UploadRule, self).matches(path)

    def groups_at(self, path: str) -> tuple[str, ...]:
        """Return the groups that may read the upload at a path."""
        return readers_at(path)


UPLOADED = UploadRule()


def uploads_of(index: Path) -> Path | None:
    """Return the folder of an index's uploads; None if there is none."""
    folder = index / NAME
    return folder if folder.is_dir() and not folder.is_symlink() else None


def readers_at(path: str) -> tuple[str, ...]:
    """Return the groups that an upload's path names."""
    folder = f"{path}/".split("/")[1]
    groups = tuple(unquote(group) for group in folder.split("+"))
    return groups if folder and _folder_of(groups) == folder else ()


class Uploads:
    """Adds and removes uploads. Safe to use from many threads and processes."""

    def __init__(self, index: Path) -> None:
        self._folder = index / NAME

    def add(self, content: BinaryIO, name: str, folder: str, readers: Collection[str]) -> str:
        """Store an upload, whole and on disk, and return its path in the index. A file of that path is replaced.

        Raises ``UploadedNameError`` if the name cannot be used, ``UploadError`` if the file cannot be stored.
        """
        path = upload_path(name, folder, readers)
        target = self._folder.parent / path
        incoming = self._folder / f".{uuid.uuid4().hex}"  # hidden, so that no index run takes half of it
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with incoming.open("xb") as file:
                shutil.copyfileobj(content, file, 2**20)
                file.flush()
                os.fsync(file.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            incoming.replace(target)
            for parent in target.parent, *target.parent.parents:
                fsync_path(parent)
                if parent == self._folder.parent:
                    break
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise UploadedNameError(
                f"{path} cannot be kept: a file has the name of its folder, or a folder its own."
            ) from error
        except OSError as error:
            raise UploadError(f"{path} cannot be kept: {error.strerror}.") from error
        finally:
            incoming.unlink(missing_ok=True)
        return path

    def remove(self, path: str) -> bool:
        """Remove an upload for good, and return whether it was there. Raises ``UploadError``."""
        file = self._folder.parent / path
        try:
            file.unlink()
            fsync_path(file.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise UploadError(f"{path} cannot be removed: {error.strerror}.") from error
        return True

    def paths(self) -> Iterator[str]:
        """Yield the paths of all uploads, indexed or not."""
        for folder, folders, names in os.walk(self._folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            within = PurePosixPath(Path(folder).relative_to(self._folder.parent))
            yield from (str(within / name) for name in names if not name.startswith("."))


def upload_path(name: str, folder: str, readers: Collection[str]) -> str:
    """Return an upload's path, without characters that names must not have. Raises ``UploadedNameError``."""
    steps = [step for step in map(_safe_name, folder.replace("\\", "/").split("/")) if step]
    if len(steps) > _MAX_FOLDERS:
        raise UploadedNameError(f"The folder has {len(steps)} steps, and may have {_MAX_FOLDERS}.")
    own = _safe_name(name.replace("\\", "/").rpartition("/")[2])
    if not PurePosixPath(own).suffix:
        raise UploadedNameError("The file needs a name with its format's suffix, such as report.pdf.")
    return "/".join([NAME, _folder_of(readers), *steps, own])


def _safe_name(step: str) -> str:
    """Return a name that is valid on every file system; empty if nothing is left of it."""
    seen = "".join(c for c in unicodedata.normalize("NFC", step) if c.isprintable() or unicodedata.category(c) == "Zs")
    plain = " ".join(_FORBIDDEN.sub("_", seen).split()).strip(". ")
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, suffix = plain.rpartition(".")
    return (
        _shortened(stem, _MAX_NAME - len(f".{suffix}".encode())) + f".{suffix}" if dot else _shortened(plain, _MAX_NAME)
    )


def _shortened(text: str, most: int) -> str:
    return text.encode()[: max(most, 1)].decode(errors="ignore")


def _folder_of(readers: Collection[str]) -> str:
    groups = {EVERYONE} if EVERYONE in readers else set(readers)
    escaped = ("".join(chr(b) if b in _PLAIN else f"%{b:02x}" for b in group.encode()) for group in groups)
    name = "+".join(sorted(escaped))
    if len(name) > _MAX_NAME:
        raise UploadedNameError("The document would be for too many groups to name: give fewer in 'groups'.")
    return name
