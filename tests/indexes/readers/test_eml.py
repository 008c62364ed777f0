"""Mail of both kinds, and what is attached to it."""

from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import olefile
import pytest

from indexes.errors import ReadError
from indexes.readers.registry import media_type, read_file
from indexes.types import EmbeddedDocument, Extraction

FOLDER = Path(__file__).parents[2] / "data" / "formats"


def mail(subject: str = "Subject", text: str = "text") -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = subject
    made["From"] = "a@b.example"
    made.set_content(text)
    return made


def read(folder: Path, message: EmailMessage | str) -> Extraction:
    file = folder / "a.eml"
    file.write_bytes(message.encode() if isinstance(message, str) else bytes(message))
    return read_file(file)


def found(part: EmbeddedDocument) -> Extraction:
    assert isinstance(part.found, Extraction)
    return part.found


def mixed(*parts: str) -> str:
    head = "From: a@b.example\nSubject: Subject\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
    return head + "".join(f"--x\n{part}\n" for part in parts) + "--x--\n"


def test_an_attached_mail_is_a_document_and_so_are_its_attachments(tmp_path: Path) -> None:
    inner = mail("Re: plans/shed")
    inner.add_attachment("deep", filename="a.txt")
    outer = mail()
    outer.add_attachment(inner)
    parts = read(tmp_path, outer).parts
    assert [part.path for part in parts] == ["Re: plans-shed.eml", "Re: plans-shed.eml/a.txt"]
    assert found(parts[0]).title == "Re: plans/shed"
    assert found(parts[0]).text.endswith("text\nAttachments: a.txt\n")
    assert found(parts[1]).text == "deep\n"


@pytest.mark.parametrize(
    ("name", "path"),
    [(".eml", ".eml.eml"), ("foo\\", "foo/.eml.eml"), ("a/.EML", "a/.EML.EML"), ("b.eml/", "b.eml/.eml.eml")],
)
def test_an_attached_mail_is_known_for_one_whatever_its_name(tmp_path: Path, name: str, path: str) -> None:
    outer = mail()
    outer.add_attachment(mail("inner"), filename=name)
    (part,) = read(tmp_path, outer).parts
    assert (part.path, media_type(part.path)) == (path, "message/rfc822")


def test_attachments_within_attached_mails_are_read_to_the_third_level(tmp_path: Path) -> None:
    made = mail("0")
    for level in range(1, 6):
        outer = mail(str(level))
        outer.add_attachment(made)
        made = outer
    parts = read(tmp_path, made).parts
    assert [part.path for part in parts] == ["4.eml", "4.eml/3.eml", "4.eml/3.eml/2.eml", "4.eml/3.eml/2.eml/1.eml"]
    assert found(parts[2]).text.endswith("Attachments: 1.eml\n")
    assert parts[3].found == "lies in files within files deeper than the 3 levels that are opened"


def test_text_between_attachments_belongs_to_the_mail(tmp_path: Path) -> None:
    """As Apple Mail writes it."""
    text, pdf = (
        "Content-Type: text/plain\n\n",
        "Content-Type: text/csv; name=a.csv\nContent-Disposition: inline\n\na,b\n",
    )
    made = read(tmp_path, mixed(f"{text}before", pdf, f"{text}after"))
    assert made.text == "Subject\nFrom: a@b.example\nbefore\nafter\nAttachments: a.csv\n"
    assert [part.path for part in made.parts] == ["a.csv"]


def test_attachments_beside_the_html_of_a_text_in_two_forms_are_found(tmp_path: Path) -> None:
    """As Apple Mail writes these."""
    html = "Content-Type: text/html\n\n<p>text</p>"
    csv = "Content-Type: text/csv\nContent-Disposition: attachment; filename=a.csv\n\na,b\n"
    inner = f"Content-Type: multipart/mixed; boundary=z\n\n--z\n{html}\n--z\n{csv}\n--z--\n"
    forms = f"Content-Type: multipart/alternative; boundary=y\n\n--y\n\ntext\n--y\n{inner}\n--y--\n"
    made = read(tmp_path, mixed(forms))
    assert made.text == "Subject\nFrom: a@b.example\ntext\nAttachments: a.csv\n"


