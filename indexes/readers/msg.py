"""Mail as Outlook saves it (.msg): a compound file whose folders hold properties, each a stream named by its number.

The numbers are from [MS-OXPROPS], the layout is from [MS-OXMSG].
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
from functools import partial
from pathlib import Path

import compressed_rtf
import olefile

from indexes.errors import ReadError
from indexes.readers.extraction.budget import Budget
from indexes.readers.message import HEADERS, Attachment, Email, EmailBody, lay_out
from indexes.text.normalization import decode_as
from indexes.types import Extraction

_FORMAT = "an Outlook message (.msg)"
_DAMAGE_ERRORS = (OSError, struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_PROPERTIES = "__properties_version1.0"
_MESSAGE = "__substg1.0_3701000D"
"""The folder of an attached message."""
_ROOT_HEADER, _MESSAGE_HEADER, _HEADER = 32, 24, 8
"""Bytes before the properties of the file's message, of an attached message, and of recipients and attachments."""
_ENCODINGS = {65001: "utf-8", 20127: "ascii", 20866: "koi8-r", 50220: "iso2022_jp", 54936: "gb18030"} | {
    28590 + part: f"iso8859-{part}" for part in range(1, 17)
}
"""Code pages that Python does not call ``cp`` and the number."""


class _CompoundFile:
    """The streams and folders, listed once: olefile walks through the whole file for each look-up."""

    def __init__(self, file: olefile.OleFileIO) -> None:
        self._file = file
        self._streams = {tuple(path) for path in file.listdir()}
        self._folders: dict[tuple[str, ...], dict[str, None]] = {}
        for *folder, name, _ in filter(lambda path: len(path) > 1, sorted(self._streams)):
            self._folders.setdefault(tuple(folder), {})[name] = None

    def __contains__(self, path: tuple[str, ...]) -> bool:
        return path in self._streams

    def folders(self, path: tuple[str, ...]) -> list[str]:
        """Return the names of the folders directly in this one, in order."""
        return list(self._folders.get(path, ()))

    def read(self, path: tuple[str, ...]) -> bytes:
        """Return a stream's bytes; none if it is missing."""
        if path not in self:
            return b""
        with self._file.openstream(list(path)) as stream:
            data: bytes = stream.read()
        return data


