"""A language model as the writer of answers."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from indexes.types import Hit
from rag.prompting import prompts
from rag.prompting.context_window import OPEN, Window, fit
from rag.prompting.sentinels import SentinelFilter
from rag.protocols import ChatModel
from rag.question.followups import is_about_answer
from rag.types import Context, Piece, Question, RawReply, Revision, Turn, Unanswered


class LLMWriter:
    """Prompts a chat model with the sources and the question. The model cites the sources by their numbers."""

    def __init__(self, model: ChatModel, window: Window = OPEN) -> None:
        self._model = model
        self._window = window

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    def fit(self, question: Question, hits: Sequence[Hit]) -> Context:
        """See ``Writer``. Raises ``QuestionTooLongError`` if the window has no room for a source."""
        return fit(question, hits, self._window, _system(question))

    async def write(
        self, question: Question, context: Context, revision: Revision | None = None
    ) -> AsyncGenerator[Piece]:
        """See ``Writer``. Closing the generator closes the model's connection."""
        turns = [*context.turns, prompts.user_turn(question.text, prompts.sources_of(context.hits))]
        if revision:
            turns += [Turn("assistant", revision.reply), prompts.retry_turn(revision)]
        reply, sentinels = "", SentinelFilter()
        async with aclosing(self._model.stream(_system(question), turns)) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    reply += piece
                    yield sentinels.feed(piece)
                else:
                    yield piece
        yield sentinels.finish()
        yield Unanswered(sentinels.unanswered)
        yield RawReply(reply)


def _system(question: Question) -> str:
    about_answer = is_about_answer(question.text) and any(turn.role == "assistant" for turn in question.history)
    return prompts.system(question.language, about_answer=about_answer)
