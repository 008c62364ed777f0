"""Zip archives: a document for each file in them. For those that are one document, see ``archive``."""

import os
import stat
import zipfile
from collections.abc import Iterable, Iterator
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
"""Bytes of a member's header before its name, those of the archive's end before its comment, and how that begins."""
_UTF8 = 0x800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those whose output zipfile bounds while it inflates."""


def read_zip(path: Path, allowance: Budget) -> Extraction:
    allowance.check_levels()
    if not path.stat().st_size:
        raise ReadError("holds no text")
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_cut(path, archive)
            return _read(archive, path, allowance)
    except DAMAGE as error:
        raise ReadError("is not a zip archive, or damaged") from error


def _read(archive: zipfile.ZipFile, path: Path, allowance: Budget) -> Extraction:
    members = {member: _name(member) for member in archive.infolist() if not member.filename.endswith("/")}
    _refuse_overlap(members)
    wanted = {member for member, name in members.items() if _is_document(member, name)}
    allowance.check(len(wanted), sum(member.file_size for member in wanted))
    enclosures = EmbeddedFiles(allowance)
    for member, name in members.items():
        if member in wanted:
            enclosures.add(name, _content(archive, member))
        else:
            enclosures.leave_out(name)
    read = enclosures.within(Extraction(path.stem, "", ()), "not read, being hidden, a link or of another format")
    if not read.parts:
        raise ReadError("; ".join(("holds no file that can be read", *read.notes)))
    return read


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """zipfile gives no more than the size that the member claims, and checks it."""
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
    """Names that do not say they are UTF-8 often are; else they are of MS-DOS, as zipfile reads them."""
    if not member.flag_bits & _UTF8:
        with suppress(UnicodeError):
            return member.filename.encode("cp437").decode()
    return member.filename


def _is_document(member: zipfile.ZipInfo, name: str) -> bool:
    path = PurePosixPath(safe_path(name))
    hidden = any(step.startswith(".") or step == "__MACOSX" for step in path.parts)
    kind = stat.S_IFMT(member.external_attr >> 16)
    return not hidden and kind in (0, stat.S_IFREG) and path.suffix.lower() in SUFFIXES


def _refuse_cut(path: Path, archive: zipfile.ZipFile) -> None:
    """The end that zipfile found may be that of a zip within one that was cut off."""
    with path.open("rb") as file:
        file.seek(-_END - len(archive.comment), os.SEEK_END)
        if file.read(len(_END_MARK)) != _END_MARK:
            raise ReadError("is cut off, or has other data behind it")


def _refuse_overlap(members: Iterable[zipfile.ZipInfo]) -> None:
    """A few bytes that are inflated many times over are a bomb."""
    in_order = sorted(members, key=lambda member: member.header_offset)
    for member, after in pairwise(in_order):
        if member.header_offset + _HEADER + member.compress_size > after.header_offset:
            raise ReadError("is a zip bomb: files in it overlap")
