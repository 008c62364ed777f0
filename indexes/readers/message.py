"""Lays out a mail of any format as a reader sees it: subject, sender, recipients, date, text and attachments."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Literal

from bs4 import BeautifulSoup

from indexes.readers.attachments import EmbeddedFiles
from indexes.readers.extraction.budget import Budget
from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.readers.markup.html import add_html
from indexes.readers.office.rtf import add_rtf
from indexes.text.normalization import normalise
from indexes.types import Extraction

HEADERS = ("From", "To", "Cc", "Date")
"""The headers that are shown."""


@dataclass(frozen=True, slots=True)
class EmailBody:
    """One text of a mail."""

    text: str
    markup: Literal["plain", "html", "rtf"] = "plain"


@dataclass(frozen=True, slots=True)
class Email:
    """A mail, whatever program saved it."""

    subject: str
    headers: tuple[tuple[str, str], ...]
    bodies: tuple[EmailBody, ...]
    attachments: Iterable["Attachment"]
    """Read one after the other, so that no two are in memory at once."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or a mail within a mail."""

    name: str
    content: Iterable[bytes] | Callable[[], Email]
    """A mail within the mail is opened in its turn: if that fails, the others are still read."""


def lay_out(email: Email, stem: str, budget: Budget) -> Extraction:
    """Return the mail with its attachments, titled ``stem`` without a subject. Raises ``ReadError`` if empty."""
    builder = ExtractionBuilder()
    subject = one_line(email.subject)
    builder.heading(0, subject)
    builder.paragraph("\n".join(f"{name}: {one_line(value)}" for name, value in email.headers if value))
    for body in email.bodies:
        if body.markup == "html":
            add_html(BeautifulSoup(body.text, "lxml"), builder)
        elif body.markup == "rtf":
            add_rtf(body.text, builder)
        else:
            builder.paragraph("\n".join(line.rstrip() for line in normalise(body.text).split("\n")))
    files = EmbeddedFiles(budget)
    if names := [_read_attachment(attachment, files) for attachment in email.attachments]:
        builder.paragraph("Attachments: " + ", ".join(names))
    dated = None
    with suppress(ValueError, TypeError, IndexError, OverflowError):  # the date is missing or garbled
        dated = parsedate_to_datetime(dict(email.headers).get("Date", "")).date()  # as the sender's calendar had it
    extraction = replace(builder.finish(subject or stem), dated=dated)
    return files.within(extraction, "attachments of other formats are not read")


def _read_attachment(attachment: Attachment, files: EmbeddedFiles) -> str:
    name, content = attachment.name, attachment.content
    if callable(content):
        return files.add_opened(name, lambda budget: lay_out(content(), PurePosixPath(name).stem, budget))
    return files.add(name, content)
