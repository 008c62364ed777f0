"""The seams of answering."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from rag.types import Answer, Completed, Event, Opinions, Piece, Question, Rewritten, Turn


class ChatModel(Protocol):
    """A model that writes: a server behind an API, or the offline answerer."""

    @property
    def name(self) -> str: ...

    def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        """The reply in pieces as they come, then once the usage where the server gives it; a confidence at any time.

        Raises ``ModelError`` in words: before the first piece, or after some where the stream broke.
        """


class Rewriter(Protocol):
    """Makes of a question, and of what was said before it, what is searched for."""

    async def query(self, question: Question) -> Rewritten:
        """Never fails for a model's sake: then the question is searched for as without one."""


class Entailment(Protocol):
    """A second opinion on whether a source says what a sentence does."""

    @property
    def name(self) -> str: ...

    async def entails(self, pairs: Sequence[tuple[str, str]], /) -> Opinions:
        """One for each pair of a premise and a claim, in order. Raises ``ModelError``."""


class Answerer(Protocol):
    """The one path that a question takes."""

    def stream(self, question: Question) -> AsyncGenerator[Event]:
        """``Retrieved``, then ``Delta``…, then exactly one ``Completed``; or a ``FootnoteError``."""

    async def answer(self, question: Question) -> Answer:
        """The ``Completed`` answer of ``stream``."""
        async with aclosing(self.stream(question)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    return event.answer
        raise AssertionError("stream() always completes")
