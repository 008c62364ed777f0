"""What users said of answers becomes drafts of gold questions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from eval.drafting.generator import TO_CHECK, make_draft
from eval.gold.rows import GoldError, NonEmptyText, PlaceRow, validation_message
from eval.types import GoldCase
from rag.citations.markers import without_markers


class FeedbackRow(BaseModel):
    """A line of the file: the question, the answer that was given, what the user thought of it.

    ``better_answer`` is the user's own. ``citations`` are the answer's places, written as a gold question's evidence;
    an answer without any declined.
    """

    question: NonEmptyText
    answer: str = ""
    verdict: Literal["up", "down"]
    better_answer: str | None = None
    citations: list[PlaceRow] = []


def read_feedback(file: Path) -> Iterator[GoldCase]:
    """A draft a question, the last that was said of it. Raises ``GoldError``."""
    try:
        lines = file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise GoldError(f"{file} cannot be read: {error.strerror}.") from error
    drafts = dict[str, GoldCase]()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                case = _draft(FeedbackRow.model_validate_json(line, strict=True))
            except ValidationError as error:
                raise GoldError(f"{file}:{number}: {validation_message(error)}.") from error
            except GoldError as error:
                raise GoldError(f"{file}:{number}: {error}.") from error
            drafts[case.id] = case
    yield from drafts.values()


def _draft(row: FeedbackRow) -> GoldCase:
    """Where the answer was wrong, its places may be too, and so may the user's own answer: a person checks them."""
    evidence = tuple(place.evidence(Path()) for place in row.citations)
    if row.verdict == "up":
        said = without_markers(row.answer).strip() if evidence else ""
        half = [TO_CHECK] if evidence and not said else []
        return make_draft(row.question, (said,) if said else (), evidence, "liked", *half)
    better = (row.better_answer or "").strip()
    return make_draft(row.question, (better,) if better else (), evidence, "disliked", TO_CHECK)
