"""PDF, page by page, as pdfium reads it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2 as pdfium

from indexes.errors import ReadError
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.readers.pages import ocr
from indexes.readers.pages.images import Pictures
from indexes.readers.pages.pdf_structure import add_lines, outline_of, tags_of
from indexes.text.normalization import normalise
from indexes.types import Extraction

if TYPE_CHECKING:
    from PIL.Image import Image

_LINE_END_HYPHEN = re.compile(r"\x02(\S*)\s*")
"""pdfium's mark for a hyphen at the end of a line: it swallows the line's end, which moves behind the word."""
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)", re.ASCII)
_MAX_PAGES = 5000
"""The longest books have fewer, and so have the limits on time and text."""
_SCALE = 200 / 72
"""Dots of a picture to a point of the page: print as small as 6 points is recognised."""


def read_pdf(path: Path) -> Extraction:
    with open_pdf(path) as pdf:
        if len(pdf) > _MAX_PAGES:
            raise ReadError(f"has {len(pdf)} pages, more than the {_MAX_PAGES} allowed: split it")
        return _read(pdf, path)


def _read(pdf: pdfium.PdfDocument, path: Path) -> Extraction:
    draft, outline = ExtractionBuilder(), outline_of(pdf)
    pictures = Pictures(draft)
    for number in range(1, len(pdf) + 1):
        draft.page(number)
        with open_page(pdf, number) as page:
            text_page = page.get_textpage()
            if lines := _lines(text_page):
                add_lines(lines, tags_of(page, text_page) or outline.get(number - 1, ()), draft)
            else:
                pictures.add(number, partial(_picture, page))
    return replace(pictures.finish(_title(pdf) or path.stem), dated=_day(pdf))


def open_pdf(path: Path) -> pdfium.PdfDocument:
    """Raises ``ReadError``."""
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        wrong = "password" in str(error).lower()
        raise ReadError("is encrypted: save it without a password" if wrong else "is not a PDF, or damaged") from error


@contextmanager
def open_page(pdf: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    """Closed at once: a page that is kept keeps its pictures in memory."""
    try:
        page = pdf[number - 1]
        try:
            yield page
        finally:
            page.close()
    except pdfium.PdfiumError as error:
        raise ReadError(f"is damaged at page {number}") from error


def _lines(text_page: pdfium.PdfTextPage) -> list[str]:
    """As they are printed, without spaces at their ends."""
    text = _LINE_END_HYPHEN.sub("-\\1\n", text_page.get_text_bounded())
    return [line for line in map(str.rstrip, normalise(text).split("\n")) if line]


def _picture(page: pdfium.PdfPage) -> "Image":
    scale = min(_SCALE, ocr.MAX_SIDE / max(page.get_size()))
    picture: Image = page.render(scale=scale).to_pil()
    return picture.convert("RGB")


def _day(pdf: pdfium.PdfDocument) -> date | None:
    """When it was last changed, or made, by what it says of itself: ``D:20240531…``."""
    for name in ("ModDate", "CreationDate"):
        if found := _DATE.match(str(pdf.get_metadata_value(name))):
            with suppress(ValueError):
                return date(int(found[1]), int(found[2]), int(found[3]))
    return None


def _title(pdf: pdfium.PdfDocument) -> str:
    """The title it carries, unless a word processor put a file name there."""
    title = str(pdf.get_metadata_value("Title")).strip()
    named = title.startswith("Microsoft ") or title.lower().endswith((".doc", ".docx", ".pdf", ".html"))
    return "" if named else title
