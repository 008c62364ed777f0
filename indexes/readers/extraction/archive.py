"""Formats that are zip files inside: opened only where they inflate to a sane size, and where their XML is plain."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from lxml import etree

from indexes.errors import ReadError

_MAX_INFLATED = 500 * 2**20
"""Bytes. A document of more than this is an attack: its reader would inflate it whole."""
_MAX_RATIO, _FREE = 100, 20 * 2**20
"""Inflated to its packed size, once it is more than ``_FREE`` bytes: documents of much repetition reach 50."""
_CHUNK = 2**20
_ENTITY = re.compile(rb"<!ENTITY|<\0!\0E\0N\0T\0I\0T\0Y", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"
"""What Office files begin with that are encrypted, or older than 2007."""

CORE = ("docProps/core.xml", "{http://purl.org/dc/terms/}modified")
"""Where Office documents say when they were last changed."""
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError, UnicodeError, etree.LxmlError)
"""What reading a broken archive raises."""


@contextmanager
def opened(path: Path, what: str) -> Iterator[zipfile.ZipFile]:
    """A checked archive; ``what`` it should be is said in the ``ReadError`` where it is not."""
    data = path.read_bytes()
    if not data:
        raise ReadError("holds no text")
    if data.startswith(_OLE):
        raise ReadError(f"is not {what}, but encrypted or of an older format: save it anew, without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check(archive, len(data))
            yield archive
    except DAMAGE as error:
        raise ReadError(f"is not {what}, or damaged") from error


def xml(archive: zipfile.ZipFile, name: str) -> etree._Element:
    """A part of the archive; raises ``KeyError`` and ``LxmlError``, which ``opened`` puts into words."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(archive.read(name), parser)


def modified(archive: zipfile.ZipFile, part: str, tag: str) -> date | None:
    """The day that the archive says in a part of it; None where it says none."""
    with suppress(KeyError, ValueError, etree.LxmlError):
        return date.fromisoformat((xml(archive, part).findtext(f".//{tag}") or "")[:10])
    return None


def _check(archive: zipfile.ZipFile, packed: int) -> None:
    """By what it says of itself first, which costs nothing, then by what comes out."""
    parts = archive.infolist()
    _refuse(sum(part.file_size for part in parts), packed)
    if any(part.flag_bits & 1 for part in parts):
        raise ReadError("is encrypted: save it without a password")
    inflated = 0
    for part in parts:
        before = b""
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                inflated += len(chunk)
                _refuse(inflated, packed)
                if part.filename.endswith((".xml", ".rels", ".opf", ".ncx")) and _ENTITY.search(before + chunk):
                    raise ReadError("defines XML entities, which documents have no use for and attacks have")
                before = chunk[-32:]


def _refuse(inflated: int, packed: int) -> None:
    if inflated > _MAX_INFLATED:
        raise ReadError(f"inflates to {inflated // 2**20} MB, more than the {_MAX_INFLATED // 2**20} MB allowed")
    if inflated > max(_FREE, _MAX_RATIO * packed):
        raise ReadError(
            f"inflates to {inflated // 2**20} MB from {packed // 1000} kB, more than {_MAX_RATIO} times, as bombs do"
        )
