"""A language model as the writer of answers."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from indexes.types import Hit
from rag.citations.markers import without_markers
from rag.errors import ModelEmptyError
from rag.llms.reasoning import spoken
from rag.prompting import prompts
from rag.prompting.context_window import OPEN, Window, fit
from rag.prompting.parroting import ParrotFilter
from rag.prompting.sentinels import SentinelFilter
from rag.prompting.wrapping import FenceFilter, SourceListFilter
from rag.protocols import ChatModel
from rag.question.followups import is_about_answer
from rag.types import Context, Discarded, Piece, Question, RawReply, Revision, Turn, Unanswered


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
        reply = ReplyReader(question, context)
        async with aclosing(spoken(self._model, _system(question), turns)) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    yield reply.feed(piece)
                    continue
                if isinstance(piece, Discarded):
                    reply = ReplyReader(question, context)
                yield piece
        yield reply.finish()
        if reply.is_empty:
            raise ModelEmptyError.of(self.name)
        yield Unanswered(reply.unanswered)
        yield RawReply(reply.text)


class ReplyReader:
    """Reads a reply as it streams: what wraps the answer is left out, and so is what says that there is none.

    ``feed`` and ``finish`` return the text that is settled.
    """

    def __init__(self, question: Question, context: Context) -> None:
        self.text = ""
        """The reply as it came."""
        passages = [hit.passage for hit in context.hits]
        names = {name for passage in passages for name in (passage.title, passage.path.rpartition("/")[2])}
        self._fence, self._sentinels = FenceFilter(), SentinelFilter()
        self._parrot = ParrotFilter(passage.text for passage in passages)
        self._sources = SourceListFilter(names, question.text)
        self._shown = False

    @property
    def unanswered(self) -> str:
        """The part of the question that the model says the sources do not answer."""
        return self._sentinels.unanswered

    @property
    def is_empty(self) -> bool:
        """Whether the reply has neither an answer nor a word that there is none."""
        return not (self._shown or self._sentinels.declined or self.unanswered)

    def feed(self, piece: str) -> str:
        """Take a piece of the reply."""
        self.text += piece
        return self._read(self._fence.feed(piece))

    def finish(self) -> str:
        """Take the end of the reply."""
        settled = self._read(self._fence.finish())
        rest = self._sentinels.feed(self._parrot.finish())
        if self._parrot.dropped and not self._shown:
            rest += self._sentinels.feed(prompts.NO_ANSWER)
        rest += self._sentinels.finish()
        return settled + self._show(self._sources.feed(rest) + self._sources.finish())

    def _read(self, text: str) -> str:
        return self._show(self._sources.feed(self._sentinels.feed(self._parrot.feed(text))))

    def _show(self, text: str) -> str:
        self._shown = self._shown or any(map(str.isalnum, without_markers(text)))
        return text


def _system(question: Question) -> str:
    about_answer = is_about_answer(question.text) and any(turn.role == "assistant" for turn in question.history)
    return prompts.system(question.language, about_answer=about_answer)
