"""Splits an answer into claims, and finds the places that may prove each."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from indexes.text.sentences import is_table_row
from indexes.text.tokenization import content_words, figures
from indexes.types import Passage
from rag.citations.markers import Mark, Place, sentence_spans_with_markers
from rag.citations.quotes import locate_quote, quote_source, rank_quotes
from rag.evidence.calculations import may_be_calculated
from rag.evidence.parties import row_of_another_party
from rag.evidence.scoring import SUPPORTED, WEAK, Evidence, gather_evidence, likelihood
from rag.evidence.similarity import SimilarityScale
from rag.evidence.source_text import SourceText
from rag.evidence.tables.cell_claims import Reading
from rag.evidence.wording.yes_no import in_full
from rag.safety.output_filter import REMOVED
from rag.types import Span
from rag.verification.readings import read_with_lines_before

SURE = 0.9
"""Likelihood by words beyond which no encoder is asked."""
_LEAST_WORDS = 3
"""Content words without which a sentence without a marker is not looked up: anything would prove "Yes."."""
_MOST_PROOFS = 3
"""Places in a cited passage that a paraphrase may mean."""
_LEAST_SCORE = 0.1
"""Likelihood by words that a passage without a marker needs to be considered."""
_PARAPHRASE = 0.5
"""Share of a claim's words that the passage of a paraphrase has, if the quote has all its figures."""
FENCE = "```"
RULE = re.compile(r"[\s|:-]*-[\s|:-]*")
"""The line under a table's header row."""
_MOST_WORDS = 15
"""Words of a heading or lead-in."""
_HEADING = re.compile(r"#{1,6}\s|(?:\*\*|__)[^*_]+(?:\*\*|__):?\Z")
_COURTESY = re.compile(
    r"\W*(?:(?:please,? )?(?:just )?(?:let me know|feel free to (?:ask (?:me|any|if|more|further|away)|reach out))\b.*"
    r"|(?:please )?do(?:n['’]t| not) hesitate to (?:ask|reach out|let me know)\b.*"
    r"|i hope (?:this|that|it) (?:helps|is helpful|answers)\b.*"
    r"|(?:i['’]?a?m |i am |we['’]?a?re )?(?:very |so )?sorry\b.*"
    r"|i apologi[sz]e\b.*|i(?:['’]d| would) be (?:happy|glad)\b.*"
    r"|please contact .* (?:directly|details|information|assistance)\W*"
    r"|if you (?:have|need|want|['’]d like|would like)\b.*"
    r"\b(?:let me know|feel free|just ask|i['’]m here|happy to help)\b.*"
    r"|(?:is there|do you have) any(?:thing| other)\b.*\?"
    r"|(?:sure|certainly|of course|gerne|natürlich|claro|(?:great|good) question)\W*"
    r"|(?:(?:sure|certainly|of course)\W*)?(?:i['’]m |i am |always )?(?:happy|glad) to help\W*"
    r"|(?:lass|lassen) (?:sie )?(?:es )?mich wissen\b.*|ich hoffe,? das hilft\b.*|n['’]hésitez pas\b.*"
    r"|espero que (?:esto )?(?:te |le )?(?:ayude|sirva)\b.*)",
    re.IGNORECASE,
)
"""What a model says to the asker, not of the documents."""
_YES_OR_NO = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí|si|sì)\W*", re.IGNORECASE)
_ITEM = re.compile(
    r"\A\s*(?:\d{1,3}[.)]|(?:[-*•]\s+)?[*_]{0,2}(?:step|schritt|étape|paso|passo) \d{1,2}\s?[.:)–-]+[*_]{0,2})\s+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Proof:
    """One or more places taken together as the proof of a claim."""

    claim: str
    places: tuple[Place, ...]
    source: SourceText
    evidence: Evidence
    reading: Reading | None = None
    """The claim as its reader understands it, if that differs."""

    @classmethod
    def at(cls, places: Sequence[Place], claim: str, reading: Reading | None = None) -> "Proof":
        """Return the proof of a claim at some places."""
        source = SourceText.joined(quote_source(place.passage, (place.start, place.end)) for place in places)
        return cls(claim, tuple(places), source, gather_evidence(claim, source, reading), reading)

    @classmethod
    def exact(cls, claim: str, place: Place) -> "Proof":
        """Return the proof of a claim that was taken from the place word for word."""
        return cls(claim, (place,), SourceText(place.quote), Evidence("", {}, verbatim=True))

    def with_party(self, scale: SimilarityScale) -> "Proof":
        """Return the proof with the finding that it is of another party than the question asks about, if it is.

        Raises ``EncoderError``.
        """
        if not (self.evidence.lacks_row and self.reading):
            return self
        finding = row_of_another_party(self.reading, self.source.tables, scale)
        return replace(self, evidence=replace(self.evidence, finding=finding, contradicts=True)) if finding else self

    @property
    def score_by_words(self) -> float:
        """How likely the places support the claim, 0 to 1, by words and facts alone."""
        return likelihood(self.evidence)

    @property
    def needs_similarity(self) -> bool:
        """Whether words alone leave doubt."""
        return not (self.evidence.finding or self.evidence.verbatim) and self.score_by_words < SURE

    def score(self, similarity: float | None) -> float:
        """Return how likely the places support the claim, 0 to 1. ``similarity`` is None without an encoder."""
        return self.raise_to_weak(
            likelihood(self.evidence, similarity) if self.needs_similarity else self.score_by_words
        )

    def raise_to_weak(self, score: float) -> float:
        """Return the score, raised to at most ``WEAK`` if the passages around the quotes support the claim.

        A paraphrase counts as well: the quotes have all its figures, and the passages some of its words. In another
        language, the passages prove no more than the quotes.
        """
        of_another = self.evidence.lacks_row and self.evidence.contradicts
        if score >= WEAK or not self.places or self.evidence.foreign or of_another:
            return score
        passages = SourceText.joined(SourceText.of(place.passage) for place in self.places)
        around = gather_evidence(self.claim, passages, self.reading)
        no_finding = not (self.evidence.finding or around.finding)
        if no_finding and around.features.get("found", 1.0) >= _PARAPHRASE:
            return WEAK
        return max(score, min(likelihood(around), WEAK))


NO_PROOF = Proof("", (), SourceText(""), Evidence("", {}))


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer, ``text[start:end]``, with its markers and its possible proofs."""

    start: int
    end: int
    marks: tuple[Mark, ...]
    proofs: tuple[Proof, ...]

    def with_party(self, scale: SimilarityScale) -> "Claim":
        """Return the claim with its proofs held against the party that the question asks about. As ``Proof``'s."""
        return replace(self, proofs=tuple(proof.with_party(scale) for proof in self.proofs))


def extract_claims(text: str, marks: Sequence[Mark], passages: Sequence[Passage], question: str = "") -> list[Claim]:
    """Return the sentences of an answer that say something, with their possible proofs.

    ``marks`` are in order. Each sentence is read together with the lines before it and the ``question``.
    """
    claims = []
    starts = [mark.start for mark in marks]
    quoted_lines = {text.rfind("\n", 0, mark.start) + 1: mark.place for mark in marks if mark.exact}
    spans = sentence_spans_with_markers(text)
    bare = [without_markers_at(text, span, marks) for span in spans]
    for (start, end), (said, after) in zip(spans, pairwise([*bare, ""]), strict=True):
        own = tuple(marks[bisect_left(starts, start) : bisect_left(starts, end)])
        claim = f"{said.strip(' .!')}, {after}" if after and is_yes_or_no(said) else in_full(said, question)
        if not any(character.isalnum() for character in claim):
            continue
        reading = read_with_lines_before(claim, text[:start], question)
        if place := quoted_lines.get(text.rfind("\n", 0, start) + 1):
            proofs: tuple[Proof, ...] = (Proof.exact(claim, place),)
        elif own:
            proofs = _cited_proofs(claim, own, reading)
        elif len(content_words(claim)) < _LEAST_WORDS or is_non_claim(text, (start, end)):
            proofs = ()
        else:
            places = [Place(passage, *locate_quote(claim, passage)) for passage in passages]
            candidates = [Proof.at([place], claim, reading) for place in places]
            candidates = sorted(
                (p for p in candidates if p.score_by_words > _LEAST_SCORE), key=lambda p: -p.score_by_words
            )
            proofs = tuple(candidates[:_MOST_PROOFS])
        claims.append(Claim(start, end, own, proofs))
    return claims


def _cited_proofs(claim: str, marks: Sequence[Mark], reading: Reading) -> tuple[Proof, ...]:
    """Return the places that a claim cites, then each alone and others of their passages if words leave doubt.

    What is calculated may rest on all of a passage.
    """
    places = {mark.place.key: mark.place for mark in marks}
    cited = Proof.at([*places.values()], claim, reading)
    if cited.score_by_words >= SUPPORTED:
        return (cited,)
    if cited.evidence.finding and (cited.evidence.calculated or may_be_calculated(claim)):
        passages = {place.passage.id: place.passage for place in places.values()}.values()
        whole = Proof.at([Place(passage, 0, len(passage.text)) for passage in passages], claim, reading)
        if whole.evidence.calculated and not whole.evidence.finding:
            return (whole, cited)
    alone = dict(places) if len(places) > 1 else {}
    for passage in {place.passage.id: place.passage for place in places.values()}.values():
        runs = rank_quotes(claim, passage)[:_MOST_PROOFS]
        others = (Place(passage, run.start, run.end) for run in runs)
        alone |= {other.key: other for other in others if other.key not in places}
    return (cited, *(Proof.at([place], claim, reading) for place in alone.values()))


def without_markers_at(text: str, span: Span, marks: Sequence[Mark]) -> str:
    """Return a span of a text without its markers, an item's number and what was removed as unsafe."""
    edges = [span[0], *(edge for mark in marks if span[0] <= mark.start < span[1] for edge in (mark.start, mark.end))]
    kept = "".join(text[a:b] for a, b in zip(edges[::2], [*edges[1::2], span[1]], strict=True))
    return strip_item_number(kept.replace(REMOVED, ""))


def strip_item_number(text: str) -> str:
    """Return a list item without its number, which is no figure that a source must have."""
    return _ITEM.sub("", text)


def in_code(text: str, span: Span) -> bool:
    """Return whether a span holds a code fence or lies within a block of code."""
    return FENCE in text[slice(*span)] or text.count(FENCE, 0, span[0]) % 2 == 1


def is_yes_or_no(text: str) -> bool:
    """Return whether a text is nothing but "Yes" or "No"."""
    return _YES_OR_NO.fullmatch(text) is not None


def is_non_claim(text: str, span: Span) -> bool:
    """Return whether a sentence without a marker claims nothing. One with figures always claims something."""
    sentence = strip_item_number(text[slice(*span)]).strip()
    if in_code(text, span):
        return True
    if figures(sentence) or len(sentence.split()) > _MOST_WORDS:
        return False
    if (
        is_yes_or_no(sentence)
        or _COURTESY.fullmatch(sentence)
        or sentence.endswith((":", "?"))
        or _HEADING.match(sentence)
    ):
        return True
    next_line = text[span[1] :].lstrip("\n").partition("\n")[0]
    return is_table_row(sentence) and RULE.fullmatch(next_line) is not None
