"""Word documents."""

from collections.abc import Iterator
from pathlib import Path

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph

from indexes.errors import ReadError
from indexes.reading import archive
from indexes.reading.draft import Draft
from indexes.types import Extraction


def read_docx(path: Path) -> Extraction:
    with archive.opened(path, "a Word document (.docx)"):
        try:
            document = docx.Document(str(path))
        except (PackageNotFoundError, ValueError) as error:
            raise ReadError("is not a Word document (.docx), or damaged") from error
    draft = Draft()
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            draft.table(_rows(block))
        else:
            _add(block, draft)
    title = document.core_properties.title
    return draft.finish(title or path.stem)


def _add(paragraph: Paragraph, draft: Draft) -> None:
    style = (paragraph.style.name or "" if paragraph.style else "").lower()
    if style == "title":
        draft.heading(0, paragraph.text)
    elif style.startswith("heading ") and style[8:].isdigit():
        draft.heading(int(style[8:]), paragraph.text)
    elif style.startswith("list") and paragraph.text.strip():
        draft.paragraph("- " + paragraph.text)
    else:
        draft.paragraph(paragraph.text)


def _rows(table: Table) -> Iterator[list[str]]:
    """A cell merged over several columns is given once."""
    for row in table.rows:
        cells = row.cells
        yield [cell.text for before, cell in zip([None, *cells], cells, strict=False) if cell is not before]
