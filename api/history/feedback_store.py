"""What people say of answers: kept with each keeper that has the answer."""

from typing import Literal, Protocol

from pydantic import Field

from api.core.principals import Principal
from api.schemas.question import Body, Text
from indexes.errors import FootnoteError

Reason = Literal[
    "wrong", "incomplete", "unsupported", "outdated", "should_have_answered", "should_have_declined", "other"
]


class UnknownAnswerError(FootnoteError):
    """No such answer is kept, or it is another's: never says which."""

    kind = "not-found"


class Feedback(Body):
    """What its asker thinks of an answer."""

    verdict: Literal["up", "down"]
    reason: Reason | None = Field(None, description="what is the matter with it")
    comment: Text = Field("", max_length=2000)
    better_answer: Text = Field("", max_length=8000, description="what it should have said")


class Keeper(Protocol):
    """Keeps answers, and what is said of them."""

    def rate(self, principal: Principal, answer_id: str, feedback: Feedback, /) -> bool:
        """Keeps it in place of what was said before; False where it has no such answer of theirs. May block."""


class FeedbackBox:
    """Takes feedback to all who keep the answer."""

    def __init__(self, *keepers: Keeper) -> None:
        self._keepers = keepers

    def give(self, principal: Principal, answer_id: str, feedback: Feedback) -> None:
        """Raises ``UnknownAnswerError``."""
        if not any([keeper.rate(principal, answer_id, feedback) for keeper in self._keepers]):  # noqa: C419 - all of them
            raise UnknownAnswerError(
                "There is no answer with this id that is yours and is kept: answers are kept in conversations, and in "
                "the journal where journal.on is set."
            )
