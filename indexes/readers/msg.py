"""Mail as Outlook saves it (.msg): a compound file of folders that hold properties, each a stream named by its number.

The numbers are those of [MS-OXPROPS], the layout that of [MS-OXMSG].
"""

import io
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import HeaderParser
from email.policy import default
from email.utils import format_datetime
from pathlib import Path

import compressed_rtf
import olefile

from indexes.errors import ReadError
from indexes.readers.extraction.budget import Budget
from indexes.readers.message import HEADERS, Attachment, Email, EmailBody, lay_out
from indexes.text.normalization import decode_as
from indexes.types import Extraction

_WHAT = "an Outlook message (.msg)"
_DAMAGE = (OSError, struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_PROPERTIES = "__properties_version1.0"
_MESSAGE = "__substg1.0_3701000D"
"""The folder of a message within an attachment."""
_ROOT_HEADER, _MESSAGE_HEADER, _HEADER = 32, 24, 8
"""Bytes before the properties of the file's message, of a message within it, and of what belongs to either."""
_ENCODINGS = {65001: "utf-8", 20127: "ascii", 20866: "koi8-r", 50220: "iso2022_jp", 54936: "gb18030"} | {
    28590 + part: f"iso8859-{part}" for part in range(1, 17)
}
"""Of the code pages, those that are not Python's ``cp`` and the number."""


class _File:
    """What is in the compound file, listed once: olefile walks through all of it to find a thing."""

    def __init__(self, file: olefile.OleFileIO) -> None:
        self._file = file
        self._streams = {tuple(path) for path in file.listdir()}
        self._folders: dict[tuple[str, ...], dict[str, None]] = {}
        for *folder, name, _ in filter(lambda path: len(path) > 1, sorted(self._streams)):
            self._folders.setdefault(tuple(folder), {})[name] = None

    def __contains__(self, path: tuple[str, ...]) -> bool:
        return path in self._streams

    def folders(self, path: tuple[str, ...]) -> list[str]:
        """The names of those directly in this one, in order."""
        return list(self._folders.get(path, ()))

    def read(self, path: tuple[str, ...]) -> bytes:
        """Nothing where it is not there."""
        if path not in self:
            return b""
        with self._file.openstream(list(path)) as stream:
            data: bytes = stream.read()
        return data


class _Item:
    """A message, a recipient or an attachment."""

    def __init__(self, file: _File, path: tuple[str, ...], header: int, encoding: str = "") -> None:
        self._file, self._path = file, path
        fixed = self._stream(_PROPERTIES)[header:]
        self._fixed = {
            struct.unpack_from("<H", fixed, at + 2)[0]: fixed[at + 8 : at + 16] for at in range(0, len(fixed) - 15, 16)
        }
        page = self.number(0x3FDE) or self.number(0x3FFD)
        self.encoding = _ENCODINGS.get(page, f"cp{page}") if page else encoding

    def number(self, property_id: int) -> int:
        return int.from_bytes(self._fixed.get(property_id, b"")[:4], "little")

    def time(self, property_id: int) -> str:
        """As mail has it, or nothing."""
        ticks = int.from_bytes(self._fixed.get(property_id, b""), "little")
        with suppress(OverflowError):  # as the time of what was never sent
            return format_datetime(_EPOCH + timedelta(microseconds=ticks // 10)) if ticks else ""
        return ""

    def text(self, property_id: int) -> str:
        if data := self._stream(f"__substg1.0_{property_id:04X}001F"):
            return data.decode("utf-16-le", "replace").rstrip("\0")
        return decode_as(self._stream(f"__substg1.0_{property_id:04X}001E"), self.encoding).rstrip("\0")

    def binary(self, property_id: int) -> bytes:
        return self._stream(f"__substg1.0_{property_id:04X}0102")

    def items(self, kind: str) -> Iterator["_Item"]:
        """The recipients (``recip``) or attachments (``attach``), in order."""
        for name in self._file.folders(self._path):
            if name.startswith(f"__{kind}_"):
                yield _Item(self._file, (*self._path, name), _HEADER, self.encoding)

    def message(self) -> "_Item | None":
        """The message that is attached here, if one is."""
        path = (*self._path, _MESSAGE)
        if (*path, _PROPERTIES) not in self._file:
            return None
        return _Item(self._file, path, _MESSAGE_HEADER, self.encoding)

    def _stream(self, name: str) -> bytes:
        return self._file.read((*self._path, name))


def read_msg(path: Path, allowance: Budget) -> Extraction:
    data = path.read_bytes()
    if not data:
        raise ReadError("holds no text")
    if not data.startswith(olefile.MAGIC):
        raise ReadError(f"is not {_WHAT}, or damaged")
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as opened:
            file = _File(opened)
            if (_PROPERTIES,) not in file:
                raise ReadError(f"is not {_WHAT}, or damaged")
            return lay_out(_letter(_Item(file, (), _ROOT_HEADER)), path.stem, allowance)
    except _DAMAGE as error:
        raise ReadError(f"is not {_WHAT}, or damaged") from error


def _letter(message: _Item) -> Email:
    sent = HeaderParser(EmailMessage, policy=default).parsestr(message.text(0x007D))
    known = {
        "From": _address(message.text(0x0C1A), message.text(0x5D01) or message.text(0x0C1F)),
        "To": _recipients(message, 1) or message.text(0x0E04),
        "Cc": _recipients(message, 2) or message.text(0x0E03),
        "Date": message.time(0x0039) or message.time(0x0E06),
    }
    return Email(
        message.text(0x0037),
        tuple((name, str(sent.get(name, "")) or known[name]) for name in HEADERS),
        tuple(_bodies(message)),
        (_attachment(item) for item in message.items("attach") if not _is_picture(item)),
    )


def _recipients(message: _Item, kind: int) -> str:
    chosen = (item for item in message.items("recip") if item.number(0x0C15) == kind)
    return ", ".join(_address(item.text(0x3001), item.text(0x39FE) or item.text(0x3003)) for item in chosen)


def _address(name: str, address: str) -> str:
    """Addresses within an Exchange server are paths, and tell a person nothing."""
    shown = "" if address.startswith("/") or address == name else address
    return f"{name} <{shown}>" if name and shown else name or shown


def _bodies(message: _Item) -> Iterator[EmailBody]:
    """The first that there is: Outlook keeps one text in up to three forms."""
    if (text := message.text(0x1000)).strip():
        yield EmailBody(text)
    elif html := decode_as(message.binary(0x1013), message.encoding) or message.text(0x1013):
        yield EmailBody(html, "html")
    elif packed := message.binary(0x1009):
        yield EmailBody(_unpacked(packed), "rtf")


def _unpacked(packed: bytes) -> str:
    try:
        source: bytes = compressed_rtf.decompress(packed)
    except Exception as error:  # the library raises no narrower
        raise ReadError("has a text (RTF) that is damaged") from error
    return source.decode("latin-1")


def _is_picture(attachment: _Item) -> bool:
    """One within the text, such as a signature has."""
    return bool(attachment.text(0x3712)) and attachment.text(0x370E).startswith("image/")


def _attachment(item: _Item) -> Attachment:
    name = item.text(0x3707) or item.text(0x3704) or item.text(0x3001)
    if message := item.message():
        name = name or message.text(0x0037).replace("/", "-") or "mail"
        return Attachment(name if name.lower().endswith(".msg") else f"{name}.msg", lambda: _letter(message))
    return Attachment(name or "unnamed", _content(item))


def _content(item: _Item) -> Iterator[bytes]:
    try:
        yield item.binary(0x3701)
    except OSError as error:
        raise ReadError("is damaged in its mail") from error
