"""Spreadsheets: a section a sheet, a line a row, numbered as the spreadsheet shows them."""

import itertools
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook

from indexes.errors import ReadError
from indexes.readers.extraction import archive
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.types import Extraction

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

_MAX_GAP = 100
"""Empty rows kept as lines. After more of them a section begins anew: a sheet with a cell far below stays small."""


def read_xlsx(path: Path) -> Extraction:
    with (
        archive.opened(path, "an Excel workbook (.xlsx)") as parts,
        path.open("rb") as file,
        warnings.catch_warnings(),
    ):
        try:
            warnings.simplefilter("ignore")  # of what is lost when the workbook is saved again
            found = _read(load_workbook(file, read_only=True, data_only=True), path)
            return replace(found, dated=archive.modified(parts, *archive.CORE))
        except (ValueError, TypeError, AttributeError, IndexError, ParseError, OSError) as error:
            raise ReadError("is not an Excel workbook (.xlsx), or damaged") from error


def _read(book: "Workbook", path: Path) -> Extraction:
    draft = ExtractionBuilder()
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            draft.notes.append(f"sheet {sheet.title} is hidden, and was left out")
            continue
        sheet.reset_dimensions()  # what files say of their size is often wrong
        blocks = list(_blocks([*map(_text, row)] for row in sheet.iter_rows()))
        for line, rows in blocks:
            # blocks told apart by a heading are not joined in one passage, whose lines could not be counted
            draft.sheet(sheet.title, f"from row {line}" if len(blocks) > 1 else "")
            draft.table(rows, line=line)
    return draft.finish(book.properties.title or path.stem)


def _blocks(rows: Iterable[list[str]]) -> Iterator[tuple[int, list[list[str]]]]:
    """Rows with text, their first's number before them. Gaps stay, as rows without cells."""
    first, block = 0, list[list[str]]()
    for number, row in enumerate(rows, start=1):
        while row and not row[-1]:
            row.pop()
        if not row:
            continue
        if block and number - first - len(block) > _MAX_GAP:
            yield first, block
            block = []
        first = first if block else number
        block += itertools.repeat([], number - first - len(block))
        block.append(row)
    if block:
        yield first, block


def _text(cell: object) -> str:
    """As the sheet shows it, near enough to be searched for: percentages, dates, no noise of binary fractions."""
    value, shown = getattr(cell, "value", None), str(getattr(cell, "number_format", ""))
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "seconds")
        case date() | time():
            return value.isoformat()
        case float() | int() if "%" in shown:
            return f"{value * 100:.12g}%"
        case float():
            return f"{value:.15g}"
    return str(value)
