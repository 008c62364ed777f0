"""PDF, page by page, as pdfium reads it."""

from pathlib import Path

import pypdfium2 as pdfium

from indexes.errors import ReadError
from indexes.reading.draft import Draft
from indexes.reading.normal import normalise
from indexes.types import Extraction


def read_pdf(path: Path) -> Extraction:
    try:
        pdf = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        wrong = "password" in str(error).lower()
        raise ReadError("is encrypted: save it without a password" if wrong else "is not a PDF, or damaged") from error
    with pdf:
        return _read(pdf, path)


def _read(pdf: pdfium.PdfDocument, path: Path) -> Extraction:
    draft, empty = Draft(), []
    for number in range(1, len(pdf) + 1):
        text = _page_text(pdf, number)
        draft.page(number)
        draft.paragraph(text)
        if not text:
            empty.append(str(number))
    if len(empty) == len(pdf):
        raise ReadError("holds no text: its pages are pictures, and need text recognition (OCR) first")
    if empty:
        draft.notes.append(f"no text on page {', '.join(empty)}: pictures need text recognition (OCR) first")
    return draft.finish(_title(pdf) or path.stem)


def _page_text(pdf: pdfium.PdfDocument, number: int) -> str:
    """The page's printed lines, without spaces at their ends."""
    try:
        page = pdf[number - 1]
        text = normalise(page.get_textpage().get_text_bounded())
    except pdfium.PdfiumError as error:
        raise ReadError(f"is damaged at page {number}") from error
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def _title(pdf: pdfium.PdfDocument) -> str:
    """The title it carries, unless a word processor put a file name there."""
    title = str(pdf.get_metadata_value("Title")).strip()
    named = title.startswith("Microsoft ") or title.lower().endswith((".doc", ".docx", ".pdf", ".html"))
    return "" if named else title
