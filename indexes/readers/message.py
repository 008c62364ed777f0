"""A mail as its reader sees it, whatever program saved it: subject, from whom, to whom, when, and the text."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
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
"""Those that are shown."""


@dataclass(frozen=True, slots=True)
class EmailBody:
    text: str
    markup: Literal["plain", "html", "rtf"] = "plain"


@dataclass(frozen=True, slots=True)
class Email:
    subject: str
    headers: tuple[tuple[str, str], ...]
    bodies: tuple[EmailBody, ...]
    attachments: Iterable["Attachment"]
    """Read one after the other: no two need to be in memory at once."""


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: Iterable[bytes] | Callable[[], Email]
    """A mail within the mail is opened when its turn comes: where that fails, the others are read."""


def lay_out(letter: Email, stem: str, allowance: Budget) -> Extraction:
    """Raises ``ReadError`` where nothing is in it; ``stem`` names a letter without a subject."""
    draft = ExtractionBuilder()
    subject = one_line(letter.subject)
    draft.heading(0, subject)
    draft.paragraph("\n".join(f"{name}: {one_line(value)}" for name, value in letter.headers if value))
    for body in letter.bodies:
        _add(body, draft)
    enclosures = EmbeddedFiles(allowance)
    if names := [_enclose(attachment, enclosures) for attachment in letter.attachments]:
        draft.paragraph("Attachments: " + ", ".join(names))
    found = replace(draft.finish(subject or stem), dated=_day(dict(letter.headers).get("Date", "")))
    return enclosures.within(found, "attachments of other formats are not read")


def _day(sent: str) -> date | None:
    """As its sender's calendar had it; None where the header is missing or garbled."""
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return parsedate_to_datetime(sent).date()
    return None


def _enclose(attachment: Attachment, enclosures: EmbeddedFiles) -> str:
    name, content = attachment.name, attachment.content
    if callable(content):
        return enclosures.add_opened(name, lambda allowance: lay_out(content(), PurePosixPath(name).stem, allowance))
    return enclosures.add(name, content)


def _add(body: EmailBody, draft: ExtractionBuilder) -> None:
    if body.markup == "html":
        add_html(BeautifulSoup(body.text, "lxml"), draft)
    elif body.markup == "rtf":
        add_rtf(body.text, draft)
    else:
        draft.paragraph("\n".join(line.rstrip() for line in normalise(body.text).split("\n")))
