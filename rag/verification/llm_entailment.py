"""A second opinion by the language model: one short call for all sentences of an answer."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing

from rag.errors import ModelTimeoutError
from rag.prompting import prompts
from rag.protocols import ChatModel
from rag.types import Opinions, Usage

_MOST = 12
"""Claims of one call; the further ones have no opinion."""
_LINE = re.compile(r"\s*[*_`]*(\d{1,2})[.):\s*_`-]{1,6}(yes|no)\b[^\n\w]*$", re.IGNORECASE | re.MULTILINE)
_SAID = {"yes": 0.95, "no": 0.05}
"""A model's word is no certainty."""
_REPLY_CHARS = 600
"""Beyond it no more is read, and the model is stopped."""


class ModelEntailment:
    """What it does not answer in the form that was asked for is no opinion. ``timeout`` is in seconds."""

    def __init__(self, model: ChatModel, *, timeout: float = 10.0) -> None:
        self._model = model
        self._timeout = timeout

    @property
    def name(self) -> str:
        return self._model.name

    async def entails(self, pairs: Sequence[tuple[str, str]], /) -> Opinions:
        """Raises ``ModelError``."""
        try:
            async with asyncio.timeout(self._timeout):
                reply, usage = await self._reply(pairs[:_MOST])
        except TimeoutError as error:
            raise ModelTimeoutError(f"{self.name} gave no opinion within {self._timeout:g} s.") from error
        return Opinions(tuple(read(reply, len(pairs))), usage)

    async def _reply(self, pairs: Sequence[tuple[str, str]]) -> tuple[str, Usage]:
        reply, usage = "", Usage()
        async with aclosing(self._model.stream(prompts.ENTAIL, [prompts.entailment_turn(pairs)])) as pieces:
            async for piece in pieces:
                if isinstance(piece, Usage):
                    usage = piece
                elif isinstance(piece, str):
                    reply += piece
                if len(reply) > _REPLY_CHARS:
                    break
        return reply, usage


def read(reply: str, count: int) -> list[float | None]:
    """One for each claim; None for one that is not answered, or both ways."""
    told: dict[int, set[str]] = {}
    for number, said in _LINE.findall(reply):
        told.setdefault(int(number), set()).add(said.lower())
    return [_SAID[min(said)] if len(said := told.get(number, set())) == 1 else None for number in range(1, count + 1)]
