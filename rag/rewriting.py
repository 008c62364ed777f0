"""A follow-up becomes a query that stands alone."""

from indexes.types import Query
from rag.types import Question

_TURNS = 2
"""Earlier questions joined to this one: measured on multi-turn sets, better than the last alone."""


def search_query(question: Question) -> Query:
    """With what the user asked lately: the words that a follow-up leaves out stand in what came before."""
    asked = [turn.text for turn in question.history if turn.role == "user"][-_TURNS:]
    return Query(
        question.text,
        tuple(reversed(asked)),
        audience=question.audience,
        filters=question.filters,
        recency_days=question.recency_days,
    )
