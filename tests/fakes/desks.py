"""Desks with little on them."""

from collections.abc import AsyncGenerator
from typing import Any

from api.context.services import Desk
from api.core.answerer import Ask, Direct
from rag.protocols import Answerer
from rag.types import Event


def desk(answerer: Answerer, **parts: Any) -> Desk:
    """Where ``answerer`` answers; ``parts`` are the desk's others."""
    return Desk(**{"asking": Direct(answerer), "max_question_chars": 8000, "health": dict} | parts)


class RecordingAsking(Direct):
    """Keeps what was asked."""

    def __init__(self, answerer: Answerer) -> None:
        super().__init__(answerer)
        self.asks: list[Ask] = []

    def stream(self, ask: Ask, /) -> AsyncGenerator[Event]:
        self.asks.append(ask)
        return super().stream(ask)
