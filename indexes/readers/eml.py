"""Mail as programs save and send it (.eml)."""

from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import default
from functools import partial
from pathlib import Path

from indexes.errors import ReadError
from indexes.readers.extraction.budget import Budget
from indexes.readers.message import HEADERS, Attachment, Email, EmailBody, lay_out
from indexes.readers.registry import suffix_of
from indexes.text.normalization import decode_as
from indexes.types import Extraction

_HEADERS_OF_MAIL = {"from", "to", "date", "subject", "received", "message-id"}
"""A file without any of these headers is not a mail."""
_SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}


def read_eml(path: Path, budget: Budget) -> Extraction:
    """Read a mail with its attachments."""
    data = path.read_bytes()
    if not data.strip():
        raise ReadError("holds no text")
    try:
        message = message_from_bytes(data, EmailMessage, policy=default)
        if b"\0" in data[:1024] or not _HEADERS_OF_MAIL & {name.lower() for name in message}:
            raise ReadError("is not a mail (.eml), or damaged")
        return lay_out(_email(message), path.stem, budget)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ReadError("is not a mail (.eml), or damaged") from error


def _email(message: MIMEPart) -> Email:
    first = message.get_body(("plain", "html"))
    # some programs write text between the attachments, which belongs to the mail's text
    loose = [part for part in _parts(message) if part is not first and _is_text(part)]
    bodies = []
    for part in [first, *loose] if isinstance(first, MIMEPart) else loose:
        data = part.get_payload(decode=True)
        charset = part.get_content_charset("utf-8")
        text = decode_as(data, charset) if isinstance(data, bytes) else str(part.get_payload())
        bodies.append(EmailBody(text, "html" if part.get_content_subtype() == "html" else "plain"))
    return Email(
        str(message.get("Subject", "")),
        tuple((name, str(message.get(name, ""))) for name in HEADERS),
        tuple(bodies),
        _attachments(part for part in _parts(message) if part is not first and not _is_text(part)),
    )


def _parts(message: MIMEPart, *, alternative: bool = False) -> Iterator[MIMEPart]:
    """Yield the parts with content. Of a text in several forms (alternatives), yield only what is not text."""
    if message.get_content_maintype() == "multipart":
        for part in message.iter_parts():
            inner = alternative or message.get_content_subtype() == "alternative"
            yield from _parts(part, alternative=inner)
    elif not (alternative and _is_text(message)):
        yield message


def _is_text(part: MIMEPart) -> bool:
    shown = part.get_content_type() in ("text/plain", "text/html") and not part.is_attachment()
    return shown and not part.get_filename()


def _attachments(parts: Iterable[MIMEPart]) -> Iterator[Attachment]:
    """Yield all but pictures within the text, as of a signature, and cryptographic signatures."""
    for part in parts:
        kind, name = part.get_content_type(), part.get_filename()
        picture = part.get_content_maintype() == "image" and "Content-ID" in part and not part.is_attachment()
        if picture or kind in _SIGNATURES:
            continue
        if kind == "message/rfc822" and isinstance(mail := next(part.iter_parts(), None), MIMEPart):
            name = name or str(mail.get("Subject", "")).replace("/", "-") or "mail"
            yield Attachment(name if name.lower().endswith(".eml") else f"{name}.eml", partial(_email, mail))
        else:
            yield Attachment(name or f"unnamed{suffix_of(kind)}", _content(part))


def _content(part: MIMEPart) -> Iterator[bytes]:
    """Decode only when it is read, as a damaged part must cost only itself."""
    data = part.get_payload(decode=True)
    yield data if isinstance(data, bytes) else str(part.get_payload()).encode(errors="replace")
