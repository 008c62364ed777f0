"""Reads gold questions: JSON lines or CSV, our own rows and those of benchmark folders."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from eval.types import Evidence, GoldCase
from indexes.errors import FootnoteError
from rag.types import Turn

_FALSE = ("false", "no", "0", "")


class GoldError(FootnoteError):
    """A gold file is wrong: the message names the file, the line and the key."""

    kind = "bad-gold"


def read_gold(source: Path) -> list[GoldCase]:
    """A gold file's questions, or a set's: a folder with ``docs/`` and ``questions.jsonl``. Raises ``GoldError``.

    Benchmarks give evidence as characters of a file of the set: it is read for the words that stand there.
    """
    file = source / "questions.jsonl" if source.is_dir() else source
    if not file.is_file():
        raise GoldError(f"There is no gold file {file}: a set is a folder with docs/ and questions.jsonl.")
    cases, ids = [], dict[str, int]()
    for number, row in _rows(file):
        try:
            case = _case(row, file.parent / "docs")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GoldError(f"{file}:{number}: {_reason(error)}.") from error
        if case.id in ids:
            raise GoldError(f"{file}:{number}: the id {case.id!r} is that of line {ids[case.id]} too.")
        ids[case.id] = number
        cases.append(case)
    if not cases:
        raise GoldError(f"{file} holds no questions.")
    return cases


def _rows(file: Path) -> Iterator[tuple[int, Any]]:
    """Each with its line. A line that is no JSON is given as the error it raises, when it is looked into."""
    if file.suffix.lower() == ".csv":
        yield from _csv_rows(file)
        return
    for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise GoldError(f"{file}:{number}: {_reason(error)}.") from error


def _csv_rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A row a question: ``answers``, ``tags`` (several divided by ``|``), ``path``, ``page``, ``lines``, ``quote``.

    A further row with the same id, or none, adds evidence.
    """
    try:
        reader = csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline=""), strict=True)
        told = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise GoldError(f"{file}: not a gold table: {error}.") from error
    made: dict[str, tuple[int, dict[str, Any]]] = {}
    last = ""
    for number, row in told:
        last = row.get("id") or last or str(number)
        if last not in made:
            made[last] = number, _from_cells({**row, "id": last})
        if row.get("path"):
            made[last][1]["evidence"].append(_evidence_cells(row))
    yield from made.values()


def _from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    answers = _split(cells.get("answers") or cells.get("answer"))
    told = cells.get("answerable")
    return {
        "id": cells["id"],
        "question": cells.get("question"),
        "answers": answers,
        "evidence": [],
        "answerable": bool(answers or cells.get("path")) if told is None else told.strip().lower() not in _FALSE,
        "kind": cells.get("kind") or "",
        "tags": _split(cells.get("tags")),
    }


def _evidence_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    first, _, last = (cells.get("lines") or "").replace("–", "-").partition("-")
    return {
        "path": cells["path"],
        "page": int(page) if (page := cells.get("page")) else None,
        "lines": [int(first), int(last or first)] if first else None,
        "quote": cells.get("quote") or None,
    }


def _split(cell: str | None) -> list[str]:
    return [part.strip() for part in (cell or "").split("|") if part.strip()]


def _case(row: Mapping[str, Any], docs: Path) -> GoldCase:
    """``answers`` and ``evidence``, or a benchmark's ``answer`` and ``gold``."""
    answers = row["answers"] if "answers" in row else row.get("answer")
    places = row["evidence"] if "evidence" in row else row["gold"]
    return GoldCase(
        id=_text(row["id"], "id"),
        question=_text(row["question"], "question"),
        answers=tuple(answers) if isinstance(answers, list) else (answers,) if answers else (),
        evidence=tuple(map(partial(_evidence, docs=docs), places)),
        answerable=row["answerable"],
        kind=row.get("kind") or row.get("type") or "",
        tags=tuple(row.get("tags") or ()),
        history=tuple(
            Turn(turn["role"], turn["text"] if "text" in turn else turn["content"]) for turn in row.get("history") or ()
        ),
    )


def _evidence(place: Mapping[str, Any], docs: Path) -> Evidence:
    path = place["path"] if "path" in place else place["file"]
    lines = place.get("lines")
    quote = place.get("quote")
    if quote is None and "start" in place:
        quote = (docs / path).read_text("utf-8")[place["start"] : place["end"]]
    return Evidence(path, place.get("page"), place.get("section"), (lines[0], lines[-1]) if lines else None, quote)


def _text(value: object, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key!r} is not a text")
    return value


def _reason(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else f"not a gold row: {error}"


def write_gold(cases: Iterable[GoldCase]) -> str:
    """As JSON lines that ``read_gold`` reads."""
    return "".join(f"{json.dumps(_row(case), ensure_ascii=False)}\n" for case in cases)


def _row(case: GoldCase) -> dict[str, Any]:
    return {
        "id": case.id,
        "question": case.question,
        "answers": case.answers,
        "evidence": [_given(item) for item in case.evidence],
        "answerable": case.answerable,
        "kind": case.kind,
        **({"tags": case.tags} if case.tags else {}),
        **({"history": [{"role": turn.role, "text": turn.text} for turn in case.history]} if case.history else {}),
    }


def _given(item: Evidence) -> dict[str, Any]:
    return {
        name: value
        for name in ("path", "page", "section", "lines", "quote")
        if (value := getattr(item, name)) is not None
    }
