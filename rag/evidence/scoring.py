"""Does the source say it? Facts must occur, whatever else agrees; the rest is weighed by a small calibrated model."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from indexes.text.tokenization import STOP_WORDS, figures, stems, words
from indexes.types import Passage
from rag.evidence.alignment import conflict, spoken
from rag.evidence.cross_language import compared, is_foreign
from rag.evidence.names import first_name, folded, names, unknown
from rag.evidence.negation import flipped, negates, polarity
from rag.evidence.probability import sigmoid
from rag.evidence.quantities import amounts, missing, respelt
from rag.types import Verdict

__all__ = ["Evidence", "Source", "evidence", "likelihood", "negates", "support", "verdict"]

WEAK = 0.4
"""Likelihood below which a claim is unsupported."""
SUPPORTED = 0.65
# Fitted by benchmarks/check_support.py; those for words alone are rounded by hand, and a fit of them is due:
# docs/decisions/0009-each-sentence-is-proven-or-marked.md
_WEIGHTS = {"found": 2.9, "gap": -4.4, "bound": 1.4, "likeness": 4.1}, -5.4
_WORDS_ONLY = {"found": 4.3, "gap": -4.6, "bound": 2.6}, -4.6
_SAME = 0.5
"""A claim of which the source has so many words is in its language, whatever its small words are."""
_NEAR = 3
"""Words on each side of a fact that tell what it is said of."""
_LEAD_INS = frozenset(
    "however therefore additionally moreover furthermore according overall finally thus yes instead meanwhile currently"
    " specifically generally based please yet still often".split()
)


@dataclass(frozen=True, slots=True)
class Source:
    """What a claim is held against: the text quoted, and what a reader has beside it."""

    text: str
    context: str = ""
    """Headings, and a table's header row."""
    name: str = ""
    """The document's title and path: they may name things, and prove no figure."""
    around: str = ""
    """The passage: what it writes with a capital is a name, and it proves nothing by itself."""

    @classmethod
    def of(cls, passage: Passage, text: str | None = None, context: str = "") -> "Source":
        """The passage, or a part of it; ``context`` is what of the passage a reader of the part must know."""
        name = f"{passage.path} {passage.title}".translate(_MARKS)
        return cls(passage.text if text is None else text, f"{passage.context}\n{context}".strip(), name, passage.text)

    @classmethod
    def joined(cls, sources: Iterable["Source"]) -> "Source":
        every = list(sources)
        parts = (dict.fromkeys(getattr(source, part) for source in every) for part in cls.__slots__)
        return cls(*("\n\n".join(part) for part in parts))


_MARKS = str.maketrans("_-/.", "    ")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a claim and against it."""

    finding: str
    """A fact that the source has not or says otherwise, in words: it decides. Empty where there is none."""
    features: dict[str, float]
    verbatim: bool = False
    is_doubtful: bool = False
    """Whether its first word, of which a capital does not tell, may be a name that the source has not."""
    foreign: Literal["", "agrees", "open"] = ""
    """In another language than the source: whether figures or names agree, and what is said of them stays open; or no
    more than that nothing speaks against it."""


def evidence(claim: str, source: Source) -> Evidence:
    """Of a claim without markers. Linear in the length of both."""
    wanted, found = set(_stems(claim)), set(_stems(source.text))
    if not wanted:
        return Evidence("no words", {})
    if _plain(claim) in _plain(source.text):
        return Evidence("", {}, verbatim=True)
    if is_foreign(claim, source.around or source.text) and len(wanted & found) < _SAME * len(wanted):
        return _of_foreign(claim, source)
    beside = (set(_stems(source.context)) | set(stems(source.name))) - found
    features = {
        "found": (len(wanted & found) + 0.5 * len(wanted & beside)) / len(wanted),
        "gap": _gap(claim, found | beside),
        "bound": _bound(claim, source.text, beside),
    }
    return Evidence(_finding(claim, source), features, is_doubtful=_is_stranger(claim, source))


def likelihood(told: Evidence, likeness: float | None = None) -> float:
    """That the source says it, 0 to 1. ``likeness`` is of claim and quote by an encoder, as ``checking`` scales it."""
    if told.finding:
        return 0.0
    if told.verbatim:
        return 1.0
    if told.foreign:
        return WEAK if told.foreign == "agrees" else 0.0
    weights, bias = _WORDS_ONLY if likeness is None else _WEIGHTS
    features = told.features if likeness is None else told.features | {"likeness": likeness}
    told_by = sigmoid(bias + sum(weight * features[name] for name, weight in weights.items()))
    return min(told_by, WEAK) if told.is_doubtful else told_by


def support(claim: str, text: str, context: str = "") -> float:
    """How likely a text says what a claim says, 0 to 1, by its words and facts alone.

    0 where a figure, a date, a name or a negation of the claim occurs in neither text nor context, or the text says the
    opposite (before for after).
    """
    return likelihood(evidence(claim, Source(text, context)))


def verdict(score: float, *, cited: bool) -> Verdict:
    if not cited:
        return "uncited"
    return "supported" if score >= SUPPORTED else "weak" if score >= WEAK else "unsupported"


def _of_foreign(claim: str, source: Source) -> Evidence:
    told = compared(claim, f"{source.text}\n{source.context}", _everything(source))
    return Evidence(told.finding, {"found": 0.0}, foreign="agrees" if told.agrees else "open")


def _everything(source: Source) -> str:
    return f"{source.text}\n{source.context}\n{source.name}"


def _finding(claim: str, source: Source) -> str:
    if absent := missing(amounts(claim), amounts(source.text) | amounts(source.context)):
        return f"{', '.join(absent)}: in no source"
    everything = _everything(source)
    if strangers := unknown(claim, _known_words(everything), everything):
        return f"{', '.join(strangers)}: in no source"
    if turned := flipped(polarity(claim), polarity(source.text)) or conflict(claim, source.text, names(source.around)):
        return f"{turned}: the source says otherwise"
    return ""


@lru_cache(maxsize=1024)
def _known_words(text: str) -> frozenset[str]:
    return frozenset(words(folded(text)))


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return " ".join(words(text))


def _stems(text: str) -> list[str]:
    """With figures and dates in one spelling."""
    return stems(respelt(text))


def _gap(claim: str, found: set[str]) -> float:
    """The longest run of the claim's words of which none was found, of all: what is half true has one."""
    longest = run = 0
    every = _stems(claim)
    for stem in every:
        run = 0 if stem in found else run + 1
        longest = max(longest, run)
    return longest / len(every)


def _bound(claim: str, text: str, beside: set[str]) -> float:
    """How far facts are said of the same: the least share of a fact's near words that its sentence or heading has."""
    facts = names(claim) | figures(respelt(claim))
    if not facts:
        return 1.0
    said = [beside | set(_stems(sentence)) for sentence in spoken(text)]
    every = _stems(claim)
    shares = [_share(every, at, said) for at, stem in enumerate(every) if stem in facts]
    return min(shares, default=1.0)


def _share(every: list[str], at: int, spoken: list[set[str]]) -> float:
    near = {*every[max(0, at - _NEAR) : at], *every[at + 1 : at + 1 + _NEAR]}
    having = [said for said in spoken if every[at] in said]
    if not near or not having:
        return 1.0
    return max(len(near & said) for said in having) / len(near)


def _is_stranger(claim: str, source: Source) -> bool:
    known = _known_words(_everything(source))
    first = first_name(claim)
    return bool(first) and first not in STOP_WORDS and first not in known and first not in _LEAD_INS
