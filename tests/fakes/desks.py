"""Desks with little on them."""

from typing import Any

from api.asking import Direct
from api.desk import Desk
from rag.protocols import Answerer


def desk(answerer: Answerer, **parts: Any) -> Desk:
    """Where ``answerer`` answers; ``parts`` are the desk's others."""
    return Desk(**{"asking": Direct(answerer), "max_question_chars": 8000, "health": dict} | parts)