class _Item:
    """A message, a recipient or an attachment."""

    def __init__(self, file: _CompoundFile, path: tuple[str, ...], header: int, encoding: str = "") -> None:
        self._file, self._path = file, path
        fixed = self._stream(_PROPERTIES)[header:]
        self._fixed = {
            struct.unpack_from("<H", fixed, at + 2)[0]: fixed[at + 8 : at + 16] for at in range(0, len(fixed) - 15, 16)
        }
        page = self.number(0x3FDE) or self.number(0x3FFD)
        self.encoding = _ENCODINGS.get(page, f"cp{page}") if page else encoding

    def number(self, property_id: int) -> int:
        """Return a property as an integer; 0 if it is missing."""
        return int.from_bytes(self._fixed.get(property_id, b"")[:4], "little")

    def time(self, property_id: int) -> str:
        """Return a property as a mail's date; empty if it is missing."""
        ticks = int.from_bytes(self._fixed.get(property_id, b""), "little")
        with suppress(OverflowError):  # the time of a mail that was never sent
            return format_datetime(_EPOCH + timedelta(microseconds=ticks // 10)) if ticks else ""
        return ""

    def text(self, property_id: int) -> str:
        """Return a property as text; empty if it is missing."""
        if data := self._stream(f"__substg1.0_{property_id:04X}001F"):
            return data.decode("utf-16-le", "replace").rstrip("\0")
        return decode_as(self._stream(f"__substg1.0_{property_id:04X}001E"), self.encoding).rstrip("\0")

    def binary(self, property_id: int) -> bytes:
        """Return a property's bytes; none if it is missing."""
        return self._stream(f"__substg1.0_{property_id:04X}0102")

    def items(self, kind: str) -> Iterator["_Item"]:
        """Yield the recipients (``recip``) or attachments (``attach``), in order."""
        for name in self._file.folders(self._path):
            if name.startswith(f"__{kind}_"):
                yield _Item(self._file, (*self._path, name), _HEADER, self.encoding)

    def message(self) -> "_Item | None":
        """Return the message that this attachment holds, if it holds one."""
        path = (*self._path, _MESSAGE)
        if (*path, _PROPERTIES) not in self._file:
            return None
        return _Item(self._file, path, _MESSAGE_HEADER, self.encoding)

    def _stream(self, name: str) -> bytes:
        return self._file.read((*self._path, name))


def read_msg(path: Path, budget: Budget) -> Extraction:
    """Read an Outlook message with its attachments."""
    data = path.read_bytes()
    if not data:
        raise ReadError("holds no text")
    if not data.startswith(olefile.MAGIC):
        raise ReadError(f"is not {_FORMAT}, or damaged")
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            file = _CompoundFile(ole)
            if (_PROPERTIES,) not in file:
                raise ReadError(f"is not {_FORMAT}, or damaged")
            return lay_out(_email(_Item(file, (), _ROOT_HEADER)), path.stem, budget)
    except _DAMAGE_ERRORS as error:
        raise ReadError(f"is not {_FORMAT}, or damaged") from error


def _email(message: _Item) -> Email:
    headers = HeaderParser(EmailMessage, policy=default).parsestr(message.text(0x007D))
    properties = {
        "From": _address(message.text(0x0C1A), message.text(0x5D01) or message.text(0x0C1F)),
        "To": _recipients(message, 1) or message.text(0x0E04),
        "Cc": _recipients(message, 2) or message.text(0x0E03),
        "Date": message.time(0x0039) or message.time(0x0E06),
    }
    return Email(
        message.text(0x0037),
        tuple((name, str(headers.get(name, "")) or properties[name]) for name in HEADERS),
        tuple(_bodies(message)),
        _attachments(message),
    )


def _recipients(message: _Item, kind: int) -> str:
    chosen = (item for item in message.items("recip") if item.number(0x0C15) == kind)
    return ", ".join(_address(item.text(0x3001), item.text(0x39FE) or item.text(0x3003)) for item in chosen)


def _address(name: str, address: str) -> str:
    """Return name and address. An address within an Exchange server is a path, which tells a person nothing."""
    shown = "" if address.startswith("/") or address == name else address
    return f"{name} <{shown}>" if name and shown else name or shown


def _bodies(message: _Item) -> Iterator[EmailBody]:
    """Yield the first form of the text that there is: Outlook keeps it in up to three."""
    if (text := message.text(0x1000)).strip():
        yield EmailBody(text)
    elif html := decode_as(message.binary(0x1013), message.encoding) or message.text(0x1013):
        yield EmailBody(html, "html")
    elif packed := message.binary(0x1009):
        try:
            source: bytes = compressed_rtf.decompress(packed)
        except Exception as error:  # the library raises no narrower
            raise ReadError("has a text (RTF) that is damaged") from error
        yield EmailBody(source.decode("latin-1"), "rtf")


def _attachments(message: _Item) -> Iterator[Attachment]:
    """Yield all but pictures within the text, as of a signature."""
    for item in message.items("attach"):
        if item.text(0x3712) and item.text(0x370E).startswith("image/"):
            continue
        name = item.text(0x3707) or item.text(0x3704) or item.text(0x3001)
        if mail := item.message():
            name = name or mail.text(0x0037).replace("/", "-") or "mail"
            yield Attachment(name if name.lower().endswith(".msg") else f"{name}.msg", partial(_email, mail))
        else:
            yield Attachment(name or "unnamed", _content(item))


def _content(item: _Item) -> Iterator[bytes]:
    """Read only in its turn, as a damaged attachment must cost only itself."""
    try:
        yield item.binary(0x3701)
    except OSError as error:
        raise ReadError("is damaged in its mail") from error
