"""Predictions: a run's rows in the format of the benchmarks' scorer."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eval.types import Location, Row
from indexes.errors import FootnoteError
from rag.citations.markers import without_markers


class PredictionsError(FootnoteError):
    """The file of predictions cannot be written."""

    kind = "predictions-unwritable"


def check_writable(file: Path) -> None:
    """Raise ``PredictionsError`` where the file cannot be written. Its content stays."""
    with _reporting_errors(file):
        file.open("ab").close()


def write_predictions(file: Path, rows: Iterable[Row]) -> None:
    """Write the whole file, or leave it as it was. Raises ``PredictionsError``."""
    predictions = [
        {
            "id": row.id,
            "answer": "" if row.declined else without_markers(row.answer),
            "citations": [_describe_place(cited.place) for cited in row.citations],
            "contexts": [_describe_place(hit.place) for hit in row.retrieved],
            "abstained": row.declined,
            "latency": (row.timings or {}).get("total"),
        }
        for row in rows
    ]
    lines = "".join(f"{json.dumps(prediction, ensure_ascii=False)}\n" for prediction in predictions)
    with _reporting_errors(file):
        regular = file.is_file() or not file.exists()  # else a pipe or a device, which cannot be replaced
        target = file.with_name(f"{file.name}.new") if regular else file
        target.write_text(lines, encoding="utf-8")
        target.replace(file)


@contextmanager
def _reporting_errors(file: Path) -> Iterator[None]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise PredictionsError(f"The predictions cannot be written to {file}: {error.strerror}.") from error


def _describe_place(place: Location) -> dict[str, Any]:
    return {"file": place.path, **({} if place.page is None else {"page": place.page})}
