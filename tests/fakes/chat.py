"""Chat models that say what the test tells them to."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from rag.prompting import prompts
from rag.types import Piece, Turn


class ScriptedChat:
    """Streams the given pieces; an exception among them is raised in its place, and a number is a pause in seconds.

    Keeps what it was sent.
    """

    name = "scripted"

    def __init__(self, *pieces: Piece | Exception | float) -> None:
        self._pieces = pieces
        self.calls: list[tuple[str, list[Turn]]] = []
        self.closed = False

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        self.calls.append((system, list(turns)))
        try:
            for piece in self._pieces:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, int | float):
                    await asyncio.sleep(piece)
                else:
                    yield piece
        finally:
            self.closed = True


class TakingTurns:
    """Says the first of its scripts to the first call, and so on. Keeps what it was sent."""

    name = "scripted"

    def __init__(self, *scripts: tuple[Piece | Exception, ...]) -> None:
        self._scripts = iter(scripts)
        self.calls: list[tuple[str, list[Turn]]] = []

    def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        self.calls.append((system, list(turns)))
        return ScriptedChat(*next(self._scripts)).stream(system, turns)


class RewritingChat:
    """Rewrites as the one model does, and answers as the other."""

    name = "scripted"

    def __init__(self, rewriting: ScriptedChat, answering: ScriptedChat) -> None:
        self._rewriting = rewriting
        self._answering = answering

    def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        return (self._rewriting if system == prompts.REWRITE else self._answering).stream(system, turns)
