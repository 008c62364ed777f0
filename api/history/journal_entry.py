"""A journal's entry as JSON: what ``footnote journal export`` writes, and `footnote eval draft --from` reads."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from api.core.inquiry import Via
from api.history.feedback_store import Feedback
from api.schemas.answer import SentenceBody, UsageBody
from api.schemas.question import Body, TurnBody
from rag.types import Answer, Citation, Decliner, Status

Ended = Literal["answered", "declined", "failed", "abandoned"]
"""``failed`` where no answer came of it, ``abandoned`` where its asker left before."""


class SourceBody(Body):
    """A place that was cited, as a gold question's evidence."""

    path: str
    document: str
    page: int | None
    lines: tuple[int, int]
    place: str
    quote: str


class NotedAnswer(Body):
    """What came of a question."""

    status: Status
    declined_by: Decliner | None
    model: str
    answer: str
    """With its markers."""
    citations: tuple[SourceBody, ...]
    sentences: tuple[SentenceBody, ...]
    confidence: float
    timings: Mapping[str, float]
    usage: UsageBody
    cut_short: str


class Entry(Body):
    """A question that was asked, and what came of it."""

    id: str
    asked: datetime
    principal: str
    via: Via
    question: str
    history: tuple[TurnBody, ...]
    ended: Ended
    failure: str | None
    """The kind of the error where it failed."""
    noted: NotedAnswer | None
    feedback: Feedback | None = None

    def line(self) -> str:
        """On one level: what was noted, and what its asker thought of it, beside the question."""
        nested = {"noted", "feedback"}
        shown = self.model_dump(mode="json", exclude=nested)
        for part in (self.noted, self.feedback):
            shown |= part.model_dump(mode="json") if part else {}
        return json.dumps(shown, ensure_ascii=False)


def noted(answer: Answer) -> NotedAnswer:
    return NotedAnswer(
        status=answer.status,
        declined_by=answer.declined_by,
        model=answer.model,
        answer=answer.text,
        citations=tuple(_source(citation) for citation in answer.citations),
        sentences=tuple(SentenceBody.model_validate(sentence) for sentence in answer.sentences),
        confidence=answer.confidence,
        timings=dict(answer.timings),
        usage=UsageBody.model_validate(answer.usage),
        cut_short=answer.cut_short,
    )


def _source(citation: Citation) -> SourceBody:
    place = citation.locator
    return SourceBody(
        path=citation.passage.path,
        document=citation.passage.document_id,
        page=place.page,
        lines=(place.line_start, place.line_end),
        place=str(place),
        quote=citation.quote,
    )
