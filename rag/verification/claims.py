"""The sentences of an answer, each with the places that may prove it."""

from collections.abc import Sequence
from dataclasses import dataclass

from indexes.text.tokenization import content_words
from indexes.types import Passage
from rag.citations.markers import sentence_spans_with_markers
from rag.citations.quotes import locate_quote, quote_source, rank_quotes
from rag.citations.renumbering import Mark, Place
from rag.evidence import scoring
from rag.evidence.non_claims import is_frame, without_number
from rag.evidence.quantities import amounts
from rag.evidence.scoring import Evidence, Source, evidence, likelihood
from rag.safety.output_filter import REMOVED
from rag.types import Span

SURE = 0.9
"""By its words alone: beyond it, no encoder is asked."""
_LEAST_WORDS = 3
"""Words that carry matter, of a sentence without a marker that is looked up: "Yes." would be proven by anything."""
_TRIED = 3
"""Places in a cited passage that a paraphrase may mean."""
_LOOKED_AT = 0.1
"""By its words alone: below it, a passage that was not cited is not asked for its meaning."""
_SOME = 0.5
"""Share of a claim's words, of one whose figures are there."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Places held against a claim together."""

    claim: str
    places: tuple[Place, ...]
    source: Source
    told: Evidence

    @classmethod
    def of(cls, claim: str, places: Sequence[Place]) -> "Proof":
        source = Source.joined(quote_source(place.passage, (place.start, place.end)) for place in places)
        return cls(claim, tuple(places), source, evidence(claim, source))

    @classmethod
    def exact(cls, claim: str, place: Place) -> "Proof":
        """Return the proof of a claim that was taken from the place word for word."""
        return cls(claim, (place,), Source(place.quote), Evidence("", {}, verbatim=True))

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
        """The score, or ``WEAK`` where that is more and the passages around the quotes bear the claim out.

        They do, too, where the quotes have its figures, all of them, and they some of its words: it is in other words.
        Where they are in another language, they say no more than the quotes.
        """
        if score >= scoring.WEAK or not self.places or self.told.foreign:
            return score
        told = evidence(self.claim, Source.joined(Source.of(place.passage) for place in self.places))
        reworded = not (self.told.finding or told.finding) and told.features.get("found", 1.0) >= _SOME
        if reworded and amounts(self.claim):
            return scoring.WEAK
        return max(score, min(likelihood(told), scoring.WEAK))


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer without its markers; what may prove it, best first by words."""

    start: int
    end: int
    marks: tuple[Mark, ...]
    proofs: tuple[Proof, ...]


def claims_of(text: str, marks: Sequence[Mark], passages: Sequence[Passage]) -> list[Claim]:
    """Return the sentences of an answer that say something, each with what may prove it."""
    made: list[Claim] = []
    exact = {text.rfind("\n", 0, mark.start) + 1: mark.place for mark in marks if mark.exact}
    at = 0
    for start, end in sentence_spans_with_markers(text):
        first = at
        while at < len(marks) and marks[at].start < end:
            at += 1
        mine = tuple(mark for mark in marks[first:at] if mark.start >= start)
        said = without_number(_without(text, (start, end), mine).replace(REMOVED, ""))
        if not any(character.isalnum() for character in said):
            continue
        if place := exact.get(text.rfind("\n", 0, start) + 1):
            made.append(Claim(start, end, mine, (Proof.exact(said, place),)))
        else:
            looked_up = len(content_words(said)) >= _LEAST_WORDS and not is_frame(text, (start, end))
            made.append(Claim(start, end, mine, _proofs(said, mine, passages if looked_up else ())))
    return made


def _without(text: str, span: Span, marks: Sequence[Mark]) -> str:
    edges = [span[0], *(edge for mark in marks for edge in (mark.start, mark.end)), span[1]]
    return "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))


def _proofs(said: str, marks: Sequence[Mark], passages: Sequence[Passage]) -> tuple[Proof, ...]:
    """Of what it cites, as the writer meant it or better; of all passages where it cites nothing."""
    if not marks:
        found = [Proof.of(said, [located(said, passage)]) for passage in passages]
        return tuple(sorted((p for p in found if p.by_words > _LOOKED_AT), key=lambda p: -p.by_words)[:_TRIED])
    cited = Proof.of(said, list({mark.place.key: mark.place for mark in marks}.values()))
    if len(cited.places) > 1 or cited.by_words >= scoring.SUPPORTED:
        return (cited,)
    passage = cited.places[0].passage
    others = [Proof.of(said, [Place(passage, w.start, w.end)]) for w in rank_quotes(said, passage)[:_TRIED]]
    return (cited, *(other for other in others if other.places[0].key != cited.places[0].key))


def located(said: str, passage: Passage) -> Place:
    return Place(passage, *locate_quote(said, passage))