@pytest.mark.parametrize(
    "part",
    [
        "Content-Type: image/png; name=logo.png\nContent-ID: <1>\n\nx",
        "Content-Type: image/png; name=logo.png\nContent-ID: <1>\nContent-Disposition: inline\n\nx",
        "Content-Type: application/pgp-signature; name=signature.asc\n\nx",
        "Content-Type: application/pkcs7-signature\nContent-Disposition: attachment; filename=smime.p7s\n\nx",
    ],
    ids=["picture", "inline picture", "signature", "seal"],
)
def test_pictures_within_the_text_and_signatures_are_no_attachments(tmp_path: Path, part: str) -> None:
    made = read(tmp_path, mixed("\ntext", part))
    assert (made.text, made.notes) == ("Subject\nFrom: a@b.example\ntext\n", ())


def test_a_picture_that_was_attached_is_noted(tmp_path: Path) -> None:
    part = "Content-Type: image/x-raw; name=photo.raw\nContent-Disposition: attachment\n\nx"
    assert read(tmp_path, mixed("\ntext", part)).notes == ("attachments of other formats are not read: photo.raw",)


def test_an_attachment_without_a_name_is_read_by_its_type(tmp_path: Path) -> None:
    made = read(tmp_path, mixed("\ntext", "Content-Type: text/csv\n\na,b", "Content-Type: application/x-other\n\nx"))
    assert [part.path for part in made.parts] == ["unnamed.csv"]
    assert made.notes == ("attachments of other formats are not read: unnamed",)


def test_an_attachment_that_cannot_be_read_costs_itself_only(tmp_path: Path) -> None:
    made = mail()
    made.add_attachment(b"no zip", "application", "zip", filename="a.zip")
    made.add_attachment("text", filename="b.txt")
    parts = read(tmp_path, made).parts
    assert parts[0] == EmbeddedDocument("a.zip", "is not a zip archive, or damaged")
    assert found(parts[1]).text == "text\n"


def test_a_text_in_no_encoding_is_read_as_far_as_it_can_be(tmp_path: Path) -> None:
    made = mixed("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nd29yZHOB/wCQjQ==")
    assert read(tmp_path, made).text.endswith("\nwords\ufffd\ufffd\ufffd\ufffd\n")


def test_a_mail_of_parts_without_end_is_refused_in_words(tmp_path: Path) -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=x{n}\n\n--x{n}\n" for n in range(2000))
    with pytest.raises(ReadError, match=r"is not a mail \(.eml\), or damaged"):
        read(tmp_path, f"From: a@b.example\n{nested}")


# -- Outlook --------------------------------------------------------------------------------------------------------


def rewritten(folder: Path, name: str, streams: dict[str, bytes]) -> Path:
    """The file with streams overwritten from their beginning."""
    file = folder / name
    file.write_bytes((FOLDER / name).read_bytes())
    with olefile.OleFileIO(file, write_mode=True) as made:
        for stream, content in streams.items():
            with made.openstream(stream) as opened:
                rest = opened.read()[len(content) :]
            made.write_stream(stream, content + rest)
    return file


def test_rich_text_that_is_damaged_is_refused_in_words(tmp_path: Path) -> None:
    file = rewritten(tmp_path, "plan.msg", {"__substg1.0_10090102": b"\0" * 40})
    with pytest.raises(ReadError, match=r"has a text \(RTF\) that is damaged"):
        read_file(file)


def test_an_attachment_in_outlook_that_is_damaged_costs_itself_only(tmp_path: Path) -> None:
    pdf = "__attach_version1.0_#00000000/__substg1.0_37010102"
    parts = read_file(rewritten(tmp_path, "survey.msg", {pdf: b"x" * 4096})).parts
    assert parts[0] == EmbeddedDocument("plan.pdf", "is not a PDF, or damaged")
    assert found(parts[1]).text.startswith("Roofer | Tiles")


def test_a_compound_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.msg"
    name = "__properties_version1.0".encode("utf-16-le")
    file.write_bytes((FOLDER / "notice.msg").read_bytes().replace(name, "x".encode("utf-16-le") * 23))
    with pytest.raises(ReadError, match=r"is not an Outlook message \(.msg\), or damaged"):
        read_file(file)


def test_an_outlook_message_cut_off_anywhere_is_read_or_refused_in_words(tmp_path: Path) -> None:
    whole = (FOLDER / "survey.msg").read_bytes()
    for length in range(0, len(whole), 997):
        (tmp_path / "a.msg").write_bytes(whole[:length])
        with suppress(ReadError):
            assert read_file(tmp_path / "a.msg").text
