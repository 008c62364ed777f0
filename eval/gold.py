"""Reads gold questions: our own rows, and those of benchmark folders."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.types import Evidence, GoldCase
from indexes.errors import FootnoteError
from rag.types import Turn


class GoldError(FootnoteError):
    """A gold file is wrong: the message names the file, the line and the key."""

    kind = "bad-gold"


def read_gold(file: Path) -> list[GoldCase]:
    """One JSON object a line. Raises ``GoldError``."""
    if not file.is_file():
        raise GoldError(f"There is no gold file {file}: a set is a folder with docs/ and questions.jsonl.")
    cases = []
    for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
        if line.strip():
            try:
                cases.append(_case(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise GoldError(f"{file}:{number}: {_reason(error)}.") from error
    if not cases:
        raise GoldError(f"{file} holds no questions.")
    return cases


def _case(row: Mapping[str, Any]) -> GoldCase:
    """``answers`` and ``evidence``, or a benchmark's ``answer`` and ``gold``."""
    answers = row["answers"] if "answers" in row else row.get("answer")
    places = row["evidence"] if "evidence" in row else row["gold"]
    return GoldCase(
        id=row["id"],
        question=row["question"],
        answers=tuple(answers) if isinstance(answers, list) else (answers,) if answers else (),
        evidence=tuple(
            Evidence(p["path"] if "path" in p else p["file"], p.get("page"), p.get("quote")) for p in places
        ),
        answerable=row["answerable"],
        kind=row.get("kind") or row.get("type") or "",
        history=tuple(
            Turn(turn["role"], turn["text"] if "text" in turn else turn["content"]) for turn in row.get("history") or ()
        ),
    )


def _reason(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else f"not a gold row: {error}"
