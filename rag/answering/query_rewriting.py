"""The search query of a question: a follow-up is made to stand alone, a compound question is taken apart."""

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
from rag.evidence.wording.language_id import content_of, identify_language, is_foreign_to
from rag.llms.reasoning import spoken
from rag.prompting import prompts
from rag.prompting.context_window import Counter, latest
from rag.protocols import ChatModel
from rag.question.collection import about_collection
from rag.question.decomposition import depends_on_context, is_compound, questions_in
from rag.question.followups import is_about_answer, resolve_turns, stands_alone
from rag.question.languages import language_names
from rag.types import Discarded, Question, Rewritten, Usage

_log = logging.getLogger(__name__)

_TURNS = 2
"""Earlier questions joined to this one: measured on multi-turn sets, better than the last alone."""
_HISTORY_TOKENS, _TURN_TOKENS = 700, 120
"""The model is given the latest turns, and the beginning of each."""
_QUESTION_CHARS = 500
"""A longer question says enough, and would have to be repeated whole."""
_LINE_CHARS = 600
_REPLY_CHARS = (prompts.PARTS + 1) * _LINE_CHARS
"""A longer reply is useless, and the model is stopped."""
_LIST_ITEM = re.compile(r"(?:[-*•–]|\d{1,2}[.)])\s+")
_DECORATION = ' *_`"“”'
"""Characters that models put around a line."""


def search_query(question: Question) -> Query:
    """Return the question with the user's latest questions, which have the words that a follow-up leaves out.

    One that may be on another subject is searched for by itself too.
    """
    text, earlier = question.text, list(_earlier_questions(question))
    if earlier:
        text, *earlier = reversed(resolve_turns([*reversed(earlier), text]))
    return Query(
        text,
        tuple(earlier[:_TURNS]),
        (text,) if earlier and stands_alone(text) else (),
        audience=question.audience,
        filters=question.filters,
        recency_days=question.recency_days,
    )


class OfflineRewriter:
    """Rewrites by rule: ``search_query``, with the parts of a compound question that stand alone."""

    async def query(
        self,
        question: Question,
        languages: frozenset[str] = frozenset(),  # noqa: ARG002 - no rule translates
    ) -> Rewritten:
        """See ``Rewriter``."""
        query = search_query(question)
        parts = questions_in(query.text)
        standalone = [part for part in parts if not depends_on_context(part)] if len(parts) > 1 else []
        return Rewritten(replace(query, parts=tuple(standalone) or query.parts))


OFFLINE = OfflineRewriter()


class UselessReplyError(Exception):
    """The model's reply is no rewritten question."""


class ModelRewriter:
    """Makes one short call to a model, within ``timeout`` seconds.

    It does so for a follow-up, a compound question, and a question in another language than the documents.

    The model's words are only searched for. The audience and the filters stay the question's own.
    """

    def __init__(self, model: ChatModel, *, timeout: float = 5.0, count: Counter = estimate_tokens) -> None:
        self._model = model
        self._timeout = timeout
        self._count = count

    async def query(self, question: Question, languages: frozenset[str] = frozenset()) -> Rewritten:
        """See ``Rewriter``. If the model fails, takes too long or replies nothing useful, rewrite by rule."""
        offline = search_query(question)
        names = language_names(languages) if is_foreign_to(question.text, languages) else ()
        if not (needs_rewriting(question) or (names and is_short(question))):
            return Rewritten(offline)
        history = latest(question.history, _HISTORY_TOKENS, self._count, _TURN_TOKENS)
        turn, reply, usage = prompts.rewriting_turn(question.text, history), "", Usage()
        try:
            async with (
                asyncio.timeout(self._timeout),
                aclosing(spoken(self._model, prompts.rewriting_system(names), [turn])) as pieces,
            ):
                async for piece in pieces:
                    if isinstance(piece, Usage):
                        usage = piece
                    elif isinstance(piece, Discarded):
                        reply = ""
                    elif isinstance(piece, str):
                        reply += piece
                    if len(reply) > _REPLY_CHARS:
                        break
            return Rewritten(parse_reply(reply, question, translated=bool(names)), usage)
        except (ModelError, TimeoutError, UselessReplyError) as error:
            # not its words: a server's may repeat the question
            _log.warning("A question is searched for as it stands, as its rewriting failed: %s", type(error).__name__)
            return Rewritten(offline, usage)


def needs_rewriting(question: Question) -> bool:
    """Tell whether a question follows another, or is compound by its wording.

    Every question in a conversation does: one that changes the subject must be freed of the earlier ones. A question
    about the last answer does not: it searches for the same again.
    """
    follows = bool(_earlier_questions(question))
    if follows and is_about_answer(question.text):
        return False
    return is_short(question) and (follows or is_compound(question.text))


def is_short(question: Question) -> bool:
    """Tell whether a model can repeat the question within the time for rewriting."""
    return len(question.text) <= _QUESTION_CHARS


def parse_reply(reply: str, question: Question, *, translated: bool = False) -> Query:
    """Return the query in a reply: the first line is the question, those after it are its parts.

    The first question of a conversation keeps its own words, unless the reply was to be ``translated`` and is. Raises
    ``UselessReplyError``.
    """
    normal = normalise(reply)
    lines = [_LIST_ITEM.sub("", " ".join(line.split()), count=1).strip(_DECORATION) for line in normal.split("\n")]
    lines = [line for line in lines if any(map(str.isalnum, line))]
    if len(reply) > _REPLY_CHARS or not lines or len(lines[0]) > _LINE_CHARS or prompts.NO_ANSWER in normal:
        raise UselessReplyError
    known = _topic_words("\n".join([question.text, *(turn.text for turn in question.history)]))
    translated = translated and identify_language(lines[0]) != identify_language(question.text)
    if translated:
        known |= _topic_words(lines[0])
    elif not _topic_words(lines[0]) & known:
        raise UselessReplyError
    text = lines[0] if translated or _earlier_questions(question) else question.text
    original = content_of(question.text) if translated else ""
    others = dict.fromkeys(line for line in lines[1:] if line != text and len(line) <= _LINE_CHARS)
    parts = [line for line in others if _topic_words(line) & known][: prompts.PARTS]
    return replace(search_query(question), text=text, earlier=(), parts=tuple(parts), original=original)


def _topic_words(text: str) -> set[str]:
    """Return the words that two texts on one topic share. In a script without spaces, each character is a word."""
    return {*stems(text), *(character for character in text if character >= "\u2e80")}


def _earlier_questions(question: Question) -> tuple[str, ...]:
    """Return what the user asked before, latest first."""
    asked = (turn.text for turn in reversed(question.history) if turn.role == "user")
    return tuple(text for text in asked if not about_collection(text))
