"""Scores how well a source supports a claim.

The claim's facts must stand in the source; the rest is weighed by a small calibrated model.
"""

import math
from dataclasses import dataclass
from typing import Literal

from rag.evidence.claim_check import ClaimCheck
from rag.evidence.source_text import SourceText
from rag.evidence.tables.cell_claims import Reading
from rag.evidence.wording.cross_language import compare
from rag.evidence.wording.negation import under_heading, without_answer_word
from rag.evidence.wording.yes_no import answer_conflict
from rag.types import Verdict

WEAK = 0.4
"""Likelihood below which a claim is unsupported."""
SUPPORTED = 0.65
# Fitted by benchmarks/check_support.py; those for words alone are rounded by hand, and a fit of them is due:
# docs/decisions/0009-each-sentence-is-proven-or-marked.md
_WEIGHTS = {"found": 2.9, "gap": -4.4, "bound": 1.4, "likeness": 4.1}, -5.4
_WORDS_ONLY = {"found": 4.3, "gap": -4.6, "bound": 2.6}, -4.6
_PARTLY = 0.25
"""Share of a claim's words that the source has, if all else that it says is calculated."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for and against a claim."""

    finding: str
    """A fact that the source lacks or contradicts, in words, which decides; empty if there is none."""
    features: dict[str, float]
    verbatim: bool = False
    is_doubtful: bool = False
    """Whether its first word, capitalised in any case, may be a name that the source lacks.

    Likewise whether it is a table's value, and nothing says of which row, and whether a figure or date agrees in one
    reading of several only.
    """
    lacks_row: bool = False
    """Whether it is a table's value, and neither it nor its question names the row."""
    calculated: str = ""
    """Figures that are the writer's arithmetic with the source's, in words; the source has them nowhere."""
    contradicts: bool = False
    """Whether the finding is what the source says otherwise, not only what it lacks."""
    foreign: Literal["", "agrees", "open"] = ""
    """Set if the claim is in another language: figures or names agree, or nothing speaks for it or against it."""

    @property
    def remark(self) -> str:
        """What a reader must know of the claim: the finding, or what was calculated."""
        return self.finding or (f"{self.calculated}: calculated, not in the source" if self.calculated else "")


def gather_evidence(claim: str, source: SourceText, reading: Reading | None = None) -> Evidence:
    """Return the evidence for a claim without markers, in time linear in both lengths.

    ``reading`` completes it by the lines before and the question; without one, the claim stands alone.
    """
    reading = reading or Reading(claim)
    if wrong := answer_conflict(claim, "".join(reading.leads[-1:])):
        return Evidence(wrong, {})
    claim = under_heading(without_answer_word(claim), "".join(reading.leads[:1]), source.text)
    check = ClaimCheck(claim, source, reading)
    if check.miscounted:
        return Evidence(check.miscounted, {}, contradicts=True)
    if check.is_verbatim:
        return Evidence("", {}, verbatim=True)
    if check.is_counted:
        return Evidence("", {}, verbatim=True, calculated=check.calculated)
    if not check.stems:
        return Evidence("no words", {})
    if check.is_foreign:
        comparison = compare(check.claim, f"{source.text}\n{source.context}", source.everything)
        foreign: Literal["agrees", "open"] = "agrees" if comparison.agrees else "open"
        return Evidence(comparison.finding, {"found": 0.0}, calculated=check.calculated, foreign=foreign)
    return Evidence(
        "; ".join(filter(None, (check.lacking, check.otherwise))),
        {"found": check.found, "gap": check.gap, "bound": check.bound},
        is_doubtful=check.is_doubtful,
        calculated=check.calculated,
        contradicts=bool(check.misread or check.otherwise),
        lacks_row=check.lacks_row,
    )


def likelihood(evidence: Evidence, similarity: float | None = None) -> float:
    """Return how likely the source says it, 0 to 1. ``similarity`` is of claim and quote on ``SimilarityScale``."""
    if evidence.finding:
        return 0.0
    if evidence.verbatim:
        return WEAK if evidence.calculated else 1.0
    if evidence.foreign:
        return WEAK if evidence.foreign == "agrees" else 0.0
    weights, bias = _WORDS_ONLY if similarity is None else _WEIGHTS
    features = evidence.features if similarity is None else evidence.features | {"likeness": similarity}
    probability = sigmoid(bias + sum(weight * features[name] for name, weight in weights.items()))
    if evidence.calculated and evidence.features["found"] >= _PARTLY:
        return WEAK
    return min(probability, WEAK) if evidence.is_doubtful or evidence.calculated else probability


def support(claim: str, text: str, context: str = "") -> float:
    """Return how likely a text says what a claim says, 0 to 1, by words and facts alone.

    It is 0 if a figure, date, name or negation of the claim stands in neither text nor context, or if the text says
    the opposite (before for after).
    """
    return likelihood(gather_evidence(claim, SourceText(text, context)))


def verdict(score: float, *, cited: bool) -> Verdict:
    """Return the verdict on a sentence with this likelihood."""
    if not cited:
        return "uncited"
    return "supported" if score >= SUPPORTED else "weak" if score >= WEAK else "unsupported"


def sigmoid(log_odds: float) -> float:
    """Return the probability, 0 to 1, that has these log-odds."""
    return 1 / (1 + math.exp(-log_odds))


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability, which is first clipped to between .01 and .99."""
    clipped = min(max(probability, 0.01), 0.99)
    return math.log(clipped / (1 - clipped))
