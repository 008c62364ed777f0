"""Word documents as they are printed, without deleted, hidden or commented text.

Headers and footers are left out too, as they say the same on every page.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from lxml import etree

from indexes.errors import ReadError
from indexes.readers.extraction import archive
from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.types import Extraction

if TYPE_CHECKING:
    from docx.document import Document

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_SKIPPED = {qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), qn("w:rPr"), _FALLBACK}
"""Deletions, formatting, and what is repeated for old programs."""
_WRAPPERS = {*map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo"))}
_SPACES = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_PARAGRAPH, _TABLE, _BOX = qn("w:p"), qn("w:tbl"), qn("w:txbxContent")


def read_docx(path: Path) -> Extraction:
    """Read a Word document."""
    with archive.opened(path, "a Word document (.docx)") as parts:
        try:
            document = docx.Document(str(path))
            builder = ExtractionBuilder()
            _Body(document, _notes(document)).add(document.element.body, builder)
            extraction = builder.finish(document.core_properties.title or path.stem)
            return replace(extraction, dated=archive.modified(parts, *archive.CORE))
        except (PackageNotFoundError, ValueError, AttributeError, IndexError, RecursionError) as error:
            raise ReadError("is not a Word document (.docx), or damaged") from error


def _notes(document: "Document") -> dict[tuple[str, str], etree._Element]:
    """Return footnotes and endnotes by the tag that refers to them and their id."""
    notes = {}
    kinds = {
        RELATIONSHIP_TYPE.FOOTNOTES: ("w:footnote", "w:footnoteReference"),
        RELATIONSHIP_TYPE.ENDNOTES: ("w:endnote", "w:endnoteReference"),
    }
    for relation in document.part.rels.values():
        if relation.reltype in kinds and not relation.is_external:
            name, reference = kinds[relation.reltype]
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            for note in etree.fromstring(relation.target_part.blob, parser).iter(qn(name)):
                notes[qn(reference), note.get(qn("w:id"), "")] = note
    return notes


@dataclass(frozen=True, slots=True)
class _Body:
    document: "Document"
    notes: dict[tuple[str, str], etree._Element]

    def add(self, parent: etree._Element, builder: ExtractionBuilder) -> None:
        """Add the paragraphs and tables in an element, in order, and text boxes after their paragraph."""
        for block in _children(parent, _PARAGRAPH, _TABLE):
            if block.tag == _TABLE:
                builder.table(self._rows(block))
                continue
            style = Paragraph(block, self.document._body).style  # noqa: SLF001 - a paragraph needs its parent's part
            name, text = (style.name or "" if style else "").lower(), self._text(block)
            if name == "title":
                builder.heading(0, text)
            elif name.startswith("heading ") and name[8:].isdigit():
                builder.heading(int(name[8:]), text)
            else:
                builder.paragraph(f"- {text}" if name.startswith("list") and text.strip() else text)
            for box in _boxes(block):
                self.add(box, builder)

    def _text(self, element: etree._Element) -> str:
        """Return an element's text, with notes in brackets. A text box is a block of its own."""
        vanish = element.find(f"{qn('w:rPr')}/{qn('w:vanish')}") if element.tag == qn("w:r") else None
        hidden = vanish is not None and vanish.get(qn("w:val"), "true") not in ("0", "false", "off")
        if hidden or element.tag in _SKIPPED or element.tag == _BOX:
            return ""
        if element.tag in (qn("w:t"), _MATHS):
            return element.text or ""
        if element.tag == qn("w:sym"):
            return chr(int(element.get(qn("w:char"), "20"), 16))
        if (note := self.notes.get((element.tag, element.get(qn("w:id"), "")))) is not None:
            return f" ({one_line(' '.join(map(self._text, note)))})"
        return _SPACES.get(element.tag, "") + "".join(map(self._text, element))

    def _rows(self, table: etree._Element) -> Iterator[list[str]]:
        """Yield the rows. A cell merged over columns is given once; one merged over rows, in each row."""
        above: dict[int, str] = {}
        for row in _children(table, qn("w:tr")):
            if row.find(f"{qn('w:trPr')}/{qn('w:del')}") is not None:
                continue
            cells, column = [], 0
            for cell in _children(row, qn("w:tc")):
                merged = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
                continued = merged is not None and merged.get(qn("w:val")) != "restart"
                texts = (
                    " ".join(map(" ".join, self._rows(block))) if block.tag == _TABLE else self._text(block)
                    for block in _children(cell, _PARAGRAPH, _TABLE)
                )
                above[column] = above.get(column, "") if continued else " ".join(texts)
                cells.append(above[column])
                span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
                column += 1 if span is None else int(span.get(qn("w:val"), "1"))
            yield cells


def _children(parent: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Yield children of these names, also those in content controls and insertions."""
    for child in parent:
        if child.tag in names:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _children(child, *names)


def _boxes(block: etree._Element) -> Iterator[etree._Element]:
    for child in block:
        if child.tag == _BOX:
            yield child
        elif child.tag not in _SKIPPED:
            yield from _boxes(child)
