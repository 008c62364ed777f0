"""Makes drafts of gold questions from users' feedback on answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from eval.drafting.generator import TO_CHECK, make_draft
from eval.gold.rows import GoldError, NonEmptyText, PlaceRow, numbered_lines, validation_message
from eval.types import GoldCase
from rag.citations.markers import without_markers


class FeedbackRow(BaseModel):
    """A line of the file: a question, the answer that was given, and the user's verdict.

    ``better_answer`` is the user's own. ``citations`` are the answer's places, written as a gold question's evidence;
    an answer without citations declined, unless its ``status`` is ``unverified``.
    """

    question: NonEmptyText
    answer: str = ""
    status: str = ""
    verdict: Literal["up", "down"]
    better_answer: str | None = None
    citations: list[PlaceRow] = []

    def draft(self) -> GoldCase:
        """Return the draft. A person must check a disliked answer's places and the user's own answer."""
        evidence = tuple(place.evidence(Path()) for place in self.citations)
        if self.verdict == "down":
            better = (self.better_answer or "").strip()
            return make_draft(self.question, (better,) if better else (), evidence, "disliked", TO_CHECK)
        unverified = self.status == "unverified"
        answer = without_markers(self.answer).strip() if evidence or unverified else ""
        to_check = [TO_CHECK] if unverified or (evidence and not answer) else []
        return make_draft(self.question, (answer,) if answer else (), evidence, "liked", *to_check)


def read_feedback(file: Path) -> Iterator[GoldCase]:
    """Yield a draft per question, by its last feedback. Raises ``GoldError``."""
    drafts = dict[str, GoldCase]()
    for number, line in numbered_lines(file):
        try:
            case = FeedbackRow.model_validate_json(line, strict=True).draft()
        except ValidationError as error:
            raise GoldError(f"{file}:{number}: {validation_message(error)}.") from error
        except GoldError as error:
            raise GoldError(f"{file}:{number}: {error}.") from error
        drafts[case.id] = case
    yield from drafts.values()
