"""After an answer is written: each sentence is held against what it cites, and given the place that proves it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexes.errors import EncoderError
from indexes.protocols import Encoder
from indexes.types import Passage
from rag.citations.renumbering import Mark, Numbered, renumber
from rag.errors import ModelError
from rag.evidence import scoring
from rag.evidence.cross_language import FINDING
from rag.evidence.probability import log_odds, sigmoid
from rag.evidence.scoring import Evidence, Source
from rag.evidence.similarity import SimilarityScale
from rag.protocols import Entailment
from rag.types import Citation, Opinions, Sentence, Usage
from rag.verification.claims import Claim, Proof, claims_of
from rag.verification.policy import Checked

_log = logging.getLogger(__name__)

_CLOSING = " \t|.!?…*_"
"""What ends a sentence, a row or bold print, which a marker stands before."""


@dataclass(frozen=True, slots=True)
class _Judged:
    claim: Claim
    proof: Proof
    score: float


class Checker:
    """Without an encoder, words decide; without a second opinion, words and likeness do."""

    def __init__(self, encoder: Encoder | None = None, entailment: Entailment | None = None) -> None:
        self._likeness = SimilarityScale(encoder) if encoder else None
        self._entailment = entailment

    async def check(self, text: str, marks: Sequence[Mark], passages: Sequence[Passage]) -> Checked:
        """``passages`` are all that the model was given. The text may gain markers, and numbers may change."""
        judged = await asyncio.to_thread(self._judged, text, marks, passages)
        opinions = await self._opinions(judged)
        judged = [_seconded(one, opinion) for one, opinion in zip(judged, opinions.probabilities, strict=True)]
        return await asyncio.to_thread(_settled, text, marks, judged, opinions.usage)

    def _judged(self, text: str, marks: Sequence[Mark], passages: Sequence[Passage]) -> list[_Judged]:
        claims = claims_of(text, marks, passages)
        open_ = {id(proof): proof for claim in claims for proof in claim.proofs if proof.is_open}
        likenesses = dict(zip(open_, self._likenesses([*open_.values()]), strict=True))
        return [_best(claim, {key: likenesses.get(key) for key in map(id, claim.proofs)}) for claim in claims]

    def _likenesses(self, proofs: Sequence[Proof]) -> Sequence[float | None]:
        if self._likeness and proofs:
            try:
                return self._likeness.score([(proof.claim, proof.source.text) for proof in proofs])
            except EncoderError as error:
                _log.warning("An answer is checked by its words alone: %s", error)
        return [None] * len(proofs)

    async def _opinions(self, judged: Sequence[_Judged]) -> Opinions:
        """None on what facts decide, or on what stands there word for word."""
        asked = [
            one for one in judged if not one.proof.told.finding and not one.proof.told.verbatim and one.proof.places
        ]
        if self._entailment is None or not asked:
            return Opinions((None,) * len(judged))
        try:
            told = await self._entailment.entails([(_premise(one.proof.source), one.proof.claim) for one in asked])
        except ModelError as error:
            _log.warning("An answer is checked without a second opinion: %s", type(error).__name__)
            return Opinions((None,) * len(judged))
        by_claim = dict(zip(map(id, asked), told.probabilities, strict=True))
        return Opinions(tuple(by_claim.get(id(one)) for one in judged), told.usage)


def _best(claim: Claim, likenesses: dict[int, float | None]) -> _Judged:
    """The writer's own place unless another is better; where nothing was cited, what proves it, or nothing."""
    if not claim.proofs:
        return _Judged(claim, Proof("", (), Source(""), Evidence("", {})), 0.0)
    scored = [_Judged(claim, proof, proof.score(likenesses[id(proof)])) for proof in claim.proofs]
    return max(scored, key=lambda one: one.score)


def _seconded(judged: _Judged, opinion: float | None) -> _Judged:
    """A second opinion weighs as much as the first: the mean of their log-odds.

    Words are no evidence against a claim in another language, so that it is as likely as it can be without.
    """
    if opinion is None:
        return judged
    first = max(judged.score, scoring.WEAK) if judged.proof.told.foreign else judged.score
    return replace(judged, score=sigmoid((log_odds(first) + log_odds(opinion)) / 2))


def _premise(source: Source) -> str:
    return f"{source.context}\n{source.text}".strip()


def _settled(text: str, marks: Sequence[Mark], judged: Sequence[_Judged], usage: Usage | None) -> Checked:
    outside = {mark.start: mark for mark in marks}
    for one in judged:
        outside |= {mark.start: mark for mark in _marks(text, one)}
    settled = renumber(text, [outside[start] for start in sorted(outside)])
    sentences = tuple(_sentence(settled, one) for one in judged)
    return Checked(settled.text, _citations(settled, judged), sentences, usage=usage)


def _marks(text: str, judged: _Judged) -> list[Mark]:
    """Those that the sentence has, at the place that proves it; a new one where it had none and is proven."""
    claim, places = judged.claim, judged.proof.places
    if claim.marks:
        return [replace(mark, place=places[0]) if len(places) == 1 else mark for mark in claim.marks]
    if judged.score < scoring.SUPPORTED:
        return []
    end = claim.start + len(text[claim.start : claim.end].rstrip(_CLOSING))
    return [Mark(end, end, place) for place in places]


def _sentence(settled: Numbered, judged: _Judged) -> Sentence:
    claim = judged.claim
    start, end = settled.at(claim.start), settled.at(claim.end)
    cited = bool(claim.marks) or judged.score >= scoring.SUPPORTED
    numbers = tuple(dict.fromkeys(settled.number(place) for place in judged.proof.places)) if cited else ()
    score, finding = (judged.score, _found(judged)) if cited else (0.0, "")
    said = settled.text[start:end]
    return Sentence(said, start, end, numbers, score, scoring.verdict(score, cited=cited), finding, _is_open(judged))


def _is_open(judged: _Judged) -> bool:
    """Whether nobody could compare it with its source."""
    return bool(judged.proof.told.foreign) and judged.score < scoring.SUPPORTED


def _found(judged: _Judged) -> str:
    return judged.proof.told.finding or (FINDING if _is_open(judged) else "")


def _citations(settled: Numbered, judged: Sequence[_Judged]) -> tuple[Citation, ...]:
    first: dict[tuple[str, int, int], float] = {}
    for one in judged:
        for place in one.proof.places:
            alone = one.score if len(one.proof.places) == 1 else Proof.of(one.proof.claim, [place]).by_words
            first.setdefault(place.key, alone)
    return tuple(
        Citation(
            number,
            place.passage,
            place.quote,
            place.passage.locate(place.start, place.end),
            spans,
            first.get(place.key, 0.0),
        )
        for number, (place, spans) in enumerate(zip(settled.places, settled.spans, strict=True), start=1)
    )
