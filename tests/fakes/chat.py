"""A chat model that says what the test tells it to."""

from collections.abc import AsyncGenerator, Sequence

from rag.types import Piece, Turn


class ScriptedChat:
    """Streams the given pieces; an exception among them is raised in its place. Keeps what it was sent."""

    name = "scripted"

    def __init__(self, *pieces: Piece | Exception) -> None:
        self._pieces = pieces
        self.calls: list[tuple[str, list[Turn]]] = []
        self.closed = False

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        self.calls.append((system, list(turns)))
        try:
            for piece in self._pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.closed = True
