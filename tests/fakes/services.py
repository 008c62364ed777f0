"""Services with few parts."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from api.context.question_service import QuestionService
from api.context.services import Services
from api.core.inquiry import Inquiry
from rag.protocols import Answerer
from rag.types import Event


def fake_services(answerer: Answerer, **parts: Any) -> Services:
    """Where ``answerer`` answers; ``parts`` are other services."""
    defaults = {"questions": QuestionService(answerer=answerer), "max_question_chars": 8000, "health": dict}
    return Services(**defaults | parts)


@dataclass(frozen=True, kw_only=True)
class RecordingQuestions(QuestionService):
    """Keeps the inquiries."""

    inquiries: list[Inquiry] = field(default_factory=list)

    def stream(self, inquiry: Inquiry) -> AsyncGenerator[Event]:
        self.inquiries.append(inquiry)
        return super().stream(inquiry)
