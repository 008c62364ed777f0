"""Stops a chat model after so many characters or seconds, or when it repeats itself."""

import asyncio
import codecs
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TypeVar

from rag.errors import ModelTimeoutError
from rag.protocols import ChatModel
from rag.types import CutShort, ModelPiece, Turn

T = TypeVar("T")
CHARS_A_TOKEN = 16
"""More characters than a token has on average in any language: a server that counts tokens is not stopped by them."""
_LOOP = range(24, 241)
"""The length in characters of what a looping model repeats, which has a letter in it."""
_REPEATS = 5
_CHECK_EVERY = 200
"""Characters between two checks for a loop."""


async def next_within(items: AsyncIterator[T], seconds: float) -> T | None:
    """Return the next item, None at the end. Raises ``TimeoutError`` if it takes longer."""
    async with asyncio.timeout(seconds):
        return await anext(items, None)


class BoundedChat:
    """A model whose reply is bounded, in text that can be encoded: half characters are joined, or become U+FFFD.

    After ``max_chars`` characters or ``deadline`` seconds, or when the model repeats itself, its stream is closed and
    ``CutShort`` comes last. ``variables`` is the prefix of the variables that an error message names.
    """

    def __init__(self, model: ChatModel, max_chars: int, deadline: float, variables: str = "FOOTNOTE_LLM__") -> None:
        self.model = model
        self._max_chars = max_chars
        self._deadline = deadline
        self._variables = variables

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """See ``ChatModel``. Raises ``ModelTimeoutError`` if nothing is written within the deadline."""
        loop = asyncio.get_running_loop()
        reply, end = _BoundedReply(self._max_chars), loop.time() + self._deadline
        async with aclosing(self.model.stream(system, turns)) as pieces:
            try:
                while not reply.cut and (piece := await next_within(pieces, end - loop.time())) is not None:
                    if shown := reply.take(piece) if isinstance(piece, str) else piece:
                        yield shown
            except TimeoutError:
                reply.cut = f"the model was not done after {self._deadline:g} s"
        if reply.cut and not reply.length:
            raise ModelTimeoutError(
                f"The model {self.name} wrote nothing in {self._deadline:g} s: try again, or raise "
                f"{self._variables}DEADLINE_S."
            )
        if rest := reply.finish():
            yield rest
        if reply.cut:
            yield CutShort(reply.cut)


class _BoundedReply:
    """The reply so far; ``cut`` says why the model is to stop."""

    def __init__(self, max_chars: int) -> None:
        self.length = 0
        self.cut = ""
        self._max_chars = max_chars
        self._decoder = codecs.getincrementaldecoder("utf-16-le")("replace")
        self._tail = ""
        self._checked_at = 0

    def take(self, piece: str) -> str:
        """Return what can be shown of a piece."""
        text = self._decoder.decode(piece.encode("utf-16-le", "surrogatepass"))[: self._max_chars - self.length]
        self.length += len(text)
        self._tail = tail = (self._tail + text)[-_REPEATS * _LOOP[-1] :]
        if self.length == self._max_chars:
            self.cut = f"the model was not done after {self._max_chars} characters"
        elif self.length - self._checked_at >= _CHECK_EVERY:
            self._checked_at = self.length
            if any(tail.endswith(tail[-n:] * _REPEATS) and any(map(str.isalpha, tail[-n:])) for n in _LOOP):
                self.cut = "the model said the same over and over"
        return text

    def finish(self) -> str:
        """Return what is left of a half character."""
        return self._decoder.decode(b"", final=True)
