"""What a PDF says of itself: headings and rows of tables by its tags, as browsers and Word write them, else headings
by its outline, as LibreOffice does. Most old ones say nothing."""

import ctypes
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.text.normalization import normalise

_MAX_DEPTH, _MAX_STEPS = 40, 50_000
"""Of the tags of one page: what nests deeper or has more is left as plain text."""
_MAX_BOOKMARKS = 20_000
_HEADINGS = {"Title": 1, "H": 1, **{f"H{level}": level for level in range(1, 7)}}


@dataclass(frozen=True, slots=True)
class StructureMark:
    """A heading, or a row of a table; what it says is sought among the page's lines."""

    texts: tuple[str, ...]
    level: int | None = None
    """Of a heading; rows have none."""
    table: int = 0


def outline_of(pdf: pdfium.PdfDocument) -> dict[int, list[StructureMark]]:
    """Headings by the number of their page, counted from 0."""
    marks: dict[int, list[StructureMark]] = {}
    for bookmark in itertools.islice(pdf.get_toc(), _MAX_BOOKMARKS):
        if target := bookmark.get_dest():
            marks.setdefault(target.get_index(), []).append(StructureMark((bookmark.get_title(),), bookmark.level + 1))
    return marks


def tags_of(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> list[StructureMark]:
    """In the order of the tags, which need not be that of the lines."""
    tree = pdfium_c.FPDF_StructTree_GetForPage(page)
    if not tree:
        return []
    try:
        roots = (
            pdfium_c.FPDF_StructTree_GetChildAtIndex(tree, n)
            for n in range(pdfium_c.FPDF_StructTree_CountChildren(tree))
        )
        steps = iter(range(_MAX_STEPS))
        found = list(_marked([_Element(root, 0, steps) for root in roots if root], itertools.count(1)))
        texts = _texts(page, text_page, {mark for cells, *_ in found for ids in cells for mark in ids})
        return [
            StructureMark(tuple("".join(texts.get(mark, "") for mark in ids) for ids in cells), level, table)
            for cells, level, table in found
        ]
    finally:
        pdfium_c.FPDF_StructTree_Close(tree)


def add_lines(lines: Sequence[str], marks: Sequence[StructureMark], draft: ExtractionBuilder) -> None:
    """Every line is added once, as it stands: only the cells of a table's row, where it is one line, are told apart."""
    owners = _owners(lines, marks)
    cursor = 0
    for mark, run in itertools.groupby(owners, key=lambda mark: mark and (mark.table or mark)):
        block = range(cursor, cursor := cursor + len(list(run)))
        text = "\n".join(lines[number] for number in block)
        if isinstance(mark, StructureMark):
            draft.heading(mark.level or 1, text, printed=text)
        elif mark:
            draft.table(
                _cells(lines[number], owner.texts) if owner and owners.count(owner) == 1 else [lines[number]]
                for number in block
                for owner in [owners[number]]
            )
        else:
            draft.paragraph(text)


def _owners(lines: Sequence[str], marks: Sequence[StructureMark]) -> list[StructureMark | None]:
    """By line. A mark that is not found among the lines after the last is ignored."""
    owners: list[StructureMark | None] = [None] * len(lines)
    squeezed = [_squeezed(line) for line in lines]
    cursor = 0
    for mark in marks:
        if span := _span(squeezed, _squeezed("".join(mark.texts)), cursor):
            owners[span.start : span.stop] = [mark] * len(span)
            cursor = span.stop
    return owners


def _span(lines: Sequence[str], text: str, start: int) -> range | None:
    """The first lines that together say just the text."""
    for first in range(start, len(lines)):
        joined = ""
        for last in range(first, len(lines)):
            joined += lines[last]
            if text and joined == text:
                return range(first, last + 1)
            if not text.startswith(joined):
                break
    return None


def _cells(line: str, texts: Sequence[str]) -> list[str]:
    """The line, cut where each text ends: texts have no spaces where a PDF has only gaps."""
    ends = [match.end() for match in re.finditer(r"\S", line)]
    counts = itertools.accumulate(len(_squeezed(text)) for text in texts)
    bounds = [0, *(ends[min(count, len(ends)) - 1] if count else 0 for count in counts)]
    return [line[start:end] for start, end in itertools.pairwise(bounds)]


def _squeezed(text: str) -> str:
    return one_line(text).replace(" ", "")


@dataclass(frozen=True, slots=True)
class _Element:
    """A tag, by its handle, which is pdfium's and lives as long as the tree."""

    handle: object
    depth: int
    steps: Iterator[int]
    """What the walk of all may still take: tags may be shared, so that few are walked for ever."""

    @property
    def kind(self) -> str:
        size = pdfium_c.FPDF_StructElement_GetType(self.handle, None, 0)
        buffer = ctypes.create_string_buffer(size)
        pdfium_c.FPDF_StructElement_GetType(self.handle, buffer, size)
        return buffer.raw[: max(size - 2, 0)].decode("utf-16-le", errors="replace")

    def children(self) -> Iterator["_Element"]:
        return (part for part in self._parts() if isinstance(part, _Element))

    def content(self) -> Iterator[int]:
        """The ids of the marked content in it."""
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


def _marked(
    elements: Iterable[_Element], tables: Iterator[int], table: int = 0
) -> Iterator[tuple[list[list[int]], int | None, int]]:
    """Cells as ids of content, level, table: of headings and rows."""
    for element in elements:
        kind = element.kind
        if kind in _HEADINGS and not table:
            yield [list(element.content())], _HEADINGS[kind], 0
        elif kind == "TR" and table:
            yield [list(cell.content()) for cell in element.children()], None, table
        else:
            yield from _marked(element.children(), tables, next(tables) if kind == "Table" else table)


def _texts(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, wanted: set[int]) -> dict[int, str]:
    """By the id of its marked content."""
    texts = dict.fromkeys(wanted, "")
    for index in range(min(pdfium_c.FPDFPage_CountObjects(page), _MAX_STEPS)):
        shown = pdfium_c.FPDFPage_GetObject(page, index)
        if (mark := pdfium_c.FPDFPageObj_GetMarkedContentID(shown)) in texts:
            texts[mark] += _shown(shown, text_page)
    return texts


def _shown(text_object: object, text_page: pdfium.PdfTextPage) -> str:
    size = pdfium_c.FPDFTextObj_GetText(text_object, text_page, None, 0)
    if not size:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    pdfium_c.FPDFTextObj_GetText(text_object, text_page, buffer, size)
    text = bytes(buffer)[: max(size - 2, 0)].decode("utf-16-le", errors="replace")
    return normalise(text.replace("\x02", "-").replace("\0", ""))
