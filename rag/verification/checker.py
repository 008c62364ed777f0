"""Checks each sentence of an answer against its sources, and cites the place that proves it.

An answer is split into claims, each with the places that may prove it (``claims``). Words and facts judge every place
(``rag.evidence``). Where they leave doubt, similarity in meaning counts too, and then a second opinion. At last the
markers are written anew, and each sentence gets its verdict.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexes.errors import EncoderError
from indexes.protocols import Encoder
from indexes.types import Passage
from rag.citations.markers import Mark, Numbered, Place, renumber
from rag.errors import ModelError
from rag.evidence.scoring import SUPPORTED, WEAK, log_odds, sigmoid, verdict
from rag.evidence.similarity import SimilarityScale
from rag.evidence.wording.cross_language import FINDING
from rag.protocols import Entailment
from rag.types import Citation, Opinions, Sentence, Usage
from rag.verification.abstention import admits_gap
from rag.verification.claims import NO_PROOF, Claim, Proof, extract_claims, is_non_claim, is_yes_or_no

_log = logging.getLogger(__name__)

_BORNE_OUT = ("supported", "weak")
_CLOSING = " \t|.!?…*_"
"""What ends a sentence, a row or bold print; a marker stands before it."""


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text with its citations, and all its sentences checked, claims or not."""

    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    unanswered: str = ""
    """The part of the question that the sources do not answer, in the model's words."""
    usage: Usage | None = None
    """The usage of the model that gave second opinions; None if none was asked."""

    @property
    def claims(self) -> tuple[Sentence, ...]:
        """The sentences that need a source. A bare yes or no is one if it is all that is said."""
        if len(self.sentences) == 1 and is_yes_or_no(self.text):
            return self.sentences
        return tuple(
            s
            for s in self.sentences
            if not admits_gap(s) and (s.citations or not is_non_claim(self.text, (s.start, s.end)))
        )

    @property
    def doubtful(self) -> tuple[Sentence, ...]:
        """The claims that no source supports."""
        return tuple(s for s in self.claims if s.verdict not in _BORNE_OUT)

    @property
    def answers(self) -> bool:
        """Whether a source supports any claim, even weakly."""
        return any(s.verdict in _BORNE_OUT for s in self.claims)

    @property
    def unanswered_part(self) -> str:
        """The part of the question that is not answered, as the model reported it or as the text says."""
        return self.unanswered or " ".join(s.text for s in self.sentences if admits_gap(s))


@dataclass(frozen=True, slots=True)
class _Judgement:
    """A claim, its best proof, and how likely that proof supports it, 0 to 1."""

    claim: Claim
    proof: Proof
    score: float

    @property
    def is_cited(self) -> bool:
        """Whether the sentence has a marker, or gets one."""
        return bool(self.claim.marks) or self.score >= SUPPORTED

    @property
    def is_uncompared(self) -> bool:
        """Whether the claim is in another language than its source, and no second opinion supports it."""
        return bool(self.proof.evidence.foreign) and self.score < SUPPORTED

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The claim's markers, those of the passage that proves it at the place that does."""
        by_passage = {place.passage.id: place for place in self.proof.places}
        if len(by_passage) != len(self.proof.places):
            return self.claim.marks
        return tuple(
            replace(mark, place=by_passage.get(mark.place.passage.id, mark.place)) for mark in self.claim.marks
        )

    @property
    def places(self) -> tuple[Place, ...]:
        """The places that the sentence cites, as it is shown."""
        places = [mark.place for mark in self.marks] or self.proof.places
        return tuple({place.key: place for place in places}.values())

    def alone(self, *places: Place) -> float:
        """Return how likely some of the cited places support the claim without the others, 0 to 1."""
        if places == self.proof.places:
            return self.score
        return Proof.at(places, self.proof.claim, self.proof.reading).score(None)

    def idle_places(self) -> tuple[Place, ...]:
        """Return the places that bear nothing of a claim out that the others prove."""
        if self.score < SUPPORTED or len(self.places) < 2:
            return ()
        idle = tuple(place for place in self.places if self.alone(place) < WEAK)
        others = tuple(place for place in self.places if place not in idle)
        return idle if others and self.alone(*others) >= SUPPORTED else ()

    def weight(self) -> tuple[bool, bool, float]:
        """Return how much this proof tells: first one that bears the claim out, then one that says otherwise."""
        is_borne_out = self.score >= WEAK
        return is_borne_out, not is_borne_out and self.proof.evidence.contradicts, self.score

    def with_opinion(self, opinion: float | None) -> "_Judgement":
        """Weigh a second opinion as much as the first: the mean of their log-odds.

        Words prove nothing against a claim in another language, so that the first opinion is at least weak there.
        """
        if opinion is None:
            return self
        first = max(self.score, WEAK) if self.proof.evidence.foreign else self.score
        score = sigmoid((log_odds(first) + log_odds(opinion)) / 2)
        return replace(self, score=min(score, WEAK) if self.proof.evidence.calculated else score)

    def to_sentence(self, text: Numbered) -> Sentence:
        """Return the checked sentence of a text with new markers."""
        start, end = text.at(self.claim.start), text.at(self.claim.end)
        numbers, score, finding = tuple[int, ...](), 0.0, ""
        if self.is_cited:
            numbers = tuple(dict.fromkeys(text.number(place) for place in self.places))
            score, finding = self.score, self.proof.evidence.remark or (FINDING if self.is_uncompared else "")
            if idle := "".join(f"[{text.number(place)}]" for place in self.idle_places()):
                finding = "; ".join(filter(None, (finding, f"{idle} does not say it")))
        decision = verdict(score, cited=self.is_cited)
        contradicted = decision == "unsupported" and self.proof.evidence.contradicts
        sentence = text.text[start:end]
        return Sentence(sentence, start, end, numbers, score, decision, finding, self.is_uncompared, contradicted)


