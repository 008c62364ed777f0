"""Presentations, with a section for each slide and its speaker notes."""

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
    """Read a presentation."""
    with archive.opened(path, "a PowerPoint presentation (.pptx)") as parts:
        try:
            presentation, builder = pptx.Presentation(str(path)), ExtractionBuilder()
            for number, slide in enumerate(presentation.slides, start=1):
                builder.slide(number)
                _add_slide(slide, builder)
            title = presentation.core_properties.title
            extraction = builder.finish(path.stem if title in ("", "PowerPoint Presentation") else title)
            return replace(extraction, dated=archive.modified(parts, *archive.CORE))
        except (PythonPptxError, ValueError, AttributeError, IndexError) as error:
            raise ReadError("is not a PowerPoint presentation (.pptx), or damaged") from error


def _add_slide(slide: "Slide", builder: ExtractionBuilder) -> None:
    title = slide.shapes.title
    if title is not None:
        builder.heading(1, title.text_frame.text)
    for shape in _flat(slide.shapes):
        if shape.has_text_frame and (title is None or shape.shape_id != title.shape_id):
            builder.paragraph(_without_blanks(shape.text_frame.text))
        elif getattr(shape, "has_table", False):
            builder.table([cell.text for cell in row.cells if not cell.is_spanned] for row in shape.table.rows)
        elif getattr(shape, "has_chart", False):
            builder.table(_chart_rows(shape.chart))
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) and notes.text.strip():
        builder.paragraph("Notes: " + _without_blanks(notes.text))


def _flat(shapes: Iterable[Any]) -> Iterator[Any]:
    """Yield the shapes, with those of a group in its place."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _flat(shape.shapes)
        else:
            yield shape


def _without_blanks(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _chart_rows(chart: "Chart") -> Iterator[list[str]]:
    """Yield a chart's figures, with a row for each category and a column for each series."""
    for plot in chart.plots:
        series = list(plot.series)
        yield ["", *(line.name for line in series)]
        columns = [list(line.values) for line in series]
        for number, category in enumerate(plot.categories):
            values = (column[number] if number < len(column) else None for column in columns)
            yield [str(category), *("" if value is None else f"{value:.15g}" for value in values)]
