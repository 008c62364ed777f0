"""The answerer that needs no model server: it picks the sentences and table rows that answer, and writes no word."""

import asyncio
import math
import re
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np

from indexes.protocols import Encoder
from indexes.sentences import sentence_spans
from indexes.words import figures, stems, words
from rag import prompts
from rag.types import Turn, Usage

NAME = "offline-extractive"
_MAX_SENTENCES = 3
# Two logistic models, fitted by benchmarks/calibrate_offline.py on the development questions of five public sets and
# our samples: which sentence answers, and whether the best of them does at all.
_CHOICE = {"cosine": 5.0, "coverage": 3.0, "kind": 1.2, "rank": 1.5}, -8.5
_CONFIDENCE = {"cosine": 3.9, "around": 2.3}, -3.3
_FURTHER = 0.7
"""Share of the best sentence's worth that a further one needs."""
_NEW_SHARE, _NEW_COSINE = 0.12, 0.3
"""A sentence beside a chosen one joins it for so much of the question that was not yet said, if it is on the matter."""
_SAME = 0.75
"""Share of a sentence's words that, said already, make it a repetition."""

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
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w-]+")
_NUMBER_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|third|quarter|dozen|hundred|thousand|"
    r"million|billion|twice|once|daily|weekly|monthly|annually)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer, where it stands, and what speaks for it."""

    source: prompts.Source
    start: int
    end: int
    features: dict[str, float]
    covers: dict[str, float]
    """The question's words that it has, each with its share of the question."""

    @property
    def text(self) -> str:
        return " ".join(self.source.text[self.start : self.end].split())

    @property
    def worth(self) -> float:
        """Likelihood that of all sentences this one answers, 0 to 1."""
        return _logistic(_CHOICE, self.features)

    @property
    def confidence(self) -> float:
        """Likelihood that the question is answered at all, should this be the best sentence, 0 to 1."""
        return _logistic(_CONFIDENCE, self.features)


class OfflineChat:
    """Behind the seam of a chat model: reads the sources out of the turn it is given, as a model would."""

    name = NAME

    def __init__(self, encoder: Encoder, *, min_confidence: float) -> None:
        self._encoder = encoder
        self._min_confidence = min_confidence

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[str | Usage]:  # noqa: ARG002
        question, sources = prompts.read_user_turn(turns[-1])
        earlier = [turn.text for turn in turns[:-1] if turn.role == "user"]
        chosen = await asyncio.to_thread(self.choose, question, sources, earlier)
        for candidate in chosen:
            yield f"{candidate.text} [{candidate.source.number}]\n"
        if not chosen:
            yield prompts.NO_ANSWER

    def choose(self, question: str, sources: Sequence[prompts.Source], earlier: Sequence[str] = ()) -> list[Candidate]:
        """The sentences that answer, in the order of their sources; none where none is sure enough."""
        ranked = sorted(self.candidates(question, sources, earlier), key=lambda c: -c.worth)
        if not ranked or ranked[0].confidence < self._min_confidence:
            return []
        chosen = ranked[:1]
        for candidate in ranked[1:]:
            further = candidate.worth >= ranked[0].worth * _FURTHER
            if (
                len(chosen) < _MAX_SENTENCES
                and (further or _completes(candidate, chosen))
                and not _repeats(candidate, chosen)
            ):
                chosen.append(candidate)
        return sorted(chosen, key=lambda c: (c.source.number, c.start))

    def candidates(
        self, question: str, sources: Sequence[prompts.Source], earlier: Sequence[str] = ()
    ) -> list[Candidate]:
        """Every sentence of the sources, with what speaks for it."""
        asked = "\n".join([question, *earlier[-1:]]) if earlier else question
        spans = [(source, *span) for source in sources for span in sentence_spans(source.text)]
        if not spans:
            return []
        texts = [
            f"{source.context.splitlines()[0]}: {source.text[a:b]}" if source.context else source.text[a:b]
            for source, a, b in spans
        ]
        vectors = self._encoder.encode([asked, *texts])
        cosines = np.clip(vectors[1:] @ vectors[0], 0, 1)
        weights = _rarity(asked, sources)
        wanted = _kind(question)
        return [
            Candidate(
                source,
                a,
                b,
                _features(source, a, b, float(cosine), asked, weights, wanted),
                _share(weights, source.text[a:b]),
            )
            for (source, a, b), cosine in zip(spans, cosines, strict=True)
        ]


def _logistic(model: tuple[dict[str, float], float], features: dict[str, float]) -> float:
    weights, bias = model
    return 1 / (1 + math.exp(-bias - sum(weight * features[name] for name, weight in weights.items())))


def _features(
    source: prompts.Source, a: int, b: int, cosine: float, asked: str, weights: dict[str, float], wanted: str | None
) -> dict[str, float]:
    text = source.text[a:b]
    return {
        "cosine": cosine,
        "coverage": sum(_share(weights, text).values()),
        "around": sum(_share(weights, f"{source.context} {source.text}").values()),
        "kind": _holds(wanted, text, asked),
        "rank": 1 / source.number,
    }


def _rarity(question: str, sources: Sequence[prompts.Source]) -> dict[str, float]:
    """The question's stems, each weighing more the fewer sources have it; most where none has."""
    having = Counter(stem for source in sources for stem in set(stems(f"{source.context} {source.text}")))
    return {stem: math.log(1 + (len(sources) + 1) / (having[stem] + 1)) for stem in set(stems(question))}


def _share(weights: dict[str, float], text: str) -> dict[str, float]:
    have, total = set(stems(text)), sum(weights.values())
    return {stem: weight / total for stem, weight in weights.items() if stem in have}


def _completes(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether it stands beside a chosen sentence and says what of the question none of them does."""
    said = {stem for other in chosen for stem in other.covers}
    new = sum(share for stem, share in candidate.covers.items() if stem not in said)
    beside = any(other.source.number == candidate.source.number for other in chosen)
    return beside and new >= _NEW_SHARE and candidate.features["cosine"] >= _NEW_COSINE


def _kind(question: str) -> str | None:
    return next((kind for pattern, kind in _KINDS if pattern.search(question)), None)


def _holds(kind: str | None, text: str, question: str) -> float:
    """Whether a sentence holds what is asked for, and the question did not itself: 1 or 0, ½ where that is unclear."""
    if kind is None:
        return 0.5
    if kind == "figure":
        return float(bool(figures(text) - figures(question)) or bool(_NUMBER_WORD.search(text)))
    if kind == "date":
        return float(bool(_DATE.search(text)))
    return float(bool({word for name in _NAME.findall(text) for word in words(name)} - set(words(question))))


def _repeats(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    said = {stem for other in chosen for stem in stems(other.text)}
    own = set(stems(candidate.text))
    return len(own & said) > _SAME * len(own)
