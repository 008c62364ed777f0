"""Word documents, as they are printed: what was deleted, hidden or remarked upon is left out, and so are the headers
and footers, which say the same on every page."""

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
_UNREAD = {qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), qn("w:rPr"), _FALLBACK}
"""What was deleted, what is about the text, and what old programs are shown again."""
_WRAPPERS = {*map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo"))}
_SPACES = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_PARAGRAPH, _TABLE, _BOX = qn("w:p"), qn("w:tbl"), qn("w:txbxContent")


def read_docx(path: Path) -> Extraction:
    with archive.opened(path, "a Word document (.docx)") as parts:
        try:
            document = docx.Document(str(path))
            draft = ExtractionBuilder()
            _Body(document, _notes(document)).add(document.element.body, draft)
            found = draft.finish(document.core_properties.title or path.stem)
            return replace(found, dated=archive.modified(parts, *archive.CORE))
        except (PackageNotFoundError, ValueError, AttributeError, IndexError, RecursionError) as error:
            raise ReadError("is not a Word document (.docx), or damaged") from error


def _notes(document: "Document") -> dict[tuple[str, str], etree._Element]:
    """Footnotes and endnotes by the name of what refers to them, and their id."""
    found = {}
    kinds = {
        RELATIONSHIP_TYPE.FOOTNOTES: ("w:footnote", "w:footnoteReference"),
        RELATIONSHIP_TYPE.ENDNOTES: ("w:endnote", "w:endnoteReference"),
    }
    for relation in document.part.rels.values():
        if relation.reltype in kinds and not relation.is_external:
            name, reference = kinds[relation.reltype]
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            for note in etree.fromstring(relation.target_part.blob, parser).iter(qn(name)):
                found[qn(reference), note.get(qn("w:id"), "")] = note
    return found


@dataclass(frozen=True, slots=True)
class _Body:
    document: "Document"
    notes: dict[tuple[str, str], etree._Element]

    def add(self, parent: etree._Element, draft: ExtractionBuilder) -> None:
        for block in _children(parent, _PARAGRAPH, _TABLE):
            if block.tag == _TABLE:
                draft.table(self._rows(block))
            else:
                self._add_paragraph(block, draft)
                for box in _boxes(block):
                    self.add(box, draft)

    def _add_paragraph(self, element: etree._Element, draft: ExtractionBuilder) -> None:
        style = Paragraph(element, self.document._body).style  # noqa: SLF001 - a paragraph needs its parent's part
        name, text = (style.name or "" if style else "").lower(), self._text(element)
        if name == "title":
            draft.heading(0, text)
        elif name.startswith("heading ") and name[8:].isdigit():
            draft.heading(int(name[8:]), text)
        else:
            draft.paragraph(f"- {text}" if name.startswith("list") and text.strip() else text)

    def _text(self, element: etree._Element) -> str:
        """Notes stand in brackets where they are called; a text box is a block of its own."""
        if element.tag in _UNREAD or element.tag == _BOX or _hidden(element):
            return ""
        if element.tag in (qn("w:t"), _MATHS):
            return element.text or ""
        if element.tag == qn("w:sym"):
            return chr(int(element.get(qn("w:char"), "20"), 16))
        if (note := self.notes.get((element.tag, element.get(qn("w:id"), "")))) is not None:
            return f" ({one_line(' '.join(map(self._text, note)))})"
        return _SPACES.get(element.tag, "") + "".join(map(self._text, element))

    def _rows(self, table: etree._Element) -> Iterator[list[str]]:
        """A cell merged over several columns is given once, one merged over several rows in each of them."""
        above: dict[int, str] = {}
        for row in _children(table, qn("w:tr")):
            if row.find(f"{qn('w:trPr')}/{qn('w:del')}") is not None:
                continue
            cells, column = [], 0
            for cell in _children(row, qn("w:tc")):
                merged = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
                goes_on = merged is not None and merged.get(qn("w:val")) != "restart"
                above[column] = above.get(column, "") if goes_on else self._cell(cell)
                cells.append(above[column])
                span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
                column += 1 if span is None else int(span.get(qn("w:val"), "1"))
            yield cells

    def _cell(self, cell: etree._Element) -> str:
        """In one line, with the tables within it."""
        blocks = (
            " ".join(map(" ".join, self._rows(block))) if block.tag == _TABLE else self._text(block)
            for block in _children(cell, _PARAGRAPH, _TABLE)
        )
        return " ".join(blocks)


def _children(parent: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Also of content controls and of what was inserted."""
    for child in parent:
        if child.tag in names:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _children(child, *names)


def _boxes(block: etree._Element) -> Iterator[etree._Element]:
    for child in block:
        if child.tag == _BOX:
            yield child
        elif child.tag not in _UNREAD:
            yield from _boxes(child)


def _hidden(element: etree._Element) -> bool:
    vanish = element.find(f"{qn('w:rPr')}/{qn('w:vanish')}") if element.tag == qn("w:r") else None
    return vanish is not None and vanish.get(qn("w:val"), "true") not in ("0", "false", "off")
