"""A journal entry as JSON. `footnote journal export` writes it, and `footnote eval draft --from` reads it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from api.core.inquiry import Via
from api.history.feedback_store import Feedback
from api.schemas.answer import SentenceBody, UsageBody
from api.schemas.question import Body, TurnBody
from rag.types import Answer, Decliner, Status

EndState = Literal["answered", "declined", "failed", "abandoned"]
"""``failed``: an error ended the question. ``abandoned``: the client left before the answer."""


class SourceBody(Body):
    """A cited place, in the form of a gold question's evidence."""

    path: str
    document: str
    page: int | None
    lines: tuple[int, int]
    place: str
    quote: str


class JournalAnswer(Body):
    """An answer, with its sources and costs."""

    status: Status
    declined_by: Decliner | None
    model: str
    answer: str
    """The text, with its markers."""
    citations: tuple[SourceBody, ...]
    sentences: tuple[SentenceBody, ...]
    confidence: float
    timings: Mapping[str, float]
    usage: UsageBody
    cut_short: str


class JournalEntry(Body):
    """A question and its outcome."""

    id: str
    asked: datetime
    principal: str
    via: Via
    question: str
    history: tuple[TurnBody, ...]
    ended: EndState
    failure: str | None
    """The kind of the error, if it failed."""
    result: JournalAnswer | None
    feedback: Feedback | None = None

    def line(self) -> str:
        """Return the entry as one JSON object, with the answer's and the feedback's fields beside its own."""
        fields = self.model_dump(mode="json", exclude={"result", "feedback"})
        for part in (self.result, self.feedback):
            fields |= part.model_dump(mode="json") if part else {}
        return json.dumps(fields, ensure_ascii=False)


def journal_answer(answer: Answer) -> JournalAnswer:
    """Return the part of an answer that the journal keeps."""
    return JournalAnswer(
        status=answer.status,
        declined_by=answer.declined_by,
        model=answer.model,
        answer=answer.text,
        citations=tuple(
            SourceBody(
                path=citation.passage.path,
                document=citation.passage.document_id,
                page=citation.locator.page,
                lines=(citation.locator.line_start, citation.locator.line_end),
                place=str(citation.locator),
                quote=citation.quote,
            )
            for citation in answer.citations
        ),
        sentences=tuple(SentenceBody.model_validate(sentence) for sentence in answer.sentences),
        confidence=answer.confidence,
        timings=dict(answer.timings),
        usage=UsageBody.model_validate(answer.usage),
        cut_short=answer.cut_short,
    )
