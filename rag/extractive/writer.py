"""The extractive writer: it answers with sentences and table rows of the passages, word for word."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from indexes.protocols import Encoder
from indexes.types import Hit
from rag.citations.markers import without_markers
from rag.extractive.candidates import Candidate, NumberedPassage, candidates
from rag.extractive.selection import choose, confidence, ranked
from rag.extractive.versions import newest_first
from rag.question.collection import asks_for_summary
from rag.question.decomposition import depends_on_context, questions_in
from rag.question.followups import resolve_turns, stands_alone
from rag.safety.invisible_text import strip_invisible
from rag.types import Confidence, Context, Piece, Question, Quoted, Revision, Unanswered

NAME = "offline-extractive"
_WHOLE = 0.5
"""Weight of the likeness to the whole question, beside the likeness to a part of it."""
_BEGINNING = 3
"""Sentences that stand for a summary."""


@dataclass(frozen=True, slots=True)
class Extract:
    """The candidates that answer one question, and the confidence that it is answered, 0 to 1."""

    candidates: Sequence[Candidate]
    confidence: float


class ExtractiveWriter:
    """Needs no language model. It picks the passages' own sentences, and knows where each one stands.

    It answers a question about the last answer by that answer's question. It answers each part of a compound question.
    """

    name = NAME

    def __init__(self, encoder: Encoder, *, min_confidence: float) -> None:
        self._encoder = encoder
        self._min_confidence = min_confidence

    def fit(self, question: Question, hits: Sequence[Hit]) -> Context:  # noqa: ARG002 - a language model needs it
        """See ``Writer``. The extractive writer reads every passage."""
        return Context(tuple(hits))

    async def write(
        self,
        question: Question,
        context: Context,
        revision: Revision | None = None,  # noqa: ARG002 - the same sentences would come again
    ) -> AsyncGenerator[Piece]:
        """See ``Writer``. Each sentence comes as a ``Quoted``, after the ``Confidence``."""
        sources = [NumberedPassage(number, hit.passage) for number, hit in enumerate(context.hits, start=1)]
        for piece in await asyncio.to_thread(self._pieces, question, sources):
            yield piece

    def extract(self, question: str, sources: Sequence[NumberedPassage], earlier: str = "") -> Extract:
        """Return what answers one question, in the order of the sources; nothing below the minimal confidence.

        ``earlier`` is text that the question leans on, such as the question before a follow-up.
        """
        best = ranked(candidates(question, earlier, sources, self._encoder))
        sure = confidence(best)
        if not best or sure < self._min_confidence:
            return Extract((), sure)
        return Extract(newest_first(choose(best), best, f"{question} {earlier}"), sure)

    def _pieces(self, question: Question, sources: Sequence[NumberedPassage]) -> list[Piece]:
        asked = [*(turn.text for turn in question.history if turn.role == "user"), strip_invisible(question.text)]
        if question.history:
            asked = resolve_turns(asked)
        whole = asked[-1]
        before = "" if stands_alone(whole) else "".join(asked[-2:-1])
        if asks_for_summary(whole):
            return self._beginning(sources)
        parts = questions_in(whole)
        extracts = dict.fromkeys(parts, Extract((), 0.0))
        if len(parts) > 1:
            ordered = self._ordered(whole, parts, sources)
            for part in parts:
                leaning = f"{parts[0]}\n{before}".strip() if depends_on_context(part) else ""
                extracts[part] = self.extract(part, ordered[part], before if part == parts[0] else leaning)
        if not any(extract.candidates for extract in extracts.values()):
            extracts = {whole: self.extract(whole, sources, before)}
        return _joined(extracts)

    def _beginning(self, sources: Sequence[NumberedPassage]) -> list[Piece]:
        """Quote the first sentences: without a language model, they tell best what a document is about."""
        sentences = islice((sentence for source in sources for sentence in source.sentences()), _BEGINNING)
        quotes = [
            Quoted(without_markers(" ".join(s.text.split())), s.source.passage, s.start, s.end) for s in sentences
        ]
        return [Confidence(self._min_confidence), *quotes]

    def _ordered(
        self, whole: str, parts: Sequence[str], sources: Sequence[NumberedPassage]
    ) -> Mapping[str, Sequence[NumberedPassage]]:
        """Order the sources for each part, by likeness to it and to the whole: a part may leave its subject out."""
        if not sources:
            return dict.fromkeys(parts, sources)
        vectors = self._encoder.encode(
            [f"{source.context}\n{strip_invisible(source.passage.text)}" for source in sources]
        )
        *rows, together = self._encoder.encode_query([*parts, whole]) @ vectors.T
        orders = [(-(row + _WHOLE * together)).argsort() for row in rows]
        return {part: [sources[n] for n in order] for part, order in zip(parts, orders, strict=True)}


def _joined(extracts: Mapping[str, Extract]) -> list[Piece]:
    """Join the extracts into one answer: each quote once, then the parts without an answer.

    The answer is as sure as its least sure part.
    """
    answered = [extract for extract in extracts.values() if extract.candidates]
    if not answered:
        return [Confidence(max(extract.confidence for extract in extracts.values()))]
    quotes = {(c.source.number, c.start, c.end): c for extract in answered for c in extract.candidates}
    pieces: list[Piece] = [Confidence(min(extract.confidence for extract in answered))]
    for c in quotes.values():
        if c.lead_in:
            pieces.append(c.lead_in if len(pieces) == 1 else f"\n{c.lead_in}")
        pieces.append(Quoted(without_markers(c.line), c.source.passage, c.start, c.end))
    unanswered = [part for part, extract in extracts.items() if not extract.candidates]
    return [*pieces, Unanswered("; ".join(unanswered))]
