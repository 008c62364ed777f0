"""What is searched for in place of a question: a follow-up stands alone, a compound question is taken apart."""

import asyncio
import logging
import re
from contextlib import aclosing
from dataclasses import replace

from indexes.text.normalization import normalise
from indexes.text.token_count import estimate_tokens
from indexes.text.tokenization import stems
from indexes.types import Query
from rag.errors import ModelError
from rag.prompting import prompts
from rag.prompting.context_window import Counter, latest
from rag.protocols import ChatModel
from rag.question.decomposition import depends_on_context, is_compound, questions_in
from rag.question.followups import is_about_answer, resolve_turns
from rag.types import Question, Rewritten, Turn, Usage

_log = logging.getLogger(__name__)

_TURNS = 2
"""Earlier questions joined to this one: measured on multi-turn sets, better than the last alone."""
_SAID_TOKENS, _TURN_TOKENS = 700, 120
"""What a model is told of the conversation: the latest turns, and the beginning of each."""
_QUESTION_CHARS = 500
"""A longer question says enough, and would have to be repeated whole."""
_LINE_CHARS = 600
_REPLY_CHARS = (prompts.PARTS + 1) * _LINE_CHARS
"""Beyond it no more is read, and the model is stopped."""
_ITEM = re.compile(r"(?:[-*•–]|\d{1,2}[.)])\s+")
_DRESS = ' *_`"“”'
"""What models put around a line."""


def search_query(question: Question) -> Query:
    """What it stands for, with what the user asked lately: the words that a follow-up leaves out stand there."""
    text, *earlier = reversed(resolve_turns([*reversed(_asked(question)), question.text]))
    return Query(
        text,
        tuple(earlier[:_TURNS]),
        audience=question.audience,
        filters=question.filters,
        recency_days=question.recency_days,
    )


class OfflineRewriter:
    """Without a model: ``search_query``, its parts the questions that are joined in one and understood alone."""

    async def query(self, question: Question) -> Rewritten:
        query = search_query(question)
        joined = questions_in(query.text)
        parts = [part for part in joined if not depends_on_context(part)] if len(joined) > 1 else []
        return Rewritten(replace(query, parts=tuple(parts)))


OFFLINE = OfflineRewriter()


class ModelRewriter:
    """One short call to a model for a follow-up or a compound question, within ``timeout`` seconds; none for others.

    The model's words are searched for, no more: who asks and in what stay the question's own.
    """

    def __init__(self, model: ChatModel, *, timeout: float = 5.0, count: Counter = estimate_tokens) -> None:
        self._model = model
        self._timeout = timeout
        self._count = count

    async def query(self, question: Question) -> Rewritten:
        """As offline where the model fails, takes too long, or replies what is of no use."""
        offline = search_query(question)
        if not needs_rewriting(question):
            return Rewritten(offline)
        said = latest(question.history, _SAID_TOKENS, self._count, _TURN_TOKENS)
        reply, turn = _Reply(), prompts.rewriting_turn(question.text, said)
        try:
            async with asyncio.timeout(self._timeout):
                await reply.read(self._model, turn)
            query = _read(reply.text, question)
        except (ModelError, TimeoutError, _UselessError) as error:
            # not its words: a server's may repeat the question
            _log.warning("A question is searched for as it stands, as its rewriting failed: %s", type(error).__name__)
            query = offline
        return Rewritten(query, reply.usage)


def needs_rewriting(question: Question) -> bool:
    """Where the user asked something before, or it is compound by its wording.

    In a conversation every question does: one that changes the subject must be freed of what was asked before. But for
    one about the answer: it asks for what was searched for already.
    """
    if _asked(question) and is_about_answer(question.text):
        return False
    return len(question.text) <= _QUESTION_CHARS and (bool(_asked(question)) or is_compound(question.text))


class _UselessError(Exception):
    """The reply is not what was asked for."""


class _Reply:
    """What a model writes, as far as it is read."""

    def __init__(self) -> None:
        self.text = ""
        self.usage = Usage()

    async def read(self, model: ChatModel, turn: Turn) -> None:
        async with aclosing(model.stream(prompts.REWRITE, [turn])) as pieces:
            async for piece in pieces:
                if isinstance(piece, Usage):
                    self.usage = piece
                elif isinstance(piece, str):
                    self.text += piece
                if len(self.text) > _REPLY_CHARS:
                    return


def _read(reply: str, question: Question) -> Query:
    """The first line as the question and those after it as its parts; raises ``_UselessError``.

    A question that nothing was said before stands alone: its own words are kept.
    """
    told = normalise(reply)
    lines = [line for line in map(_bare, told.split("\n")) if any(map(str.isalnum, line))]
    if len(reply) > _REPLY_CHARS or not lines or len(lines[0]) > _LINE_CHARS or prompts.NO_ANSWER in told:
        raise _UselessError
    known = _matter("\n".join([question.text, *(turn.text for turn in question.history)]))
    if not _matter(lines[0]) & known:
        raise _UselessError
    text = lines[0] if _asked(question) else question.text
    others = dict.fromkeys(line for line in lines[1:] if line != text and len(line) <= _LINE_CHARS)
    parts = [line for line in others if _matter(line) & known][: prompts.PARTS]
    return replace(search_query(question), text=text, earlier=(), parts=tuple(parts))


def _bare(line: str) -> str:
    return _ITEM.sub("", " ".join(line.split()), count=1).strip(_DRESS)


def _matter(text: str) -> set[str]:
    """What two texts on one matter share; a script without spaces has its characters for words."""
    return {*stems(text), *(character for character in text if character >= "\u2e80")}


def _asked(question: Question) -> tuple[str, ...]:
    """What the user asked before, latest first."""
    return tuple(turn.text for turn in reversed(question.history) if turn.role == "user")
