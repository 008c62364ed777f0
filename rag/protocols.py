"""The seams of answering."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from indexes.types import Hit
from rag.types import (
    Answer,
    Completed,
    Context,
    Event,
    ModelPiece,
    Opinions,
    Piece,
    Question,
    Revision,
    Rewritten,
    Turn,
)


class ChatModel(Protocol):
    """A language model behind an API."""

    @property
    def name(self) -> str: ...

    def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """Yield the reply in pieces, then the usage once if the server gives it.

        Raises ``ModelError`` before the first piece, or later if the stream breaks.
        """


class Writer(Protocol):
    """Writes answers from passages: a language model, or the extractive writer."""

    @property
    def name(self) -> str: ...

    def fit(self, question: Question, hits: Sequence[Hit]) -> Context:
        """Return what the writer can read at once, the best passages first."""

    def write(self, question: Question, context: Context, revision: Revision | None = None) -> AsyncGenerator[Piece]:
        """Yield the answer in pieces; no text if the passages do not answer. Raises ``ModelError``.

        With ``revision``, write the answer once more.
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
