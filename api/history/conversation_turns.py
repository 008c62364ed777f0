"""The turns of stored conversations: one question after the other, each with the history before it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from weakref import WeakValueDictionary

from api.core.inquiry import Inquiry, Recording
from api.history.conversation_store import Conversations
from indexes.errors import FootnoteError
from rag.types import Answer

_PATIENCE = 5.0
"""Seconds that a question waits for the one before. A client may stop one and ask again before we notice."""


class BusyConversationError(FootnoteError):
    """An answer is still being written in that conversation."""

    kind = "conversation-busy"


class ConversationTurns:
    """Adds a conversation's turns to its next question, and stores question and answer.

    An answer that is not completed, because the model failed or the client left, leaves the question without one.
    """

    def __init__(self, conversations: Conversations, *, patience: float = _PATIENCE) -> None:
        self._conversations = conversations
        self._patience = patience
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def record(self, inquiry: Inquiry, /) -> AsyncIterator[Recording]:
        """Store the inquiry's turn, one at a time in each conversation: the next question builds on the answer before.

        Raises ``UnknownConversationError`` and ``BusyConversationError``.
        """
        conversation = inquiry.conversation
        assert conversation is not None  # noqa: S101 - other inquiries do not come here
        lock = self._locks.setdefault(conversation, asyncio.Lock())
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError:
            raise BusyConversationError(
                "An answer is still being written in this conversation: wait for it, or stop it."
            ) from None
        try:
            history = await asyncio.to_thread(self._conversations.begin, inquiry, conversation)

            async def save(answer: Answer) -> None:
                await asyncio.to_thread(self._conversations.complete, inquiry, conversation, answer)

            yield Recording(replace(inquiry, question=replace(inquiry.question, history=history)), save)
        finally:
            lock.release()
