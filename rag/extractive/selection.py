"""Which of the candidates answer, how many are needed, and how sure that is. Decision 0010 tells of the fit."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from indexes.text.tokenization import stems
from rag.evidence.probability import sigmoid
from rag.extractive.candidates import Candidate

_STANDS_FOR = re.compile(r"\W*(?:he|she|it|they|his|her|its|their|this|these|such)\b", re.IGNORECASE)

CHOICE: Mapping[str, float] = {"cosine": 2.1, "said": 2.2, "near": 0.6, "together": 0.6, "kind": 1.2, "rank": 2.2}
"""What speaks for a sentence: the weights of a logistic model, with ``CHOICE_BIAS``."""
CHOICE_BIAS = -4.2
CONFIDENCE: Mapping[str, float] = {"likest": 4.3, "covered": 1.5, "lead": 1.6, "lacks": -1.6}
"""What speaks for the documents' answering the question at all, likewise."""
CONFIDENCE_BIAS = -3.7
_MOST = 3
"""Sentences, and those that lead in to them."""
_FURTHER = 0.7
"""Share of the best sentence's worth, and of its likeness, that a further one needs."""
_NEW_COSINE, _NEW_BESIDE, _NEW_ELSEWHERE = 0.3, 0.12, 0.2
"""One on the matter joins for so much of the question that is not yet said; more, if it stands in another source."""
_LEAST_ELSEWHERE = 0.3
"""And share of the best sentence's worth that it needs there: what says least is beside the point."""
_SAME = 0.75
"""Share of a sentence's words that, said already, make it a repetition."""


def ranked(found: Iterable[Candidate]) -> list[Candidate]:
    """The likeliest to answer first."""
    return sorted(found, key=worth, reverse=True)


def worth(candidate: Candidate) -> float:
    """Likelihood that of all sentences this one answers, 0 to 1."""
    return _likelihood(CHOICE, CHOICE_BIAS, candidate.features)


def confidence(found: Sequence[Candidate]) -> float:
    """Likelihood that the question is answered at all, 0 to 1, where answered and unanswered ones are as many."""
    return _likelihood(CONFIDENCE, CONFIDENCE_BIAS, signs(found)) if found else 0.0


def signs(found: Sequence[Candidate]) -> dict[str, float]:
    """What tells whether a question is answered, whichever sentence answers it.

    ``likest``: the most likeness in meaning; ``lead``: how far that is above the mean; ``covered``: the most of the
    question's words that one source has; ``lacks``: the question's figures that even the best source in them lacks.
    """
    features = [candidate.features for candidate in found]
    cosines = [one["cosine"] for one in features]
    return {
        "likest": max(cosines),
        "covered": max(one["around"] for one in features),
        "lead": max(cosines) - fmean(cosines),
        "lacks": min(one["lacks"] for one in features),
    }


def choose(best: Sequence[Candidate]) -> list[Candidate]:
    """The fewest sentences that hold the answer, in the order of their sources, of candidates as ``ranked``."""
    chosen = list(best[:1])
    for candidate in best[1:]:
        if len(chosen) < _MOST and _adds(candidate, chosen) and not _repeats(candidate, chosen):
            chosen.append(candidate)
    spans = {(c.source.number, c.start): c for c in (*filter(None, map(_lead, chosen)), *chosen)}
    return [spans[place] for place in sorted(spans)]


def _adds(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    best, like = chosen[0], candidate.features["cosine"] >= chosen[0].features["cosine"] * _FURTHER
    return (like and worth(candidate) >= worth(best) * _FURTHER) or _completes(candidate, chosen)


def _lead(candidate: Candidate) -> Candidate | None:
    """The sentence before one that begins with a word that stands for what was named there."""
    if candidate.before is None or not _STANDS_FOR.match(candidate.text):
        return None
    return replace(candidate, start=candidate.before[0], end=candidate.before[1], before=None)


def _likelihood(weights: Mapping[str, float], bias: float, features: Mapping[str, float]) -> float:
    return sigmoid(bias + _sum(weights, features))


def _sum(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return sum(weight * features[name] for name, weight in weights.items())


def _completes(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether it says what of the question no chosen one does: the other side of a comparison, or the second hop."""
    said = {stem for other in chosen for stem in other.covers}
    new = sum(share for stem, share in candidate.covers.items() if stem not in said)
    beside = any(other.source.number == candidate.source.number for other in chosen)
    if not beside and worth(candidate) < worth(chosen[0]) * _LEAST_ELSEWHERE:
        return False
    return candidate.features["cosine"] >= _NEW_COSINE and new >= (_NEW_BESIDE if beside else _NEW_ELSEWHERE)


def _repeats(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    said = {stem for other in chosen for stem in stems(other.text)}
    own = set(stems(candidate.text))
    return len(own & said) > _SAME * len(own)
