"""Feedback on answers, stored wherever the answer is stored."""

from typing import Literal, Protocol

from pydantic import Field

from api.core.principals import Principal
from api.schemas.question import Body, Text
from indexes.errors import FootnoteError

Reason = Literal[
    "wrong", "incomplete", "unsupported", "outdated", "should_have_answered", "should_have_declined", "other"
]


class UnknownAnswerError(FootnoteError):
    """No such answer is stored, or it belongs to another caller. The message never says which."""

    kind = "not-found"


class Feedback(Body):
    """A caller's opinion of an answer."""

    verdict: Literal["up", "down"]
    reason: Reason | None = Field(None, description="what is wrong with the answer")
    comment: Text = Field("", max_length=2000)
    better_answer: Text = Field("", max_length=8000, description="what the answer should have been")


class FeedbackStore(Protocol):
    """Stores answers and the feedback on them."""

    def rate(self, principal: Principal, answer_id: str, feedback: Feedback, /) -> bool:
        """Replace the feedback on an answer of the caller. Return False if there is no such answer. May block."""


class FeedbackStores:
    """Passes feedback to every store that holds the answer."""

    def __init__(self, *stores: FeedbackStore) -> None:
        self._stores = stores

    def give(self, principal: Principal, answer_id: str, feedback: Feedback) -> None:
        """Store feedback on an answer of the caller. Raises ``UnknownAnswerError``."""
        if not any([store.rate(principal, answer_id, feedback) for store in self._stores]):  # noqa: C419 - all of them
            raise UnknownAnswerError(
                "You have no stored answer with this id. Answers are stored in conversations, and in the journal if "
                "journal.on is set."
            )
