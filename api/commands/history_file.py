"""The file that holds a conversation between two runs of ``footnote ask``."""

import json
from pathlib import Path

from rag.errors import QuestionError
from rag.types import Answer, Question, Turn


def read_history(file: Path) -> tuple[Turn, ...]:
    """Return the turns in the file, or none where it is missing. Raises ``QuestionError``."""
    if not file.exists():
        return ()
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        if any(row["role"] not in ("user", "assistant") for row in rows):
            raise ValueError("a role is 'user' or 'assistant'")
        return tuple(Turn(row["role"], str(row["text"])) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise QuestionError(
            f"{file} is not a conversation ({error}). It must hold a JSON list of objects with 'role' and 'text'."
        ) from error


def write_history(file: Path, question: Question, answer: Answer) -> None:
    """Write the question's history, the question and the answer to the file. Raises ``QuestionError``."""
    turns = (*question.history, Turn("user", question.text), Turn("assistant", answer.text))
    rows = [{"role": turn.role, "text": turn.text} for turn in turns]
    try:
        file.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise QuestionError(f"The conversation cannot be written to {file}: {error.strerror}.") from error
