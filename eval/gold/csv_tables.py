"""Gold questions as a table: CSV with a header row."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from eval.gold.rows import CaseRow, GoldError, PlaceRow, validation_message
from eval.types import GoldCase

_PLACE = {"path", "file", "page", "section", "lines", "quote"}
_Cells = dict[str, str]
"""Those of a row that are not empty, by column."""


def read_table(file: Path) -> Iterator[tuple[int, GoldCase | GoldError]]:
    """A row a question: ``id``, ``question``, ``answers`` and ``tags`` (several divided by ``|``), ``answerable``,
    ``kind``, and evidence as ``path``, ``page``, ``section``, ``lines`` (``12-14``), ``quote``.

    A further row without a question adds evidence. Where ``answerable`` is empty, what has answers or evidence is.
    Raises ``GoldError`` where the file is no such table.
    """
    for group in _groups(file):
        yield group[0][0], _read(file, group)


def _groups(file: Path) -> Iterator[list[tuple[int, _Cells]]]:
    """A question's row and those that add to it, each with its line."""
    group: list[tuple[int, _Cells]] = []
    for number, cells in _rows(file):
        own = group[0][1].get("id") if group else None
        if group and ("question" in cells or cells.get("id", own) != own):
            yield group
            group = []
        group.append((number, cells))
    if group:
        yield group


def _rows(file: Path) -> Iterator[tuple[int, _Cells]]:
    try:
        rows = csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline=""), strict=True)
        columns = [name.strip() for name in next(rows, [])]
        if "question" not in columns:
            raise GoldError(f"{file}:1: there is no column 'question': the first row names them, divided by commas.")
        began = rows.line_num + 1
        for row in rows:
            if any(cell.strip() for cell in row[len(columns) :]):
                raise GoldError(f"{file}:{began}: there are more cells than columns: quote a cell that holds a comma.")
            cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False) if cell.strip()}
            if cells:
                yield began, cells
            began = rows.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GoldError(f"{file} is not a gold table: {error}.") from error


def _read(file: Path, group: list[tuple[int, _Cells]]) -> GoldCase | GoldError:
    number, told = group[0]
    try:
        places = []
        for number, cells in group:
            if number != group[0][0] or _PLACE & cells.keys():
                places.append(PlaceRow.model_validate(_place(cells)))
        number = group[0][0]
        return _case(number, told, places)
    except ValidationError as error:
        return GoldError(f"{file}:{number}: {validation_message(error)}.")


def _case(number: int, cells: _Cells, places: list[PlaceRow]) -> GoldCase:
    answers = _split(cells.get("answers", cells.get("answer", "")))
    row = {
        "id": str(number),
        "answerable": bool(answers or places),
        **cells,
        "answers": answers,
        "tags": _split(cells.get("tags", "")),
        "evidence": places,
        "history": None,
    }
    return CaseRow.model_validate(row).case(Path())


def _place(cells: _Cells) -> dict[str, object]:
    place: dict[str, object] = {name: cell for name, cell in cells.items() if name in _PLACE}
    if "lines" in cells:
        first, _, last = cells["lines"].replace("–", "-").partition("-")
        place["lines"] = first.strip(), last.strip() or first.strip()
    return place


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip()]
