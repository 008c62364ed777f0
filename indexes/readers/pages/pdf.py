"""PDF, page by page, by pdfium."""

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
from indexes.readers.pages.images import PictureReader
from indexes.readers.pages.pdf_structure import add_lines, read_outline, read_tags
from indexes.text.normalization import normalise
from indexes.types import Extraction

if TYPE_CHECKING:
    from PIL.Image import Image

_LINE_END_HYPHEN = re.compile(r"\x02(\S*)\s*")
"""pdfium's mark for a hyphen at a line's end. It swallows the line's end, which moves behind the word."""
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)", re.ASCII)
_MAX_PAGES = 5000
"""The longest books have fewer."""
_SCALE = 200 / 72
"""Dots of a picture for a point of the page, so that print of 6 points is recognised."""


def read_pdf(path: Path) -> Extraction:
    """Read a PDF. Pages without text are recognised (OCR)."""
    with open_pdf(path) as pdf:
        if len(pdf) > _MAX_PAGES:
            raise ReadError(f"has {len(pdf)} pages, more than the {_MAX_PAGES} allowed: split it")
        builder, outline = ExtractionBuilder(), read_outline(pdf)
        pictures = PictureReader(builder)
        for number in range(1, len(pdf) + 1):
            builder.page(number)
            with open_page(pdf, number) as page:
                text_page = page.get_textpage()
                # as printed, without blanks at the ends of lines
                text = normalise(_LINE_END_HYPHEN.sub("-\\1\n", text_page.get_text_bounded()))
                if lines := [line for line in map(str.rstrip, text.split("\n")) if line]:
                    add_lines(lines, read_tags(page, text_page) or outline.get(number - 1, ()), builder)
                else:
                    pictures.add(number, partial(_draw, page))
        title = str(pdf.get_metadata_value("Title")).strip()
        if title.startswith("Microsoft ") or title.lower().endswith((".doc", ".docx", ".pdf", ".html")):
            title = ""  # a word processor put a file name there
        return replace(pictures.finish(title or path.stem), dated=_read_date(pdf))


def open_pdf(path: Path) -> pdfium.PdfDocument:
    """Open a PDF. Raises ``ReadError``."""
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        wrong = "password" in str(error).lower()
        raise ReadError("is encrypted: save it without a password" if wrong else "is not a PDF, or damaged") from error


@contextmanager
def open_page(pdf: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    """Open a page and close it at once, as an open page holds its pictures in memory. Raises ``ReadError``."""
    try:
        page = pdf[number - 1]
        try:
            yield page
        finally:
            page.close()
    except pdfium.PdfiumError as error:
        raise ReadError(f"is damaged at page {number}") from error


def _draw(page: pdfium.PdfPage) -> "Image":
    scale = min(_SCALE, ocr.MAX_SIDE / max(page.get_size()))
    picture: Image = page.render(scale=scale).to_pil()
    return picture.convert("RGB")


def _read_date(pdf: pdfium.PdfDocument) -> date | None:
    """Return the date of its last change or its making, from metadata such as ``D:20240531…``."""
    for name in ("ModDate", "CreationDate"):
        if match := _DATE.match(str(pdf.get_metadata_value(name))):
            with suppress(ValueError):
                return date(int(match[1]), int(match[2]), int(match[3]))
    return None
