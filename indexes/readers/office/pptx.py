"""Presentations: a section a slide, with what its speaker notes say."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pptx
from pptx.exc import PythonPptxError

from indexes.errors import ReadError
from indexes.readers.extraction import archive
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.types import Extraction

if TYPE_CHECKING:
    from pptx.chart.chart import Chart
    from pptx.slide import Slide


def read_pptx(path: Path) -> Extraction:
    with archive.opened(path, "a PowerPoint presentation (.pptx)") as parts:
        try:
            return replace(_read(path), dated=archive.modified(parts, *archive.CORE))
        except (PythonPptxError, ValueError, AttributeError, IndexError) as error:
            raise ReadError("is not a PowerPoint presentation (.pptx), or damaged") from error


def _read(path: Path) -> Extraction:
    presentation, draft = pptx.Presentation(str(path)), ExtractionBuilder()
    for number, slide in enumerate(presentation.slides, start=1):
        draft.slide(number)
        _add(slide, draft)
    title = presentation.core_properties.title
    return draft.finish(path.stem if title in ("", "PowerPoint Presentation") else title)


def _add(slide: "Slide", draft: ExtractionBuilder) -> None:
    title = slide.shapes.title
    if title is not None:
        draft.heading(1, title.text_frame.text)
    for shape in _flat(slide.shapes):
        if shape.has_text_frame and (title is None or shape.shape_id != title.shape_id):
            draft.paragraph(_lines(shape.text_frame.text))
        elif getattr(shape, "has_table", False):
            draft.table([cell.text for cell in row.cells if not cell.is_spanned] for row in shape.table.rows)
        elif getattr(shape, "has_chart", False):
            draft.table(_figures(shape.chart))
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) and notes.text.strip():
        draft.paragraph("Notes: " + _lines(notes.text))


def _flat(shapes: Iterable[Any]) -> Iterator[Any]:
    """The shapes, and in place of a group what is in it."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _flat(shape.shapes)
        else:
            yield shape


def _lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _figures(chart: "Chart") -> Iterator[list[str]]:
    """What a chart draws: a row a category, a column a series."""
    for plot in chart.plots:
        series = list(plot.series)
        yield ["", *(one.name for one in series)]
        columns = [list(one.values) for one in series]
        for number, category in enumerate(plot.categories):
            values = (column[number] if number < len(column) else None for column in columns)
            yield [str(category), *("" if value is None else f"{value:.15g}" for value in values)]
