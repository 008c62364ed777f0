"""Which sentences and table rows of the sources may answer a question, and what speaks for each."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from indexes.protocols import Encoder
from indexes.text.sentences import is_table_row, sentence_spans
from indexes.text.tokenization import content_words, figures, stem, stems
from rag.extractive.answer_types import ASKING, Kind, holds, kind_of
from rag.prompting.prompts import Source
from rag.types import Span

MOST = 20
"""Candidates that are embedded, the likeliest by their words: embedding is what an answer waits for."""
_ASKING, _EARLIER = 0.25, 0.4
"""What a word counts with which one asks, and one that only the question before a follow-up has."""
_NEAR = 3
"""Content words apart, at most, that two words of the question stand together in a sentence."""
_NUMBERING = re.compile(r"^#*\s*(?:\d+[.)])*\d*\s+")
_BULLET = re.compile(r"[-*•]\s")
_RUNNING = re.compile(r"\bpage \d+(?: of \d+)?$", re.IGNORECASE)
"""What is printed at the top or foot of every page."""
_HEADING_WORDS = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence or row that may answer, where it stands, and what speaks for it."""

    source: Source
    start: int
    end: int
    features: Mapping[str, float]
    """Each from 0 to 1: ``cosine``, of meaning; ``said``, ``near`` and ``around``, the share of the question's words,
    weighed by rarity, in it, with the sentences beside it, and in its source; ``together``, of the question's words
    that follow each other those that stand together in it; ``kind``, whether it holds what is asked for; ``lacks``,
    of the question's figures, those that its source has not; ``rank``, 1 for the first source, ½ for the second."""
    covers: Mapping[str, float]
    """The question's words that it has, each with its share of the question."""
    before: Span | None = None
    """Where the sentence before it stands, if that may answer too."""

    @property
    def text(self) -> str:
        return " ".join(self.source.text[self.start : self.end].split())


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence, or a table's row with the header that says what its cells are."""

    source: Source
    start: int
    end: int
    header: str
    before: Span | None

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def read(self) -> str:
        """What a reader takes in with it."""
        return f"{self.header} {self.text}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as sentences are compared with it."""

    text: str
    """With the question before a follow-up."""
    kind: Kind
    shares: Mapping[str, float]
    """Its stems, each weighing more the fewer sources have it, most where none has; 1 in all."""
    pairs: Sequence[tuple[str, str]]
    """Those that follow each other."""
    figures: set[str]

    def share(self, found: set[str]) -> float:
        return sum(share for word, share in self.shares.items() if word in found)


def candidates(question: str, earlier: str, sources: Sequence[Source], encoder: Encoder) -> list[Candidate]:
    """The likeliest by their words, in the order of the sources. ``earlier`` is the question before a follow-up."""
    asked = _asked(question, earlier, sources)
    likely = _likeliest(
        [found for place, source in enumerate(sources, start=1) for found in _of_source(source, place, asked)]
    )
    if not likely:
        return []
    vectors = encoder.encode([f"{p.source.context.partition(chr(10))[0]}: {p.read}" for p, _ in likely])
    cosines = np.clip(vectors @ encoder.encode_query([asked.text])[0], 0, 1)
    return [
        Candidate(p.source, p.start, p.end, {**features, "cosine": float(cosine)}, _covered(p, asked), p.before)
        for (p, features), cosine in zip(likely, cosines, strict=True)
    ]


def _asked(question: str, earlier: str, sources: Sequence[Source]) -> _Asked:
    text = f"{question}\n{earlier}".strip()
    having = Counter(word for source in sources for word in _words_of(source))
    own = set(stems(question))
    rarity = {
        word: math.log(1 + (len(sources) + 1) / (having[word] + 1))
        * (_ASKING if word in ASKING else 1)
        * (1 if word in own else _EARLIER)
        for word in stems(text)
    }
    total = sum(rarity.values())
    shares = {word: one / total for word, one in rarity.items()}
    pairs = list(pairwise(stem(word) for word in content_words(question)))
    return _Asked(text, kind_of(question), shares, pairs, figures(question))


def _of_source(source: Source, place: int, asked: _Asked) -> Iterator[tuple[_Piece, dict[str, float]]]:
    pieces = _pieces(source)
    told, around = set(stems(source.context)), asked.share(_words_of(source))
    has = figures(f"{source.file} {source.context} {source.text}")
    lacks = len(asked.figures - has) / len(asked.figures) if asked.figures else 0.0
    said = [set(stems(piece.read)) for piece in pieces]
    for n, piece in enumerate(pieces):
        beside = told.union(*said[max(0, n - 1) : n + 2])
        yield (
            piece,
            {
                "said": asked.share(said[n]),
                "near": asked.share(beside),
                "around": around,
                "together": _together(piece.read, asked.pairs),
                "lacks": lacks,
                "kind": holds(asked.kind, piece.text, asked.text),
                "rank": 1 / place,
            },
        )


def _likeliest(found: list[tuple[_Piece, dict[str, float]]]) -> list[tuple[_Piece, dict[str, float]]]:
    """At most ``MOST``, in the order in which they came."""
    worth = [f["said"] + 0.5 * f["near"] + 0.35 * f["rank"] + 0.1 * f["together"] - 0.3 * f["lacks"] for _, f in found]
    best = sorted(range(len(found)), key=lambda n: -worth[n])[:MOST]
    return [found[n] for n in sorted(best)]


def _together(text: str, pairs: Sequence[tuple[str, str]]) -> float:
    """Share of the pairs whose words stand close to each other in a text."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(content_words(text)):
        places.setdefault(stem(word), []).append(place)
    close = [any(abs(a - b) <= _NEAR for a in places.get(x, ()) for b in places.get(y, ())) for x, y in pairs]
    return sum(close) / len(close) if close else 0.0


def _words_of(source: Source) -> set[str]:
    return set(stems(f"{source.context} {source.text}"))


def _covered(piece: _Piece, asked: _Asked) -> dict[str, float]:
    have = set(stems(piece.read))
    return {word: share for word, share in asked.shares.items() if word in have}


def _pieces(source: Source) -> list[_Piece]:
    spans = sentence_spans(source.text)
    header = _header(source, spans)
    able = [span for span in spans if _may_answer(text := source.text[slice(*span)]) and text != header]
    before = {following: span for span, following in pairwise(spans) if span in able}
    return [
        _Piece(source, *span, header if is_table_row(source.text[slice(*span)]) else "", before.get(span))
        for span in able
    ]


def _header(source: Source, spans: Sequence[tuple[int, int]]) -> str:
    """A table's first row: in the context where the table began before this passage."""
    carried = source.context.partition("\n")[2]
    return carried or next((text for a, b in spans if is_table_row(text := source.text[a:b])), "")


def _may_answer(text: str) -> bool:
    """Headings, questions, rules of tables, page numbers and what only leads in to a list say nothing by themselves."""
    text = _NUMBERING.sub("", text.strip())
    if text.endswith((":", "?")) or _RUNNING.search(text) or not any(character.isalnum() for character in text):
        return False
    whole = text.endswith((".", "!", '"', "”", ")")) or is_table_row(text) or bool(_BULLET.match(text))
    return whole or any(character.isdigit() for character in text) or len(text.split()) > _HEADING_WORDS
