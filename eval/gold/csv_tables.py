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
"""The non-empty cells of a row, by column."""


def read_table(file: Path) -> Iterator[tuple[int, GoldCase | GoldError]]:
    """Yield each question with its line number, or the error found there.

    Columns: ``id``, ``question``, ``answers`` and ``tags`` (several separated by ``|``), ``answerable``, ``kind``,
    and evidence as ``path``, ``page``, ``section``, ``lines`` (``12-14``), ``quote``. A further row without a
    question adds evidence. An empty ``answerable`` is true where there are answers or evidence.
    Raises ``GoldError`` where the file is not such a table.
    """
    group: list[tuple[int, _Cells]] = []
    for number, cells in _table_rows(file):
        group_id = group[0][1].get("id") if group else None
        if group and ("question" in cells or cells.get("id", group_id) != group_id):
            yield group[0][0], _parse_group(file, group)
            group = []
        group.append((number, cells))
    if group:
        yield group[0][0], _parse_group(file, group)


def _table_rows(file: Path) -> Iterator[tuple[int, _Cells]]:
    try:
        rows = csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline=""), strict=True)
        columns = [name.strip() for name in next(rows, [])]
        if "question" not in columns:
            raise GoldError(f"{file}:1: there is no column 'question': the first row names them, divided by commas.")
        first_line = rows.line_num + 1
        for row in rows:
            if any(cell.strip() for cell in row[len(columns) :]):
                raise GoldError(
                    f"{file}:{first_line}: there are more cells than columns: quote a cell that holds a comma."
                )
            cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False) if cell.strip()}
            if cells:
                yield first_line, cells
            first_line = rows.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GoldError(f"{file} is not a gold table: {error}.") from error


def _parse_group(file: Path, group: list[tuple[int, _Cells]]) -> GoldCase | GoldError:
    """Make a case from a question's row and the rows that add evidence to it."""
    number = first_line = group[0][0]
    cells, evidence = group[0][1], list[PlaceRow]()
    try:
        for number, row in group:
            if number != first_line or _PLACE & row.keys():
                place: dict[str, object] = {name: cell for name, cell in row.items() if name in _PLACE}
                if "lines" in row:
                    first, _, last = row["lines"].replace("–", "-").partition("-")
                    place["lines"] = first.strip(), last.strip() or first.strip()
                evidence.append(PlaceRow.model_validate(place))
        number = first_line
        answers = _split(cells.get("answers", cells.get("answer", "")))
        defaults = {"id": str(first_line), "answerable": bool(answers or evidence)}
        lists = {"answers": answers, "tags": _split(cells.get("tags", "")), "evidence": evidence, "history": None}
        return CaseRow.model_validate(defaults | cells | lists).case(Path())
    except ValidationError as error:
        return GoldError(f"{file}:{number}: {validation_message(error)}.")


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip()]
