"""The cost of tokens, at the prices in the settings."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from rag.protocols import ChatModel
from rag.types import ModelPiece, Turn, Usage


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a million tokens, in one currency."""

    input: float | None = None
    output: float | None = None
    cached_input: float | None = None
    """The price of input that the server had cached; ``input`` if there is none."""

    def cost(self, usage: Usage) -> float | None:
        """Return the cost; None if a price or a count is unknown."""
        read, written = usage.input_tokens, usage.output_tokens
        if read is None or written is None or self.input is None or self.output is None:
            return None
        cached = min(usage.cached_input_tokens or 0, read)
        cached_price = self.input if self.cached_input is None else self.cached_input
        return ((read - cached) * self.input + cached * cached_price + written * self.output) / 1e6


UNKNOWN = Prices()


class PricedChat:
    """A model whose usage includes its cost."""

    def __init__(self, model: ChatModel, prices: Prices) -> None:
        self._model = model
        self._prices = prices

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """See ``ChatModel``."""
        async with aclosing(self._model.stream(system, turns)) as pieces:
            async for piece in pieces:
                yield replace(piece, cost=self._prices.cost(piece)) if isinstance(piece, Usage) else piece
