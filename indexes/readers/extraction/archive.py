"""Opens documents that are zip files inside, if they inflate to a sane size and their XML defines no entities."""

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
"""Bytes. A larger document is an attack, as its reader would inflate it whole."""
_MAX_RATIO, _FREE = 100, 20 * 2**20
"""The largest ratio of inflated to packed size beyond ``_FREE`` bytes. Repetitive documents reach 50."""
_CHUNK = 2**20
_ENTITY = re.compile(rb"<!ENTITY|<\0!\0E\0N\0T\0I\0T\0Y", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"
"""The first bytes of Office files that are encrypted or older than 2007."""

CORE = ("docProps/core.xml", "{http://purl.org/dc/terms/}modified")
"""The part and the tag with the date of an Office document's last change."""
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError, UnicodeError, etree.LxmlError)
"""The exceptions that a broken archive raises."""


@contextmanager
def opened(path: Path, what: str) -> Iterator[zipfile.ZipFile]:
    """Open a checked archive. Raises ``ReadError``, which names ``what`` the file should be."""
    data = path.read_bytes()
    if not data:
        raise ReadError("holds no text")
    if data.startswith(_OLE):
        raise ReadError(f"is not {what}, but encrypted or of an older format: save it anew, without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive, len(data))
            yield archive
    except DAMAGE as error:
        raise ReadError(f"is not {what}, or damaged") from error


def xml(archive: zipfile.ZipFile, name: str) -> etree._Element:
    """Parse a part of the archive. Raises ``KeyError`` or ``LxmlError``, which ``opened`` turns into ``ReadError``."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(archive.read(name), parser)


def modified(archive: zipfile.ZipFile, part: str, tag: str) -> date | None:
    """Return the date that this tag of a part has; None if there is none."""
    with suppress(KeyError, ValueError, etree.LxmlError):
        return date.fromisoformat((xml(archive, part).findtext(f".//{tag}") or "")[:10])
    return None


def _check_parts(archive: zipfile.ZipFile, packed: int) -> None:
    """Check first what the archive says of itself, which costs nothing, then what comes out. Raises ``ReadError``."""
    parts = archive.infolist()
    _check_size(sum(part.file_size for part in parts), packed)
    if any(part.flag_bits & 1 for part in parts):
        raise ReadError("is encrypted: save it without a password")
    inflated = 0
    for part in parts:
        before = b""
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                inflated += len(chunk)
                _check_size(inflated, packed)
                if part.filename.endswith((".xml", ".rels", ".opf", ".ncx")) and _ENTITY.search(before + chunk):
                    raise ReadError("defines XML entities, which only attacks need")
                before = chunk[-32:]


def _check_size(inflated: int, packed: int) -> None:
    if inflated > _MAX_INFLATED:
        raise ReadError(f"inflates to {inflated // 2**20} MB, more than the {_MAX_INFLATED // 2**20} MB allowed")
    if inflated > max(_FREE, _MAX_RATIO * packed):
        raise ReadError(
            f"inflates to {inflated // 2**20} MB from {packed // 1000} kB, more than {_MAX_RATIO} times, as bombs do"
        )
