"""The answerer that needs no model server: it picks the sentences and table rows that answer, and writes no word."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence

from indexes.protocols import Encoder
from indexes.words import stems
from rag import prompts
from rag.citations import without_markers
from rag.extraction import Candidate, candidates
from rag.types import Confidence, Piece, Turn

NAME = "offline-extractive"
_MAX_SENTENCES = 3
# Two logistic models: which sentence answers, and whether the best of them does at all. _CONFIDENCE was fitted on
# development questions, _CHOICE taken among six variants: docs/decisions/0001-offline-answers.md says more.
_CHOICE = {"cosine": 5.0, "coverage": 3.0, "kind": 1.2, "rank": 1.5}, -8.5
_CONFIDENCE = {"cosine": 3.9, "around": 2.3}, -3.3
_FURTHER = 0.7
"""Share of the best sentence's worth that a further one needs."""
_NEW_SHARE, _NEW_COSINE = 0.12, 0.3
"""A sentence beside a chosen one joins it for so much of the question that was not yet said, if it is on the matter."""
_SAME = 0.75
"""Share of a sentence's words that, said already, make it a repetition."""


class OfflineChat:
    """Behind the seam of a chat model: reads the sources out of the turn it is given, as a model would."""

    name = NAME

    def __init__(self, encoder: Encoder, *, min_confidence: float) -> None:
        self._encoder = encoder
        self._min_confidence = min_confidence

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:  # noqa: ARG002
        question, sources = prompts.read_user_turn(turns[-1])
        earlier = next((turn.text for turn in reversed(turns[:-1]) if turn.role == "user"), "")
        ranked = await asyncio.to_thread(self._ranked, question, sources, earlier)
        yield Confidence(confidence(ranked[0]) if ranked else 0.0)
        chosen = self._chosen(ranked)
        for candidate in chosen:
            yield f"{without_markers(candidate.text)} [{candidate.source.number}]\n"
        if not chosen:
            yield prompts.NO_ANSWER

    def choose(self, question: str, sources: Sequence[prompts.Source], earlier: str = "") -> list[Candidate]:
        """The sentences that answer, in the order of their sources; none where none is sure enough."""
        return self._chosen(self._ranked(question, sources, earlier))

    def _ranked(self, question: str, sources: Sequence[prompts.Source], earlier: str) -> list[Candidate]:
        return sorted(candidates(question, earlier, sources, self._encoder), key=worth, reverse=True)

    def _chosen(self, ranked: list[Candidate]) -> list[Candidate]:
        if not ranked or confidence(ranked[0]) < self._min_confidence:
            return []
        chosen = ranked[:1]
        for candidate in ranked[1:]:
            further = worth(candidate) >= worth(ranked[0]) * _FURTHER or _completes(candidate, chosen)
            if len(chosen) < _MAX_SENTENCES and further and not _repeats(candidate, chosen):
                chosen.append(candidate)
        return sorted(chosen, key=lambda c: (c.source.number, c.start))


def worth(candidate: Candidate) -> float:
    """Likelihood that of all sentences this one answers, 0 to 1."""
    return _logistic(_CHOICE, candidate)


def confidence(candidate: Candidate) -> float:
    """Likelihood that the question is answered at all, should this be the best sentence, 0 to 1."""
    return _logistic(_CONFIDENCE, candidate)


def _logistic(model: tuple[dict[str, float], float], candidate: Candidate) -> float:
    weights, bias = model
    return 1 / (1 + math.exp(-bias - sum(weight * candidate.features[name] for name, weight in weights.items())))


def _completes(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether it stands beside a chosen sentence and says what of the question none of them does."""
    said = {stem for other in chosen for stem in other.covers}
    new = sum(share for stem, share in candidate.covers.items() if stem not in said)
    beside = any(other.source.number == candidate.source.number for other in chosen)
    return beside and new >= _NEW_SHARE and candidate.features["cosine"] >= _NEW_COSINE


def _repeats(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    said = {stem for other in chosen for stem in stems(other.text)}
    own = set(stems(candidate.text))
    return len(own & said) > _SAME * len(own)