class Checker:
    """Checks answers by words and facts; by meaning too, given an encoder; by a second opinion too, given one."""

    def __init__(self, encoder: Encoder | None = None, entailment: Entailment | None = None) -> None:
        self._similarity = SimilarityScale(encoder) if encoder else None
        self._entailment = entailment

    async def check(
        self, text: str, marks: Sequence[Mark], passages: Sequence[Passage], question: str = ""
    ) -> CheckedText:
        """Return the text with its sentences checked and its markers numbered anew; it may gain markers.

        ``marks`` are the markers in the text, in order. ``passages`` are all that the writer was given. The
        ``question`` completes what the sentences leave out.
        """
        judgements = await asyncio.to_thread(self._judge, text, marks, passages, question)
        opinions = await self._second_opinions(judgements)
        judgements = [j.with_opinion(opinion) for j, opinion in zip(judgements, opinions.probabilities, strict=True)]
        checked = await asyncio.to_thread(_footnote, text, marks, judgements)
        return replace(checked, usage=opinions.usage)

    def _judge(self, text: str, marks: Sequence[Mark], passages: Sequence[Passage], question: str) -> list[_Judgement]:
        """Return each claim with its best proof: the writer's own place, unless another is better."""
        claims, similarities = extract_claims(text, marks, passages, question), dict[int, float]()
        try:
            if self._similarity:
                claims = [claim.with_party(self._similarity) for claim in claims]
                doubtful = {id(proof): proof for claim in claims for proof in claim.proofs if proof.needs_similarity}
                pairs = [(proof.claim, proof.source.text) for proof in doubtful.values()]
                similarities = dict(zip(doubtful, self._similarity.score(pairs) if pairs else (), strict=True))
        except EncoderError as error:
            _log.warning("An answer is checked by its words alone: %s", error)
        judgements = []
        for claim in claims:
            scored = [_Judgement(claim, proof, proof.score(similarities.get(id(proof)))) for proof in claim.proofs]
            best = max(scored, key=_Judgement.weight, default=_Judgement(claim, NO_PROOF, 0.0))
            judgements.append(best)
        return judgements

    async def _second_opinions(self, judgements: Sequence[_Judgement]) -> Opinions:
        """Return an opinion on each claim that has a place, and that neither facts nor a verbatim quote decide."""
        pairs = {
            id(j): (f"{j.proof.source.context}\n{j.proof.source.text}".strip(), j.proof.claim)
            for j in judgements
            if j.proof.places and not j.proof.evidence.finding and not j.proof.evidence.verbatim
        }
        by_judgement, usage = dict[int, float | None](), None
        if self._entailment and pairs:
            try:
                opinions = await self._entailment.entails([*pairs.values()])
                by_judgement, usage = dict(zip(pairs, opinions.probabilities, strict=True)), opinions.usage
            except ModelError as error:
                _log.warning("An answer is checked without a second opinion: %s", type(error).__name__)
        return Opinions(tuple(by_judgement.get(id(j)) for j in judgements), usage)


def _footnote(text: str, marks: Sequence[Mark], judgements: Sequence[_Judgement]) -> CheckedText:
    """Return the text with its markers at the places that prove it, and with its citations and sentences."""
    marks_by_start = {mark.start: mark for mark in marks}
    support: dict[tuple[str, int, int], float] = {}
    for judgement in judgements:
        claim = judgement.claim
        marks_by_start |= {mark.start: mark for mark in judgement.marks}
        if not claim.marks and judgement.score >= SUPPORTED:
            end = claim.start + len(text[claim.start : claim.end].rstrip(_CLOSING))
            marks_by_start[end] = Mark(end, end, judgement.places[0])
        for place in judgement.places:
            support.setdefault(place.key, judgement.alone(place))
    renumbered = renumber(text, [marks_by_start[start] for start in sorted(marks_by_start)])
    citations = []
    for number, (place, spans) in enumerate(zip(renumbered.places, renumbered.spans, strict=True), start=1):
        locator = place.passage.locate(place.start, place.end)
        citations.append(Citation(number, place.passage, place.quote, locator, spans, support.get(place.key, 0.0)))
    sentences = tuple(judgement.to_sentence(renumbered) for judgement in judgements)
    return CheckedText(renumbered.text, tuple(citations), sentences)
