"""After an answer is written: each sentence is held against what it cites, and given the place that proves it."""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexes.errors import EncoderError
from indexes.protocols import Encoder
from indexes.types import Passage
from indexes.words import content_words
from rag import support
from rag.citations import sentence_spans_with_markers
from rag.errors import ModelError
from rag.likeness import Likeness
from rag.numbering import Mark, Numbered, Place, marks_of, numbered
from rag.protocols import Entailment
from rag.quotes import grounds, ranked, trimmed
from rag.support import Evidence, Source, evidence, likelihood
from rag.types import Citation, Opinions, Sentence, Span, Usage

_log = logging.getLogger(__name__)

SURE = 0.9
"""By its words alone: beyond it, no encoder is asked."""
_LEAST_WORDS = 3
"""Words that carry matter, of a sentence without a marker that is looked up: "Yes." would be proven by anything."""
_TRIED = 3
"""Places in a cited passage that a paraphrase may mean."""
_CLOSING = ".!?…"
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer as it stands after checking."""

    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    usage: Usage | None = None
    """Of a model that was asked for a second opinion; None where none was."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Places held against a claim together."""

    claim: str
    places: tuple[Place, ...]
    source: Source
    told: Evidence

    @classmethod
    def of(cls, claim: str, places: Sequence[Place]) -> "Proof":
        source = Source.joined(grounds(place.passage, (place.start, place.end)) for place in places)
        return cls(claim, tuple(places), source, evidence(claim, source))

    @property
    def by_words(self) -> float:
        return likelihood(self.told)

    @property
    def is_open(self) -> bool:
        """Whether more than words is needed to tell."""
        return not (self.told.finding or self.told.verbatim) and self.by_words < SURE

    def score(self, likeness: float | None) -> float:
        return self.at_most_weak(likelihood(self.told, likeness) if self.is_open else self.by_words)

    def at_most_weak(self, score: float) -> float:
        """The score, or ``WEAK`` where that is more and the passages around the quotes bear the claim out."""
        if score >= support.WEAK or not self.places:
            return score
        around = Source.joined(Source.of(place.passage) for place in self.places)
        return max(score, min(likelihood(evidence(self.claim, around)), support.WEAK))


