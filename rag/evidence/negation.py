"""What a text denies: negations with what they negate, and words that are each other's opposite."""

import re
from dataclasses import dataclass
from functools import lru_cache

from indexes.text.tokenization import STOP_WORDS, stem, words

_NEGATIONS = frozenset("not no never nor none neither without cannot nobody nothing nowhere".split())
_DENIALS = frozenset(
    stem(word)
    for word in "unable fail lack refuse deny prohibit forbid forbidden exclude ban reject prevent decline absent miss"
    " unless except hardly rarely barely seldom false impossible unlikely refrain avoid stop cease ineligible"
    " invalid illegal exempt waive void deprive restrict".split()
)
"""They deny without a negation: where a source has one, "not" in a claim may say the same."""
_IDIOMS = (
    (
        re.compile(r"\bno (?:later|more|greater|longer|higher) than\b|\bnot (?:more|later|longer|higher) than\b"),
        "at most",
    ),
    (re.compile(r"\bno (?:less|fewer|earlier|lower|sooner) than\b|\bnot (?:less|fewer|lower) than\b"), "at least"),
    (re.compile(r"\bnot (?:only|just|merely|simply|necessarily)\b|\bwhether or not\b|\bno\. ?(?=\d)|\bif not\b"), " "),
)
_SCOPE = 3
"""Words that carry matter after a negation: one of them is what it negates."""
_PREFIXES = ("un", "non", "in", "im", "dis", "ir", "il")
_OPPOSITES = tuple(
    pair
    for line in (
        "before after|under over|below above|less more|fewer more|least most|minimum maximum|with without|higher lower|"
        "increase decrease|increase reduce|increase decline|increase drop|rise fall|rise decline|rise drop|grow shrink|"
        "rose fell|grew fell|grew shrank|rose declined|rose dropped|"
        "always never|all none|include exclude|allow prohibit|allow forbid|permit prohibit|permit forbid|accept reject|"
        "mandatory optional|required optional|compulsory voluntary|win lose|won lost|gain lose|gain loss|profit loss|"
        "earlier later|earliest latest|north south|northern southern|east west|eastern western|upper lower|"
        "inside outside|internal external|enable disable|success failure|succeed fail|best worst|better worse|"
        "longer shorter|larger smaller|largest smallest|bigger smaller|longest shortest|highest lowest|"
        "faster slower|majority minority|import export|start end|begin end|open close|positive negative"
    ).split("|")
    for a, b in (line.split(),)
    for pair in ((a, b), (b, a))
)  # fmt: skip
_STEMMED = tuple(dict.fromkeys((stem(a), stem(b)) for a, b in _OPPOSITES))


@dataclass(frozen=True, slots=True)
class Polarity:
    """Stems that a text denies, those it says without a negation, and all its words by their stems."""

    denied: frozenset[str]
    said: frozenset[str]
    every: frozenset[str]
    negates: bool
    denies: bool
    """By a negation, or by another word that denies."""


@lru_cache(maxsize=4096)
def polarity(text: str) -> Polarity:
    plain = text.lower().replace("’", "'")
    for idiom, meant in _IDIOMS:
        plain = idiom.sub(meant, plain)
    denied: set[str] = set()
    said: set[str] = set()
    for clause in re.split(r"[.;:!?,\n—–()]", plain):
        _read(words(clause), denied, said)
    every = frozenset(map(stem, words(plain)))
    negative = negates(set(words(plain)))
    return Polarity(frozenset(denied), frozenset(said), every, negative, negative or bool(every & _DENIALS))


def negates(said: set[str]) -> bool:
    """Whether one of the words, in small letters, is a negation."""
    return bool(said & _NEGATIONS) or any(word.endswith(("n't", "n’t")) for word in said)


def flipped(claim: Polarity, source: Polarity) -> str:
    """What the one denies and the other says, or the opposite of it: in words; empty where they agree."""
    if claim.negates and not source.denies and not _by_prefix(claim.denied, source.every):
        return "a negation"
    told = (claim.denied - claim.said) & (source.said - source.denied)
    if told and not source.denies:
        return f"not {min(told)}"
    if not claim.denies and source.negates:
        untold = (source.denied - source.said) & claim.said
        if untold and not _by_prefix(source.denied, claim.every):
            return f"{min(untold)}, which is denied"
    return "" if claim.negates != source.negates else opposite(claim.every, source.every)


def opposite(claim: frozenset[str], source: frozenset[str]) -> str:
    """A stem of the claim of which the source has the opposite instead, in words; empty where there is none."""
    said, known = claim - source, source - claim
    return next((f"{a} for {b}" for a, b in _STEMMED if a in said and b in known), "")


def _read(clause: list[str], denied: set[str], said: set[str]) -> None:
    left = 0
    for word in clause:
        if word in _NEGATIONS or word.endswith("n't"):
            left = _SCOPE
        elif word not in STOP_WORDS:
            (denied if left else said).add(stem(word))
            left = max(0, left - 1)


def _by_prefix(denied: frozenset[str], said: frozenset[str]) -> bool:
    """``not paid`` is ``unpaid``."""
    return any(prefix + word in said for word in denied for prefix in _PREFIXES)
