"""OpenDocument texts, as LibreOffice writes them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree

from indexes.errors import ReadError
from indexes.readers.extraction import archive
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.types import Extraction

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_DATE = "{http://purl.org/dc/elements/1.1/}date"
_SKIPPED = {
    *(f"{_TEXT}{name}" for name in ("tracked-changes", "table-of-content", "note-citation", "ruby-text")),
    *(f"{_OFFICE}{name}" for name in ("annotation", "forms")),
}
"""Deletions, comments, and what is repeated elsewhere."""
_SPACES = {f"{_TEXT}s": " ", f"{_TEXT}tab": " ", f"{_TEXT}line-break": "\n"}
_MAX_REPEATED = 100
"""Copies of a repeated row or cell, at most."""


def read_odt(path: Path) -> Extraction:
    """Read an OpenDocument text."""
    what = "an OpenDocument text (.odt)"
    with archive.opened(path, what) as parts:
        body = archive.xml(parts, "content.xml").find(f"{_OFFICE}body/{_OFFICE}text")
        title = archive.xml(parts, "meta.xml").findtext(f".//{_TITLE}") if "meta.xml" in parts.namelist() else ""
        day = archive.modified(parts, "meta.xml", _DATE)
    if body is None:
        raise ReadError(f"is not {what}, or damaged")
    builder = ExtractionBuilder()
    _walk(body, builder)
    return replace(builder.finish(title or path.stem), dated=day)


def _walk(parent: etree._Element, builder: ExtractionBuilder, bullet: str = "") -> None:
    """Add headings, paragraphs and tables in order, and text boxes after their paragraph."""
    for element in parent:
        if element.tag in _SKIPPED:
            continue
        if element.tag == f"{_TEXT}h":
            builder.heading(_number(element, f"{_TEXT}outline-level"), _inline(element))
        elif element.tag == f"{_TEXT}p":
            if (text := _inline(element)).strip():
                builder.paragraph(bullet + text.strip())
            for box in element.iter(f"{_DRAW}text-box"):
                _walk(box, builder)
        elif element.tag == f"{_TABLE}table":
            builder.table(_rows(element))
        else:
            _walk(element, builder, "- " if element.tag == f"{_TEXT}list-item" else bullet)


def _inline(element: etree._Element) -> str:
    """Return an element's text, with footnotes in brackets. A text box is a block of its own."""
    parts = [element.text or ""]
    for child in element:
        if child.tag in _SPACES:
            parts.append(_SPACES[child.tag])
        elif child.tag == f"{_TEXT}note":
            parts.append(f" ({_inline(child).strip()})")
        elif child.tag not in _SKIPPED and child.tag != f"{_DRAW}text-box" and isinstance(child.tag, str):
            parts.append(_inline(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _rows(table: etree._Element) -> Iterator[list[str]]:
    for row in table.iter(f"{_TABLE}table-row"):
        cells = [
            " ".join(_inline(block) for block in cell.iter(f"{_TEXT}p", f"{_TEXT}h"))
            for cell in row.iterchildren(f"{_TABLE}table-cell")  # what a merged cell covers has another name
            for _ in range(_number(cell, f"{_TABLE}number-columns-repeated"))
        ]
        for _ in range(_number(row, f"{_TABLE}number-rows-repeated")):
            yield cells


def _number(element: etree._Element, attribute: str) -> int:
    value = element.get(attribute, "1")
    return min(int(value), _MAX_REPEATED) if value.isdecimal() else 1
