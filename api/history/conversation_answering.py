"""What is asked within a conversation that is kept."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from weakref import WeakValueDictionary

from api.core.answerer import Ask, Asking
from api.history.conversation_store import Conversations
from indexes.errors import FootnoteError
from rag.types import Completed, Event

_PATIENCE = 5.0
"""Seconds that a question waits for the one before: a client that stopped it asks anew before that is noticed here."""


class BusyConversationError(FootnoteError):
    """An answer is still being written in that conversation."""

    kind = "conversation-busy"


class KeptAsking(Asking):
    """Brings a conversation's turns to its next question, and keeps question and answer before the answer is told.

    An answer that is not completed, as the model failed or the client left, leaves its question alone.
    """

    def __init__(self, asking: Asking, conversations: Conversations, *, patience: float = _PATIENCE) -> None:
        self._asking = asking
        self._conversations = conversations
        self._patience = patience
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def stream(self, ask: Ask, /) -> AsyncGenerator[Event]:
        """As ``Asking``; raises ``UnknownConversationError``, ``BusyConversationError`` too."""
        if ask.conversation is None:
            async with aclosing(self._asking.stream(ask)) as events:
                async for event in events:
                    yield event
            return
        async with self._turn(ask.conversation), aclosing(self._kept(ask, ask.conversation)) as events:
            async for event in events:
                yield event

    async def _kept(self, ask: Ask, conversation: str) -> AsyncGenerator[Event]:
        history = await asyncio.to_thread(self._conversations.begin, ask, conversation)
        asked = replace(ask, question=replace(ask.question, history=history))
        async with aclosing(self._asking.stream(asked)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    await asyncio.to_thread(self._conversations.complete, ask, conversation, event.answer)
                yield event

    @asynccontextmanager
    async def _turn(self, conversation: str) -> AsyncIterator[None]:
        """One at a time: the next question leans on the answer before it."""
        lock = self._turns.setdefault(conversation, asyncio.Lock())
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError:
            raise BusyConversationError(
                "An answer is still being written in this conversation: wait for it, or stop it."
            ) from None
        try:
            yield
        finally:
            lock.release()
