"""Gold files: JSON lines or a CSV table, our own rows and those of benchmark folders."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eval.gold.csv_tables import read_table
from eval.gold.rows import CaseRow, numbered_lines, validation_message
from eval.gold.rows import GoldError as GoldError
from eval.types import GoldCase

_EVIDENCE_KEYS = ("path", "page", "section", "lines", "quote")


def read_gold(source: Path) -> list[GoldCase]:
    """Return the questions of a gold file, or of a set: a folder with ``docs/`` and ``questions.jsonl``.

    Raises ``GoldError``.
    """
    file = gold_file(source)
    cases, lines = [], dict[str, int]()
    for number, case in gold_lines(file):
        if isinstance(case, GoldError):
            raise case
        if case.id in lines:
            raise GoldError(f"{file}:{number}: the id {case.id!r} is that of line {lines[case.id]} too.")
        lines[case.id] = number
        cases.append(case)
    if not cases:
        raise GoldError(f"{file} holds no questions.")
    return cases


def gold_lines(file: Path) -> Iterator[tuple[int, GoldCase | GoldError]]:
    """Yield each question with its line number, or the error there. Raises ``GoldError`` if the file is unreadable.

    Benchmarks give evidence as characters of a file in the set: that file is read for the quote.
    """
    if file.suffix.lower() == ".csv":
        yield from read_table(file)
        return
    for number, line in numbered_lines(file):
        case: GoldCase | GoldError
        try:
            case = CaseRow.model_validate_json(line, strict=True).case(file.parent / "docs")
        except ValidationError as error:
            case = GoldError(f"{file}:{number}: {validation_message(error)}.")
        except GoldError as error:
            case = GoldError(f"{file}:{number}: {error}.")
        yield number, case


def gold_file(source: Path) -> Path:
    """Return a set's file of questions, or the file itself. Raises ``GoldError`` where there is none."""
    file = source / "questions.jsonl" if source.is_dir() else source
    if not file.is_file():
        raise GoldError(f"There is no gold file {file}: a set is a folder with docs/ and questions.jsonl.")
    return file


def write_gold(cases: Iterable[GoldCase]) -> str:
    """Return the cases as JSON lines that ``read_gold`` reads."""
    lines = []
    for case in cases:
        evidence = [{name: getattr(item, name) for name in _EVIDENCE_KEYS} for item in case.evidence]
        row: dict[str, Any] = {
            "id": case.id,
            "question": case.question,
            "answers": case.answers,
            "evidence": [{name: value for name, value in item.items() if value is not None} for item in evidence],
            "answerable": case.answerable,
            "kind": case.kind,
        }
        if case.tags:
            row["tags"] = case.tags
        if case.history:
            row["history"] = [{"role": turn.role, "text": turn.text} for turn in case.history]
        lines.append(f"{json.dumps(row, ensure_ascii=False)}\n")
    return "".join(lines)
