"""Which sentences and table rows of the sources may answer a question, and what speaks for each."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexes.protocols import Encoder
from indexes.sentences import is_row, sentence_spans
from indexes.words import figures, stems, words
from rag.prompts import Source

_KINDS = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), kind)
    for pattern, kind in (
        (
            r"how (?:much|many|long|often|old|far|high|large|big)|what (?:\w+ ){0,3}(?:share|percentage|percent|number|"
            r"amount|price|yield|proportion|rate|threshold|limit|cost|fee)",
            "figure",
        ),
        (r"when|(?:what|which) (?:year|date|day|month|time)", "date"),
        (r"who|whom|whose|(?:what|which) (?:company|firm|person|country|team)", "name"),
    )
)
_DATE = re.compile(
    r"\b(?:1[5-9]|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|"
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\bcentur(?:y|ies)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"\b(?:in|since|by|early|late|mid|from|until|during|before|after|january|february|march|april|may|june|july|august|"
    r"september|october|november|december)[ -](?:1[5-9]|20)\d\d\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w-]+")
_NUMBER_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|third|quarter|dozen|hundred|thousand|"
    r"million|billion|twice|once|daily|weekly|monthly|annually)\b",
    re.IGNORECASE,
)


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
    features: dict[str, float]
    covers: dict[str, float]
    """The question's words that it has, each with its share of the question."""

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

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def read(self) -> str:
        """What a reader takes in with it."""
        return f"{self.header} {self.text}"


def candidates(question: str, earlier: str, sources: Sequence[Source], encoder: Encoder) -> list[Candidate]:
    """All of them, in the order of the sources. ``earlier`` is the question before a follow-up, or nothing."""
    asked = f"{question}\n{earlier}".strip()
    # box 12 does not answer for box 3
    told = [s for s in sources if figures(question) <= figures(f"{s.file} {s.context} {s.text}")]
    pieces = [piece for source in told for piece in _pieces(source)]
    if not pieces:
        return []
    vectors = encoder.encode([f"{p.source.context.partition(chr(10))[0]}: {p.read}" for p in pieces])
    cosines = np.clip(vectors @ encoder.encode_query([asked])[0], 0, 1)
    weights, kind = _rarity(asked, sources), _kind(question)
    return [
        Candidate(p.source, p.start, p.end, _features(p, float(cosine), asked, weights, kind), _share(weights, p.read))
        for p, cosine in zip(pieces, cosines, strict=True)
    ]


def _pieces(source: Source) -> list[_Piece]:
    spans = sentence_spans(source.text)
    header = _header(source, spans)
    return [
        _Piece(source, start, end, header if is_row(text) else "")
        for start, end in spans
        if _may_answer(text := source.text[start:end]) and text != header
    ]


def _header(source: Source, spans: Sequence[tuple[int, int]]) -> str:
    """A table's first row: in the context where the table began before this passage."""
    carried = source.context.partition("\n")[2]
    return carried or next((text for a, b in spans if is_row(text := source.text[a:b])), "")


def _may_answer(text: str) -> bool:
    """Headings, questions, rules of tables, page numbers and what only leads in to a list say nothing by themselves."""
    text = _NUMBERING.sub("", text.strip())
    if text.endswith((":", "?")) or _RUNNING.search(text) or not any(character.isalnum() for character in text):
        return False
    whole = text.endswith((".", "!", '"', "”", ")")) or is_row(text) or bool(_BULLET.match(text))
    return whole or any(character.isdigit() for character in text) or len(text.split()) > _HEADING_WORDS


def _features(
    piece: _Piece, cosine: float, asked: str, weights: dict[str, float], kind: str | None
) -> dict[str, float]:
    return {
        "cosine": cosine,
        "coverage": sum(_share(weights, piece.read).values()),
        "around": sum(_share(weights, f"{piece.source.context} {piece.source.text}").values()),
        "kind": _holds(kind, piece.text, asked),
        "rank": 1 / piece.source.number,
    }


def _rarity(question: str, sources: Sequence[Source]) -> dict[str, float]:
    """The question's stems, each weighing more the fewer sources have it; most where none has."""
    having = Counter(stem for source in sources for stem in set(stems(f"{source.context} {source.text}")))
    return {stem: math.log(1 + (len(sources) + 1) / (having[stem] + 1)) for stem in set(stems(question))}


def _share(weights: dict[str, float], text: str) -> dict[str, float]:
    have, total = set(stems(text)), sum(weights.values())
    return {stem: weight / total for stem, weight in weights.items() if stem in have}


def _kind(question: str) -> str | None:
    return next((kind for pattern, kind in _KINDS if pattern.search(question)), None)


def _holds(kind: str | None, text: str, question: str) -> float:
    """Whether a sentence holds what is asked for, and the question did not itself: 1 or 0, ½ where that is unclear."""
    if kind is None:
        return 0.5
    if kind == "figure":
        return float(bool(figures(_YEAR.sub("", text)) - figures(question)) or bool(_NUMBER_WORD.search(text)))
    if kind == "date":
        return float(bool(_DATE.search(text)))
    return float(bool({word for name in _NAME.findall(text) for word in words(name)} - set(words(question))))
