"""What is asked by HTTP, whichever way it comes in: by the native API, OpenAI's, MCP or the page.

An ``Asking`` is made of others, as retrievers are: what counts, keeps or limits stands around the one that answers.
"""

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, Protocol

from api.core.principals import LOCAL, Principal
from rag.protocols import Answerer
from rag.types import Answer, Completed, Event, Question

Via = Literal["api", "openai", "mcp", "slack"]


def new_id() -> str:
    """22 characters, 128 bits: nobody guesses another's."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question on its way: who asks it, in which conversation, and under which id its answer will be known."""

    question: Question
    """Its audience is the principal's."""
    principal: Principal = LOCAL
    conversation: str | None = None
    """The id of one that is kept: its turns are the question's history, and the answer becomes its next."""
    via: Via = "api"
    id: str = field(default_factory=new_id)


class Asking(Protocol):
    """Answers what is asked."""

    def stream(self, ask: Ask, /) -> AsyncGenerator[Event]:
        """As ``Answerer.stream``: ``Retrieved``, then ``Delta``…, then exactly one ``Completed``; or a failure."""

    async def answer(self, ask: Ask, /) -> Answer:
        """The ``Completed`` answer of ``stream``."""
        async with aclosing(self.stream(ask)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    return event.answer
        raise AssertionError("stream() always completes")


class Direct(Asking):
    """Asks the engine."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    async def stream(self, ask: Ask, /) -> AsyncGenerator[Event]:
        async with aclosing(self._answerer.stream(ask.question)) as events:
            async for event in events:
                yield event
