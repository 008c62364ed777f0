"""A chat model that is stopped: after so many characters or seconds, or where it goes round in circles."""

import asyncio
import codecs
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from rag.errors import ModelTimeoutError
from rag.protocols import ChatModel
from rag.types import CutShort, ModelPiece, Turn

CHARS_A_TOKEN = 16
"""No language has as many on average: a server that keeps to its tokens is not stopped by them."""
_ROUND = range(24, 241)
"""Characters, with a letter among them, that come again and again where a model has lost its way."""
_ROUNDS = 5
_LOOKED_AT = 200
"""How many characters are awaited before it is looked for a round again."""


class BoundedChat:
    """What ``model`` writes, as text that can be encoded: half characters are joined, or replaced by U+FFFD.

    Where it is not done after ``max_chars`` characters or ``deadline`` seconds, or says one thing over and over, its
    stream is closed and ``CutShort`` comes last. ``variables`` are what mends a deadline that nothing was written in.
    """

    def __init__(self, model: ChatModel, max_chars: int, deadline: float, variables: str = "FOOTNOTE_LLM__") -> None:
        self.model = model
        self._max_chars = max_chars
        self._deadline = deadline
        self._variables = variables

    @property
    def name(self) -> str:
        return self.model.name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """See ``ChatModel``."""
        written, ends = _Written(self._max_chars), asyncio.get_running_loop().time() + self._deadline
        async with aclosing(self.model.stream(system, turns)) as pieces:
            try:
                while not written.cut and (piece := await _next(pieces, ends)) is not None:
                    if taken := written.take(piece) if isinstance(piece, str) else piece:
                        yield taken
            except TimeoutError:
                written.cut = f"the model was not done after {self._deadline:g} s"
        if written.cut and not written.length:
            raise ModelTimeoutError(self._too_late())
        if half := written.finish():
            yield half
        if written.cut:
            yield CutShort(written.cut)

    def _too_late(self) -> str:
        late = f"The model {self.name} wrote nothing in {self._deadline:g} s"
        return f"{late}: try again, or raise {self._variables}DEADLINE_S."


class _Written:
    """What a model has written so far; ``cut`` says why no more of it is wanted."""

    def __init__(self, max_chars: int) -> None:
        self.length = 0
        self.cut = ""
        self._max_chars = max_chars
        self._characters = codecs.getincrementaldecoder("utf-16-le")("replace")
        self._tail = ""
        self._looked_at = 0

    def take(self, piece: str) -> str:
        """What can be shown of it."""
        text = self._characters.decode(piece.encode("utf-16-le", "surrogatepass"))[: self._max_chars - self.length]
        self.length += len(text)
        self._tail = (self._tail + text)[-_ROUNDS * _ROUND[-1] :]
        if self.length == self._max_chars:
            self.cut = f"the model was not done after {self._max_chars} characters"
        elif self.length - self._looked_at >= _LOOKED_AT:
            self._looked_at = self.length
            self.cut = "the model said the same over and over" if _goes_round(self._tail) else ""
        return text

    def finish(self) -> str:
        return self._characters.decode(b"", final=True)


async def _next(pieces: AsyncGenerator[ModelPiece], ends: float) -> ModelPiece | None:
    async with asyncio.timeout_at(ends):
        return await anext(pieces, None)


def _goes_round(tail: str) -> bool:
    return any(tail.endswith(tail[-n:] * _ROUNDS) and any(map(str.isalpha, tail[-n:])) for n in _ROUND)
