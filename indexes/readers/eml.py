"""Mail as mail programs save and send it (.eml)."""

from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import default
from pathlib import Path

from indexes.errors import ReadError
from indexes.readers.extraction.budget import Budget
from indexes.readers.message import HEADERS, Attachment, Email, EmailBody, lay_out
from indexes.readers.registry import suffix_of
from indexes.text.normalization import decode_as
from indexes.types import Extraction

_NEEDED = {"from", "to", "date", "subject", "received", "message-id"}
"""A file with none of these headers is no mail."""
_SEALS = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}


def read_eml(path: Path, allowance: Budget) -> Extraction:
    data = path.read_bytes()
    if not data.strip():
        raise ReadError("holds no text")
    try:
        message = message_from_bytes(data, EmailMessage, policy=default)
        if b"\0" in data[:1024] or not _NEEDED & {name.lower() for name in message}:
            raise ReadError("is not a mail (.eml), or damaged")
        return lay_out(_letter(message), path.stem, allowance)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ReadError("is not a mail (.eml), or damaged") from error


def _letter(message: MIMEPart) -> Email:
    """Text that stands between the attachments, as some programs write it, belongs to the text."""
    first = message.get_body(("plain", "html"))
    loose = [part for part in _parts(message) if part is not first and _is_text(part)]
    bodies = [first, *loose] if isinstance(first, MIMEPart) else loose
    return Email(
        str(message.get("Subject", "")),
        tuple((name, str(message.get(name, ""))) for name in HEADERS),
        tuple(EmailBody(_text(part), "html" if part.get_content_subtype() == "html" else "plain") for part in bodies),
        (_attachment(part) for part in _parts(message) if part is not first and _is_attachment(part)),
    )


def _parts(message: MIMEPart, *, alternative: bool = False) -> Iterator[MIMEPart]:
    """Those that hold something; of a text that is given several times over, only what is more than text."""
    if message.get_content_maintype() == "multipart":
        for part in message.iter_parts():
            inner = alternative or message.get_content_subtype() == "alternative"
            yield from _parts(part, alternative=inner)
    elif not (alternative and _is_text(message)):
        yield message


def _is_text(part: MIMEPart) -> bool:
    shown = part.get_content_type() in ("text/plain", "text/html") and not part.is_attachment()
    return shown and not part.get_filename()


def _is_attachment(part: MIMEPart) -> bool:
    """Neither text, nor a picture within it such as a signature has, nor what seals the mail."""
    picture = part.get_content_maintype() == "image" and "Content-ID" in part and not part.is_attachment()
    return not (_is_text(part) or picture or part.get_content_type() in _SEALS)


def _attachment(part: MIMEPart) -> Attachment:
    kind, name = part.get_content_type(), part.get_filename()
    if kind == "message/rfc822" and isinstance(mail := next(part.iter_parts(), None), MIMEPart):
        name = name or str(mail.get("Subject", "")).replace("/", "-") or "mail"
        return Attachment(name if name.lower().endswith(".eml") else f"{name}.eml", lambda: _letter(mail))
    return Attachment(name or f"unnamed{suffix_of(kind)}", _content(part))


def _content(part: MIMEPart) -> Iterator[bytes]:
    data = part.get_payload(decode=True)
    yield data if isinstance(data, bytes) else str(part.get_payload()).encode(errors="replace")


def _text(part: MIMEPart) -> str:
    data = part.get_payload(decode=True)
    return decode_as(data, part.get_content_charset("utf-8")) if isinstance(data, bytes) else str(part.get_payload())
