"""A run's rows in the form that the benchmarks' scorer reads."""

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
    """What it holds is kept. Raises ``PredictionsError``."""
    with _writing(file):
        file.open("ab").close()


def write_predictions(file: Path, rows: Iterable[Row]) -> None:
    """A whole file, or what it held before. Raises ``PredictionsError``."""
    lines = "".join(f"{json.dumps(_prediction(row), ensure_ascii=False)}\n" for row in rows)
    with _writing(file):
        whole = file.is_file() or not file.exists()  # else a pipe or a device, which nothing can take the place of
        written = file.with_name(f"{file.name}.new") if whole else file
        written.write_text(lines, encoding="utf-8")
        written.replace(file)


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise PredictionsError(f"The predictions cannot be written to {file}: {error.strerror}.") from error


def _prediction(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "answer": "" if row.declined else without_markers(row.answer),
        "citations": [_place(cited.place) for cited in row.citations],
        "contexts": [_place(found.place) for found in row.retrieved],
        "abstained": row.declined,
        "latency": (row.timings or {}).get("total"),
    }


def _place(place: Location) -> dict[str, Any]:
    return {"file": place.path, **({} if place.page is None else {"page": place.page})}
