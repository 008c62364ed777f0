"""A second opinion that is always the same."""

from collections.abc import Sequence

from rag.types import Opinions, Usage


class FixedEntailment:
    """Gives one opinion of everything, or fails. Keeps what it was asked."""

    name = "fixed"

    def __init__(self, opinion: float | Exception | None) -> None:
        self._opinion = opinion
        self.asked: list[tuple[str, str]] = []

    async def entails(self, pairs: Sequence[tuple[str, str]], /) -> Opinions:
        self.asked += pairs
        if isinstance(self._opinion, Exception):
            raise self._opinion
        return Opinions((self._opinion,) * len(pairs), Usage(7, 1))
