"""The day of a document: the one it gives itself, else that of its file."""

from datetime import date, datetime
from email.message import EmailMessage
from pathlib import Path

import docx
import pytest

from indexes.readers.extraction import serialization
from indexes.readers.registry import read_file
from indexes.types import Extraction, Section

FORMATS = Path(__file__).parents[2] / "data" / "formats"


def mail(folder: Path, sent: str) -> Path:
    message = EmailMessage()
    message["From"], message["Date"] = "a@b.example", sent
    message.set_content("text")
    message.add_attachment("deep", filename="a.txt")
    (folder / "a.eml").write_bytes(bytes(message))
    return folder / "a.eml"


def test_a_mail_and_what_is_attached_to_it_are_of_the_day_it_was_sent_where_it_was_sent(tmp_path: Path) -> None:
    found = read_file(mail(tmp_path, "Mon, 3 Mar 2025 23:30:00 -0500"))
    (part,) = found.parts
    assert isinstance(part.found, Extraction)
    assert (found.dated, part.found.dated) == (date(2025, 3, 3), date(2025, 3, 3))


@pytest.mark.parametrize("sent", ["some day", "Mon, 99 Mar 2025 25:00:00 +0000", "1"])
def test_a_garbled_date_is_none(tmp_path: Path, sent: str) -> None:
    (tmp_path / "a.eml").write_text(f"From: a@b.example\nDate: {sent}\n\ntext\n")
    assert read_file(tmp_path / "a.eml").dated is None


@pytest.mark.parametrize(
    "name", ["garden.pdf", "harbour.pptx", "garden.docx", "allowances.xlsx", "garden.odt", "survey.msg"]
)
def test_formats_that_keep_their_day_tell_it(name: str) -> None:
    dated = read_file(FORMATS / name).dated
    assert dated is not None
    assert dated.year > 2000


@pytest.mark.parametrize("name", ["garden.txt", "garden.md", "garden.html", "watering.py"])
def test_formats_without_a_day_tell_none(name: str) -> None:
    assert read_file(FORMATS / name).dated is None


def test_a_word_documents_day_is_when_it_was_changed_last(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("text")
    document.core_properties.modified = datetime(2021, 7, 9, 12)
    document.save(str(tmp_path / "a.docx"))
    assert read_file(tmp_path / "a.docx").dated == date(2021, 7, 9)


def test_a_day_passes_from_the_worker_and_what_is_none_is_refused() -> None:
    extraction = Extraction("a", "text", (Section(0, 4),), dated=date(2024, 5, 31))
    message = serialization.dump(extraction)
    assert serialization.load(message) == extraction
    with pytest.raises(ValueError, match="isoformat"):
        serialization.load(message.replace(b"2024-05-31", b"2024-05-99x"))
