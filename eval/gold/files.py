"""Gold files: JSON lines or a CSV table, our own rows and those of benchmark folders."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eval.gold.csv_tables import read_table
from eval.gold.rows import CaseRow, validation_message
from eval.gold.rows import GoldError as GoldError
from eval.types import GoldCase, GoldEvidence


def read_gold(source: Path) -> list[GoldCase]:
    """A gold file's questions, or a set's: a folder with ``docs/`` and ``questions.jsonl``. Raises ``GoldError``."""
    file = gold_file(source)
    cases, lines = [], dict[str, int]()
    for number, read in gold_lines(file):
        if isinstance(read, GoldError):
            raise read
        if read.id in lines:
            raise GoldError(f"{file}:{number}: the id {read.id!r} is that of line {lines[read.id]} too.")
        lines[read.id] = number
        cases.append(read)
    if not cases:
        raise GoldError(f"{file} holds no questions.")
    return cases


def gold_lines(file: Path) -> Iterator[tuple[int, GoldCase | GoldError]]:
    """Each question with its line, or what is wrong there. Raises ``GoldError`` where the file cannot be read at all.

    Benchmarks give evidence as characters of a file of the set: it is read for the words that stand there.
    """
    return read_table(file) if file.suffix.lower() == ".csv" else _json_lines(file)


def gold_file(source: Path) -> Path:
    """A set's questions, or the file itself. Raises ``GoldError`` where there is none."""
    file = source / "questions.jsonl" if source.is_dir() else source
    if not file.is_file():
        raise GoldError(f"There is no gold file {file}: a set is a folder with docs/ and questions.jsonl.")
    return file


def _json_lines(file: Path) -> Iterator[tuple[int, GoldCase | GoldError]]:
    try:
        lines = file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise GoldError(f"{file} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, _case(f"{file}:{number}", line, file.parent / "docs")


def _case(where: str, line: bytes, docs: Path) -> GoldCase | GoldError:
    try:
        return CaseRow.model_validate_json(line, strict=True).case(docs)
    except ValidationError as error:
        return GoldError(f"{where}: {validation_message(error)}.")
    except GoldError as error:
        return GoldError(f"{where}: {error}.")


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


def _given(item: GoldEvidence) -> dict[str, Any]:
    return {
        name: value
        for name in ("path", "page", "section", "lines", "quote")
        if (value := getattr(item, name)) is not None
    }
