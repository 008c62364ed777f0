"""Does the passage say it? Lexical evidence, sentence by sentence: figures and names must occur, words must agree."""

import itertools
import re
from dataclasses import dataclass

from indexes.sentences import sentence_spans
from indexes.types import Passage
from indexes.words import STOP_WORDS, figures, stems, words
from rag.types import Verdict

WEAK = 0.5
"""Share of a claim's words below which it is unsupported."""
SUPPORTED = 0.75
_WINDOW = 2
"""Sentences that a quote may take."""
_LENGTH_COST = 0.05
"""What 200 characters more must add in agreement to be quoted."""
_NEGATIONS = frozenset("not no never nor none neither without cannot".split())
_OPPOSITES = tuple(
    pair
    for a, b in (("before", "after"), ("under", "over"), ("below", "above"), ("less", "more"), ("least", "most"),
                 ("minimum", "maximum"), ("increased", "decreased"), ("rose", "fell"), ("with", "without"))
    for pair in ((a, b), (b, a))
)  # fmt: skip
_LEAD_INS = frozenset(
    "however therefore additionally moreover furthermore according overall finally thus yes instead meanwhile currently"
    " specifically generally based".split()
)
_NAME = re.compile(r"\b(?:[A-Z][\w&.-]*[a-z][\w-]*|[A-Z]{2,}[\w-]*)")


@dataclass(frozen=True, slots=True)
class Quote:
    """The span of a passage's text that bears out a claim best, and how well: 0 to 1."""

    start: int
    end: int
    support: float


def locate(claim: str, passage: Passage) -> Quote:
    """The smallest run of whole sentences in the passage that bears out the claim best."""
    spans = sentence_spans(passage.text) or [(0, len(passage.text))]
    windows = [
        (spans[i][0], spans[i + size - 1][1]) for size in range(1, _WINDOW + 1) for i in range(len(spans) - size + 1)
    ]
    wanted, facts = set(stems(claim)), figures(claim)
    best = max(windows, key=lambda span: _worth(wanted, facts, passage.text[slice(*span)]))
    return Quote(*best, support(claim, passage.text[best[0] : best[1]], passage.context))


def support(claim: str, text: str, context: str = "") -> float:
    """How far a text says what a claim says, 0 to 1.

    0 where a figure, a name or a negation of the claim occurs in neither text nor context, or the text says the
    opposite (before for after). At most weak where the text has a negation that the claim has not, or lacks the
    claim's first word.
    """
    wanted = set(stems(claim))
    said, known = set(words(claim)), set(words(f"{text} {context}"))
    if not wanted or figures(claim) - figures(text) - figures(context) or not _names(claim) <= known:
        return 0.0
    if (negates(said) and not negates(known)) or any(a in said - known and b in known - said for a, b in _OPPOSITES):
        return 0.0
    found = wanted & set(stems(text))
    said_before = (wanted - found) & set(stems(context))
    score = (len(found) + 0.5 * len(said_before)) / len(wanted)
    doubtful = (not negates(said) and _denies(wanted, text)) or not _subject(claim) <= {*known, *_LEAD_INS}
    return min(score, WEAK) if doubtful else score


def verdict(score: float, *, cited: bool) -> Verdict:
    if not cited:
        return "uncited"
    return "supported" if score >= SUPPORTED else "weak" if score >= WEAK else "unsupported"


def _worth(wanted: set[str], facts: set[str], text: str) -> float:
    """Agreement less what the length costs: a quote is the fewest sentences that prove the claim."""
    agreement = len(wanted & set(stems(text))) / max(1, len(wanted))
    if facts:
        agreement += len(facts & figures(text)) / len(facts)
    return agreement - _LENGTH_COST * len(text) / 200


def negates(said: set[str]) -> bool:
    """Whether one of the words, in small letters, is a negation."""
    return bool(said & _NEGATIONS) or any(word.endswith(("n't", "n’t")) for word in said)


def _denies(wanted: set[str], text: str) -> bool:
    """Whether a sentence of the text that speaks of the same has a negation."""
    spoken = (text[start:end] for start, end in sentence_spans(text))
    return any(negates(set(words(said))) and len(wanted & set(stems(said))) >= len(wanted) / 2 for said in spoken)


def _subject(claim: str) -> set[str]:
    """The claim's first word, which may be a name: its capital does not tell."""
    first = words(claim)[:1]
    return {word for word in first if word not in STOP_WORDS}


def _names(claim: str) -> set[str]:
    """Capitalised words, but for those that a sentence or a quotation begins with."""
    inside = itertools.chain.from_iterable(
        _NAME.findall(re.sub(r"^\W*\w+", "", claim[start:end])) for start, end in sentence_spans(claim)
    )
    return {part for name in inside for part in words(name)}
