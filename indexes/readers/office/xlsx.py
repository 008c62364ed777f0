"""Spreadsheets, with a section for each sheet and a line for each row, numbered as the spreadsheet shows them."""

import itertools
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook

from indexes.errors import ReadError
from indexes.readers.extraction import archive
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.types import Extraction

_MAX_GAP = 100
"""Empty rows kept as lines. More of them start a new section, so that a sheet with a cell far below stays small."""


def read_xlsx(path: Path) -> Extraction:
    """Read the visible sheets of a workbook."""
    with (
        archive.opened(path, "an Excel workbook (.xlsx)") as parts,
        path.open("rb") as file,
        warnings.catch_warnings(),
    ):
        try:
            warnings.simplefilter("ignore")  # about what is lost when the workbook is saved again
            book, builder = load_workbook(file, read_only=True, data_only=True), ExtractionBuilder()
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    builder.notes.append(f"sheet {sheet.title} is hidden, and was left out")
                    continue
                sheet.reset_dimensions()  # files often state a wrong size
                blocks = list(_blocks([*map(_shown, row)] for row in sheet.iter_rows()))
                for line, rows in blocks:
                    # a heading keeps blocks from being joined in one passage, whose lines could not be counted
                    builder.sheet(sheet.title, f"from row {line}" if len(blocks) > 1 else "")
                    builder.table(rows, line=line)
            extraction = builder.finish(book.properties.title or path.stem)
            return replace(extraction, dated=archive.modified(parts, *archive.CORE))
        except (ValueError, TypeError, AttributeError, IndexError, ParseError, OSError) as error:
            raise ReadError("is not an Excel workbook (.xlsx), or damaged") from error


def _blocks(rows: Iterable[list[str]]) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield blocks of rows with the number of their first row. Gaps stay as rows without cells."""
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


def _shown(cell: object) -> str:
    """Return a cell as the sheet shows it, nearly: percentages, dates, no noise of binary fractions."""
    value, number_format = getattr(cell, "value", None), str(getattr(cell, "number_format", ""))
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
        case float() | int() if "%" in number_format:
            return f"{value * 100:.12g}%"
        case float():
            return f"{value:.15g}"
    return str(value)
