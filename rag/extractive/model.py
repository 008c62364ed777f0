"""The answerer that needs no model server: it picks the sentences and table rows that answer, and writes no word."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from indexes.protocols import Encoder
from rag.citations.markers import without_markers
from rag.extractive.candidates import Candidate, candidates
from rag.extractive.selection import choose, confidence, ranked
from rag.prompting import prompts
from rag.types import Confidence, Piece, Turn

NAME = "offline-extractive"


class OfflineChat:
    """Behind the seam of a chat model: reads the sources out of the turn it is given, as a model would."""

    name = NAME

    def __init__(self, encoder: Encoder, *, min_confidence: float) -> None:
        self._encoder = encoder
        self._min_confidence = min_confidence

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:  # noqa: ARG002
        question, sources = prompts.read_user_turn(turns[-1])
        earlier = next((turn.text for turn in reversed(turns[:-1]) if turn.role == "user"), "")
        best = await asyncio.to_thread(self._ranked, question, sources, earlier)
        yield Confidence(confidence(best))
        chosen = self._chosen(best)
        for candidate in chosen:
            yield f"{without_markers(candidate.text)} [{candidate.source.number}]\n"
        if not chosen:
            yield prompts.NO_ANSWER

    def choose(self, question: str, sources: Sequence[prompts.Source], earlier: str = "") -> list[Candidate]:
        """The sentences that answer, in the order of their sources; none where that is not sure enough."""
        return self._chosen(self._ranked(question, sources, earlier))

    def _ranked(self, question: str, sources: Sequence[prompts.Source], earlier: str) -> list[Candidate]:
        return ranked(candidates(question, earlier, sources, self._encoder))

    def _chosen(self, best: Sequence[Candidate]) -> list[Candidate]:
        return choose(best) if best and confidence(best) >= self._min_confidence else []
