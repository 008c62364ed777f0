"""Mail as its reader sees it: subject, from whom, to whom, when, and the text."""

from contextlib import suppress
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from bs4 import BeautifulSoup

from indexes.errors import ReadError
from indexes.reading.draft import Draft, one_line
from indexes.reading.normal import decode, normalise
from indexes.reading.web import add_html
from indexes.types import Extraction

_SHOWN = ("From", "To", "Cc", "Date")
_NEEDED = {"from", "to", "date", "subject", "received", "message-id"}
"""A file with none of these headers is no mail."""


def read_eml(path: Path) -> Extraction:
    data = path.read_bytes()
    if not data.strip():
        raise ReadError("holds no text")
    try:
        message = message_from_bytes(data, EmailMessage, policy=default)
        if b"\0" in data[:1024] or not _NEEDED & {name.lower() for name in message}:
            raise ReadError("is not a mail (.eml), or damaged")
        return _read(message, path)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ReadError("is not a mail (.eml), or damaged") from error


def _read(message: EmailMessage, path: Path) -> Extraction:
    draft = Draft()
    subject = one_line(str(message.get("Subject", "")))
    draft.heading(1, subject)
    draft.paragraph("\n".join(f"{name}: {one_line(str(message[name]))}" for name in _SHOWN if message[name]))
    body = message.get_body(("plain", "html"))
    if isinstance(body, EmailMessage):
        text = _text(body)
        if body.get_content_subtype() == "html":
            add_html(BeautifulSoup(text, "lxml"), draft)
        else:
            draft.paragraph("\n".join(line.rstrip() for line in normalise(text).split("\n")))
    if names := [one_line(part.get_filename() or part.get_content_type()) for part in message.iter_attachments()]:
        draft.paragraph("Attachments: " + ", ".join(names))
        draft.notes.append("attachments are not read: " + ", ".join(names))
    return draft.finish(subject or path.stem)


def _text(part: EmailMessage) -> str:
    """In the encoding that it names, unless that is unknown or wrong."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return str(part.get_payload())
    with suppress(LookupError, UnicodeDecodeError):
        return data.decode(part.get_content_charset("utf-8"))
    return decode(data)
