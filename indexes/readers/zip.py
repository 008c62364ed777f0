"""Zip archives, with a document for each file in them. ``archive`` opens formats that are a zip inside."""

import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path, PurePosixPath

from indexes.errors import ReadError
from indexes.readers.attachments import EmbeddedFiles, safe_path
from indexes.readers.extraction.archive import DAMAGE
from indexes.readers.extraction.budget import Budget
from indexes.readers.registry import SUFFIXES
from indexes.types import Extraction

_CHUNK = 2**20
_HEADER, _END, _END_MARK = 30, 22, b"PK\5\6"
"""Bytes of a member's header before its name, bytes of the archive's end before its comment, and that end's mark."""
_UTF8 = 0x800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The methods for which zipfile bounds what it inflates."""


def read_zip(path: Path, budget: Budget) -> Extraction:
    """Read the files in an archive. Raises ``ReadError`` if none can be read."""
    budget.check_levels()
    if not path.stat().st_size:
        raise ReadError("holds no text")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_layout(path, archive)
            members = {member: _name(member) for member in archive.infolist() if not member.filename.endswith("/")}
            chosen = {member for member, name in members.items() if _is_document(member, name)}
            budget.check(len(chosen), sum(member.file_size for member in chosen))
            files = EmbeddedFiles(budget)
            for member, name in members.items():
                if member in chosen:
                    files.add(name, _content(archive, member))
                else:
                    files.leave_out(name)
    except DAMAGE as error:
        raise ReadError("is not a zip archive, or damaged") from error
    extraction = files.within(Extraction(path.stem, "", ()), "not read, being hidden, a link or of another format")
    if not extraction.parts:
        raise ReadError("; ".join(("holds no file that can be read", *extraction.notes)))
    return extraction


def _check_layout(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise ``ReadError`` for an archive that was cut off, and for a bomb that inflates a few bytes many times."""
    with path.open("rb") as file:
        file.seek(-_END - len(archive.comment), os.SEEK_END)
        if file.read(len(_END_MARK)) != _END_MARK:  # the end that zipfile found belongs to a zip within this one
            raise ReadError("is cut off, or has other data behind it")
    members = [member for member in archive.infolist() if not member.filename.endswith("/")]
    for member, after in pairwise(sorted(members, key=lambda member: member.header_offset)):
        if member.header_offset + _HEADER + member.compress_size > after.header_offset:
            raise ReadError("is a zip bomb: files in it overlap")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content in chunks. zipfile checks that it is no larger than the member claims."""
    if member.flag_bits & 1:
        raise ReadError("is encrypted: zip it without a password")
    if member.compress_type not in _METHODS:
        raise ReadError("is compressed in a way that is not read here: zip it anew, as deflate")
    try:
        with archive.open(member) as content:
            while chunk := content.read(_CHUNK):
                yield chunk
    except (*DAMAGE, OSError, ValueError) as error:  # the last two for places outside of the archive
        raise ReadError("is damaged in its zip archive") from error


def _name(member: zipfile.ZipInfo) -> str:
    """Return the name as UTF-8, which it often is without saying so; else as MS-DOS has it."""
    if not member.flag_bits & _UTF8:
        with suppress(UnicodeError):
            return member.filename.encode("cp437").decode()
    return member.filename


def _is_document(member: zipfile.ZipInfo, name: str) -> bool:
    path = PurePosixPath(safe_path(name))
    hidden = any(step.startswith(".") or step == "__MACOSX" for step in path.parts)
    kind = stat.S_IFMT(member.external_attr >> 16)
    return not hidden and kind in (0, stat.S_IFREG) and path.suffix.lower() in SUFFIXES
