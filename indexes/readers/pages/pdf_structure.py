"""Reads what a PDF says of its structure. Most old ones say nothing.

Tags give headings and rows of tables, as browsers and Word write them; an outline gives headings, as LibreOffice does.
"""

import ctypes
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.text.normalization import normalise

_MAX_DEPTH, _MAX_STEPS = 40, 50_000
"""Limits of the tags of one page. What nests deeper or is more is left as plain text."""
_MAX_BOOKMARKS = 20_000
_HEADINGS = {"Title": 1, "H": 1, **{f"H{level}": level for level in range(1, 7)}}


@dataclass(frozen=True, slots=True)
class StructureMark:
    """A heading or a row of a table, whose texts are searched among the page's lines."""

    texts: tuple[str, ...]
    level: int | None = None
    """The level of a heading; rows have none."""
    table: int = 0


def read_outline(pdf: pdfium.PdfDocument) -> dict[int, list[StructureMark]]:
    """Return the outline's headings by the number of their page, counted from 0."""
    marks: dict[int, list[StructureMark]] = {}
    for bookmark in itertools.islice(pdf.get_toc(), _MAX_BOOKMARKS):
        if target := bookmark.get_dest():
            mark = StructureMark((bookmark.get_title(),), bookmark.level + 1)
            marks.setdefault(target.get_index(), []).append(mark)
    return marks


def read_tags(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> list[StructureMark]:
    """Return the page's tagged headings and rows in the order of the tags, which may differ from that of the lines."""
    tree = pdfium_c.FPDF_StructTree_GetForPage(page)
    if not tree:
        return []
    try:
        roots = (
            pdfium_c.FPDF_StructTree_GetChildAtIndex(tree, n)
            for n in range(pdfium_c.FPDF_StructTree_CountChildren(tree))
        )
        steps = iter(range(_MAX_STEPS))
        tags = list(_walk([_Element(root, 0, steps) for root in roots if root], itertools.count(1)))
        texts = dict.fromkeys((content_id for cells, *_ in tags for ids in cells for content_id in ids), "")
        for index in range(min(pdfium_c.FPDFPage_CountObjects(page), _MAX_STEPS)):
            text_object = pdfium_c.FPDFPage_GetObject(page, index)
            if (content_id := pdfium_c.FPDFPageObj_GetMarkedContentID(text_object)) in texts:
                text = _read_utf16(pdfium_c.FPDFTextObj_GetText, text_object, text_page)
                texts[content_id] += normalise(text.replace("\x02", "-").replace("\0", ""))
        return [
            StructureMark(tuple("".join(texts[content_id] for content_id in ids) for ids in cells), level, table)
            for cells, level, table in tags
        ]
    finally:
        pdfium_c.FPDF_StructTree_Close(tree)


def add_lines(lines: Sequence[str], marks: Sequence[StructureMark], builder: ExtractionBuilder) -> None:
    """Add every line once, as it stands. Only a row of a table that is one line is divided into cells."""
    owners = _owners(lines, marks)
    cursor = 0
    for mark, run in itertools.groupby(owners, key=lambda mark: mark and (mark.table or mark)):
        block = range(cursor, cursor := cursor + len(list(run)))
        text = "\n".join(lines[number] for number in block)
        if isinstance(mark, StructureMark):
            builder.heading(mark.level or 1, text, printed=text)
        elif mark:
            builder.table(
                _cells(lines[number], owner.texts) if owner and owners.count(owner) == 1 else [lines[number]]
                for number in block
                for owner in [owners[number]]
            )
        else:
            builder.paragraph(text)


def _owners(lines: Sequence[str], marks: Sequence[StructureMark]) -> list[StructureMark | None]:
    """Return the mark of each line. A mark is the first lines after the last mark's that together say its text."""
    owners: list[StructureMark | None] = [None] * len(lines)
    compact = [_without_blanks(line) for line in lines]
    cursor = 0
    for mark in marks:
        text = _without_blanks("".join(mark.texts))
        for first in range(cursor, len(lines) if text else cursor):
            joined, end = "", first
            while end < len(lines) and len(joined) < len(text) and text.startswith(joined):
                joined += compact[end]
                end += 1
            if joined == text:
                owners[first:end] = [mark] * (end - first)
                cursor = end
                break
    return owners


def _cells(line: str, texts: Sequence[str]) -> list[str]:
    """Cut the line where each text ends. Texts lack the spaces for which a PDF has only gaps."""
    ends = [match.end() for match in re.finditer(r"\S", line)]
    counts = itertools.accumulate(len(_without_blanks(text)) for text in texts)
    bounds = [0, *(ends[min(count, len(ends)) - 1] if count else 0 for count in counts)]
    return [line[start:end] for start, end in itertools.pairwise(bounds)]


def _without_blanks(text: str) -> str:
    return one_line(text).replace(" ", "")


@dataclass(frozen=True, slots=True)
class _Element:
    """A tag, by pdfium's handle, which lives as long as the tree."""

    handle: object
    depth: int
    steps: Iterator[int]
    """The steps that are left to the whole walk, as a few shared tags could be walked for ever."""

    @property
    def kind(self) -> str:
        """The tag's name, such as ``H1``."""
        return _read_utf16(pdfium_c.FPDF_StructElement_GetType, self.handle)

    def children(self) -> Iterator["_Element"]:
        """Yield the tags directly in it."""
        return (part for part in self._parts() if isinstance(part, _Element))

    def content(self) -> Iterator[int]:
        """Yield the ids of the marked content in it."""
        for part in self._parts():
            yield from part.content() if isinstance(part, _Element) else (part,)

    def _parts(self) -> Iterator["_Element | int"]:
        for n in range(pdfium_c.FPDF_StructElement_CountChildren(self.handle) if self.depth < _MAX_DEPTH else 0):
            if next(self.steps, None) is None:
                return
            if child := pdfium_c.FPDF_StructElement_GetChildAtIndex(self.handle, n):
                yield _Element(child, self.depth + 1, self.steps)
            elif (mark := pdfium_c.FPDF_StructElement_GetChildMarkedContentID(self.handle, n)) >= 0:
                yield mark


def _walk(
    elements: Iterable[_Element], tables: Iterator[int], table: int = 0
) -> Iterator[tuple[list[list[int]], int | None, int]]:
    """Yield headings and rows: the content ids of each cell, the level, and the table's number or 0."""
    for element in elements:
        kind = element.kind
        if kind in _HEADINGS and not table:
            yield [list(element.content())], _HEADINGS[kind], 0
        elif kind == "TR" and table:
            yield [list(cell.content()) for cell in element.children()], None, table
        else:
            yield from _walk(element.children(), tables, next(tables) if kind == "Table" else table)


def _read_utf16(function: Callable[..., int], *arguments: object) -> str:
    """Return a text that pdfium writes into a buffer, once it has said how many bytes that needs."""
    size = function(*arguments, None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    function(*arguments, buffer, size)
    return bytes(buffer)[: max(size - 2, 0)].decode("utf-16-le", errors="replace")