@dataclass(frozen=True, slots=True)
class _Claim:
    """A sentence of the answer without its markers; what may prove it, best first by words."""

    start: int
    end: int
    marks: tuple[Mark, ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    claim: _Claim
    proof: Proof
    score: float


class Checker:
    """Without an encoder, words decide; without a second opinion, words and likeness do."""

    def __init__(self, encoder: Encoder | None = None, entailment: Entailment | None = None) -> None:
        self._likeness = Likeness(encoder) if encoder else None
        self._entailment = entailment

    async def check(self, text: str, citations: Sequence[Citation], passages: Sequence[Passage]) -> Checked:
        """``passages`` are all that the model was given. The text may gain markers, and numbers may change."""
        judged = await asyncio.to_thread(self._judged, text, citations, passages)
        opinions = await self._opinions(judged)
        judged = [_seconded(one, opinion) for one, opinion in zip(judged, opinions.probabilities, strict=True)]
        return await asyncio.to_thread(_settled, text, citations, judged, opinions.usage)

    def _judged(self, text: str, citations: Sequence[Citation], passages: Sequence[Passage]) -> list[_Judged]:
        claims = claims_of(text, citations, passages)
        open_ = {id(proof): proof for claim in claims for proof in claim.proofs if proof.is_open}
        likenesses = dict(zip(open_, self._likenesses([*open_.values()]), strict=True))
        return [_best(claim, {key: likenesses.get(key) for key in map(id, claim.proofs)}) for claim in claims]

    def _likenesses(self, proofs: Sequence[Proof]) -> Sequence[float | None]:
        if self._likeness and proofs:
            try:
                return self._likeness.of([(proof.claim, proof.source.text) for proof in proofs])
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


def claims_of(text: str, citations: Sequence[Citation], passages: Sequence[Passage]) -> list[_Claim]:
    """The sentences of an answer that say something, each with what may prove it."""
    marks, made = marks_of(citations), []
    at, fences, seen = 0, 0, 0
    for start, end in sentence_spans_with_markers(text):
        first = at
        while at < len(marks) and marks[at].start < end:
            at += 1
        mine = tuple(mark for mark in marks[first:at] if mark.start >= start)
        said = _without(text, (start, end), mine)
        fences, seen = fences + text.count(_FENCE, seen, start), start
        if any(character.isalnum() for character in said):
            may_cite = not fences % 2 and _may_be_cited(said)
            made.append(_Claim(start, end, mine, _proofs(said, mine, passages if may_cite else ())))
    return made


def _without(text: str, span: Span, marks: Sequence[Mark]) -> str:
    edges = [span[0], *(edge for mark in marks for edge in (mark.start, mark.end)), span[1]]
    return "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))


def _may_be_cited(said: str) -> bool:
    """Headings, rows of tables and what leads in to a list take no marker."""
    plain = said.strip()
    return (
        len(content_words(plain)) >= _LEAST_WORDS
        and not plain.startswith(("#", "|"))
        and not plain.endswith((":", "?"))
    )


def _proofs(said: str, marks: Sequence[Mark], passages: Sequence[Passage]) -> tuple[Proof, ...]:
    """Of what it cites, as the writer meant it or better; of all passages where it cites nothing."""
    if not marks:
        found = [Proof.of(said, [located(said, passage)]) for passage in passages]
        return tuple(sorted(found, key=lambda proof: -proof.by_words)[:_TRIED])
    cited = Proof.of(said, list({mark.place.key: mark.place for mark in marks}.values()))
    if len(cited.places) > 1 or cited.by_words >= support.SUPPORTED:
        return (cited,)
    passage = cited.places[0].passage
    others = [Proof.of(said, [Place(passage, w.start, w.end)]) for w in ranked(said, passage)[:_TRIED]]
    return (cited, *(other for other in others if other.places[0].key != cited.places[0].key))


def located(said: str, passage: Passage) -> Place:
    return Place(passage, *trimmed(said, passage.text, ranked(said, passage)[0]))


def _best(claim: _Claim, likenesses: dict[int, float | None]) -> _Judged:
    """The writer's own place unless another is better; where nothing was cited, what proves it, or nothing."""
    if not claim.proofs:
        return _Judged(claim, Proof("", (), Source(""), Evidence("", {})), 0.0)
    scored = [_Judged(claim, proof, proof.score(likenesses[id(proof)])) for proof in claim.proofs]
    return max(scored, key=lambda one: one.score)


def _seconded(judged: _Judged, opinion: float | None) -> _Judged:
    """A second opinion weighs as much as the first: the mean of their log-odds."""
    if opinion is None:
        return judged
    return replace(judged, score=1 / (1 + math.exp(-(_log_odds(judged.score) + _log_odds(opinion)) / 2)))


def _log_odds(probability: float) -> float:
    kept = min(max(probability, 0.01), 0.99)
    return math.log(kept / (1 - kept))


def _premise(source: Source) -> str:
    return f"{source.context}\n{source.text}".strip()


def _settled(text: str, citations: Sequence[Citation], judged: Sequence[_Judged], usage: Usage | None) -> Checked:
    outside = {mark.start: mark for mark in marks_of(citations)}
    for one in judged:
        outside |= {mark.start: mark for mark in _marks(text, one)}
    settled = numbered(text, [outside[start] for start in sorted(outside)])
    return Checked(settled.text, _citations(settled, judged), tuple(_sentence(settled, one) for one in judged), usage)


def _marks(text: str, judged: _Judged) -> list[Mark]:
    """Those that the sentence has, at the place that proves it; a new one where it had none and is proven."""
    claim, places = judged.claim, judged.proof.places
    if claim.marks:
        return [replace(mark, place=places[0]) if len(places) == 1 else mark for mark in claim.marks]
    if judged.score < support.SUPPORTED:
        return []
    end = claim.start + len(text[claim.start : claim.end].rstrip(_CLOSING))
    return [Mark(end, end, place) for place in places]


def _sentence(settled: Numbered, judged: _Judged) -> Sentence:
    claim = judged.claim
    start, end = settled.at(claim.start), settled.at(claim.end)
    cited = bool(claim.marks) or judged.score >= support.SUPPORTED
    numbers = tuple(dict.fromkeys(settled.number(place) for place in judged.proof.places)) if cited else ()
    score, finding = (judged.score, judged.proof.told.finding) if cited else (0.0, "")
    return Sentence(settled.text[start:end], start, end, numbers, score, support.verdict(score, cited=cited), finding)


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
