"""The seams of answering."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from indexes.types import Hit, Passage, Scope
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
    def name(self) -> str:
        """The name that answers and runs show."""

    def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """Yield the reply in pieces, then the usage once if the server gives it.

        Raises ``ModelError`` before the first piece, or later if the stream breaks.
        """


class Writer(Protocol):
    """Writes answers from passages: a language model, or the extractive writer."""

    @property
    def name(self) -> str:
        """The name that answers and runs show."""

    def fit(self, question: Question, hits: Sequence[Hit]) -> Context:
        """Return what the writer can read at once, the best passages first."""

    def write(self, question: Question, context: Context, revision: Revision | None = None) -> AsyncGenerator[Piece]:
        """Yield the answer in pieces; no text if the passages do not answer. Raises ``ModelError``.

        With ``revision``, write the answer once more.
        """


class Rewriter(Protocol):
    """Turns a question and its conversation into a search query."""

    async def query(self, question: Question, languages: frozenset[str] = frozenset()) -> Rewritten:
        """Return the query, in one of the documents' ``languages`` if it can be put into it.

        If a model fails, return the query that needs none.
        """


class Library(Protocol):
    """What the index holds, within a scope."""

    def languages(self, scope: Scope) -> frozenset[str]:
        """The languages of the documents, as ``identify_language`` names them; others are left out."""

    def documents(self, scope: Scope, *, limit: int) -> tuple[Sequence[str], int]:
        """The paths of the first documents in the order of paths, and the number of all."""

    def named(self, name: str, scope: Scope) -> Sequence[str]:
        """The paths of the documents whose file has this name, or that lie at this path."""

    def beginning(self, path: str, scope: Scope, *, limit: int) -> Sequence[Passage]:
        """The first passages of the document at this path."""


class Entailment(Protocol):
    """A second opinion: does a claim follow from a source?"""

    @property
    def name(self) -> str:
        """The name that answers and runs show."""

    async def entails(self, pairs: Sequence[tuple[str, str]], /) -> Opinions:
        """Return an opinion on each pair of a premise and a claim, in order. Raises ``ModelError``."""


class Answerer(Protocol):
    """Answers questions. Streaming is the primitive: ``answer`` drains ``stream``."""

    def stream(self, question: Question) -> AsyncGenerator[Event]:
        """Yield ``Retrieved``, then ``Delta``…, then exactly one ``Completed``; or raise a ``FootnoteError``."""

    async def answer(self, question: Question) -> Answer:
        """Return the answer that ``stream`` completes."""
        async with aclosing(self.stream(question)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    return event.answer
        raise AssertionError("stream() always completes")
