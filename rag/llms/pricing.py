"""What tokens cost, where the settings tell their prices."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from rag.protocols import ChatModel
from rag.types import ModelPiece, Turn, Usage


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, in one currency."""

    input: float | None = None
    output: float | None = None
    cached_input: float | None = None
    """Of what the server had read before; without a price, as the rest."""

    def cost(self, usage: Usage) -> float | None:
        """None where a price or a count is not known."""
        told = (usage.input_tokens, usage.output_tokens, self.input, self.output)
        if any(value is None for value in told):
            return None
        read, written, price, price_written = (value or 0 for value in told)
        cached = min(usage.cached_input_tokens or 0, read)
        cheaper = price if self.cached_input is None else self.cached_input
        return ((read - cached) * price + cached * cheaper + written * price_written) / 1e6


UNKNOWN = Prices()


class PricedChat:
    """Another model, whose usage also tells its cost."""

    def __init__(self, model: ChatModel, prices: Prices) -> None:
        self._model = model
        self._prices = prices

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """See ``ChatModel``."""
        async with aclosing(self._model.stream(system, turns)) as pieces:
            async for piece in pieces:
                yield replace(piece, cost=self._prices.cost(piece)) if isinstance(piece, Usage) else piece
