"""Chooses the candidates that answer, and tells how sure that is. Decision 0010 has the fit of the weights."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from indexes.text.sentences import is_table_row
from indexes.text.tokenization import stems
from rag.evidence.scoring import sigmoid
from rag.extractive.candidates import Candidate

_STANDS_FOR = re.compile(r"\W*(?:he|she|it|they|his|her|its|their|this|these|such)\b", re.IGNORECASE)

CHOICE: Mapping[str, float] = {"cosine": 2.1, "said": 2.2, "near": 0.6, "together": 0.6, "kind": 1.2, "rank": 2.2}
"""What speaks for a sentence: the weights of a logistic model, with ``CHOICE_BIAS``."""
CHOICE_BIAS = -4.2
CONFIDENCE: Mapping[str, float] = {"likest": 4.3, "covered": 1.5, "lead": 1.6, "lacks": -1.6}
"""What speaks for the documents' answering the question at all, likewise."""
CONFIDENCE_BIAS = -3.7
_NAMED = 0.5
"""Confidence, at least, where the question names a row: what is asked of the row, the row itself tells."""
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


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Sort candidates, the likeliest to answer first. Of rows, those that the question names stand for all."""
    found = list(candidates)
    named = {candidate.source.number for candidate in found if candidate.is_named}
    able = [c for c in found if c.is_named or not (c.source.number in named and is_table_row(c.text))]
    return sorted(able, key=worth, reverse=True)


def worth(candidate: Candidate) -> float:
    """Return the likelihood that of all sentences this one answers, 0 to 1."""
    return sigmoid(CHOICE_BIAS + sum(weight * candidate.features[name] for name, weight in CHOICE.items()))


def confidence(candidates: Sequence[Candidate]) -> float:
    """Return the likelihood that the question is answered at all, 0 to 1, if half of all questions are."""
    if not candidates:
        return 0.0
    features = question_features(candidates)
    likelihood = sigmoid(CONFIDENCE_BIAS + sum(weight * features[name] for name, weight in CONFIDENCE.items()))
    return max(likelihood, _NAMED) if max(candidates, key=worth).is_named else likelihood


def question_features(candidates: Sequence[Candidate]) -> dict[str, float]:
    """Return the features that tell whether a question is answered, whichever sentence answers it.

    ``likest``: the highest likeness in meaning. ``lead``: its distance from the mean. ``covered``: the largest share of
    the question's words in one passage. ``lacks``: the question's figures that the best passage in them lacks.
    """
    features = [candidate.features for candidate in candidates]
    cosines = [values["cosine"] for values in features]
    return {
        "likest": max(cosines),
        "covered": max(values["around"] for values in features),
        "lead": max(cosines) - fmean(cosines),
        "lacks": min(values["lacks"] for values in features),
    }


def choose(best: Sequence[Candidate]) -> list[Candidate]:
    """Return the fewest sentences that hold the answer, in the order of their passages. ``best`` is ``ranked``.

    A sentence that begins with a pronoun brings the sentence before it, which names what the pronoun stands for.
    """
    chosen = list(best[:1])
    for candidate in best[1:]:
        if len(chosen) < _MOST and _adds(candidate, chosen):
            chosen.append(candidate)
    named_before = [
        replace(c, start=c.before[0], end=c.before[1], before=None)
        for c in chosen
        if c.before is not None and _STANDS_FOR.match(c.text)
    ]
    by_place = {(c.source.number, c.start): c for c in (*named_before, *chosen)}
    return [by_place[place] for place in sorted(by_place)]


def _adds(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Tell whether a candidate repeats no chosen one, and answers as likely as the best or covers another part.

    Another part is the other side of a comparison, or the second hop.
    """
    own, repeated = set(stems(candidate.text)), {stem for other in chosen for stem in stems(other.text)}
    if len(own & repeated) > _SAME * len(own):
        return False
    best, cosine, value = chosen[0], candidate.features["cosine"], worth(candidate)
    if cosine >= best.features["cosine"] * _FURTHER and value >= worth(best) * _FURTHER:
        return True
    covered = {stem for other in chosen for stem in other.covers}
    new = sum(share for stem, share in candidate.covers.items() if stem not in covered)
    beside = any(other.source.number == candidate.source.number for other in chosen)
    if not beside and value < worth(best) * _LEAST_ELSEWHERE:
        return False
    return cosine >= _NEW_COSINE and new >= (_NEW_BESIDE if beside else _NEW_ELSEWHERE)
