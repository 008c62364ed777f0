"""Negations with the words that they negate, and pairs of opposites."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexes.text.tokenization import STOP_WORDS, words
from rag.evidence.wording.names import names
from rag.evidence.wording.verb_forms import base_stem

_NEGATIONS = frozenset(
    "not no never nor none neither without cannot nobody nothing nowhere"
    " nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne weder pas jamais aucun aucune sans"
    " nunca ningún ninguna nessun nessuna senza".split()
)
_DENIALS = frozenset(
    base_stem(word)
    for word in "unable fail lack refuse deny prohibit forbid forbidden exclude ban reject prevent decline absent miss"
    " unless except hardly rarely barely seldom false impossible unlikely refrain avoid stop cease ineligible"
    " invalid illegal exempt waive void deprive restrict wait otherwise shut close"
    " contrairement sauf außer".split()
)
"""Words that deny without a negation. If a source has one, "not" in a claim may say the same."""
_ANSWER_WORD = re.compile(
    r"[\W_]*(?!no\.? ?\d)(?:yes|no|nope|ja|nein|oui|non|sí|si|sì|(?:unfortunately|sadly|(?:i['’]?m |i am )?afraid) not"
    r"|leider nicht)(?=[\s*_]*[,.;:!–—])[\W_]+(?=\w)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\b(?:go|goes|going|went|carry|carries) on(?! to\b"
    r"| (?:(?:a|an|the|his|her|their|your|annual|sick|parental|unpaid|paid) )*(?:leave|holidays?|strike|trips?|sale)\b)"
)
"""Not to go on leave."""
_LIMITS = (
    (re.compile(r"\bcan(?:not|['’]t)\b", re.IGNORECASE), "can not"),
    (
        re.compile(
            r"\bno (?:later|more|greater|longer|higher) than\b|\bnot (?:more|later|longer|higher) than\b"
            r"|\bat the latest\b",
            re.IGNORECASE,
        ),
        "at most",
    ),
    (
        re.compile(
            r"\bno (?:less|fewer|earlier|lower|sooner) than\b|\bnot (?:less|fewer|lower|earlier) than\b"
            r"|\bat the earliest\b",
            re.IGNORECASE,
        ),
        "at least",
    ),
    (
        re.compile(r"(?:\b(?:not|never|no|nobody|no one)|n['’]t)\b((?: [\w'’-]+){0,8}?),? without\b", re.IGNORECASE),
        r"\1 only with",
    ),
    (re.compile(r"\bwith the exception of\b", re.IGNORECASE), "except"),
    (re.compile(r"\A\W*except(?: for)?\b", re.IGNORECASE), "only"),
    (
        re.compile(
            r"(?:\b(?:not|never|no|nobody|no one)|n['’]t)\b((?: [\w'’-]+){0,8}?),? except(?: for)?\b", re.IGNORECASE
        ),
        r"\1 only",
    ),
    (re.compile(r"(?<=\b(?:not|n't)\b)([^.;:!?]*?)\bnot even\b", re.IGNORECASE), r"\1even"),
    (
        re.compile(
            r"\b(?:(?:costs?|pay|pays|zahl\w*|kosten?|kostet) (?:nothing|nichts)"
            r"|(?:no|without|free of) (?:charge|cost|fee)|kosten(?:los|frei)|gratis)\b",
            re.IGNORECASE,
        ),
        "free",
    ),
)
"""How limits and conditions are told with a negation, and how without."""
_IDIOMS = (
    *_LIMITS,
    (re.compile(r"\bnot (?:only|just|merely|simply|necessarily)\b|\bwhether or not\b|\bno\. ?(?=\d)|\bif not\b"), " "),
    (re.compile(r"\boff[- ]limits\b"), "forbidden"),
    (re.compile(r"\b(?:rather than|instead of|as opposed to)\b"), "excluding"),
    (re.compile(r"\b(?:turn|turns|turned|turning) away\b"), "reject"),
    (re.compile(r"\bout of (?:service|order)\b"), "not working"),
    (re.compile(r"\bout of (?=(?:reach|stock|use|sight|print|date|bounds)\b)"), "not in "),
    (re.compile(r"\b(?:come|comes|coming|paid|added|granted|given) on top\b"), "excluded"),
    (_GOES_ON, "continue"),
)
_LEAD = re.compile(r"\s*#{1,6}\s|.*:\W*\Z|\s*\*\*[^*]+\*\*\W*\Z")
_DRESS = " \t\n#*_:•-–"
_SCOPE = 3
"""Content words after a negation, one of which it negates."""
_PREFIXES = ("un", "non", "in", "im", "dis", "ir", "il")
_OPPOSITES = tuple(
    pair
    for line in (
        "before after|under over|below above|less more|fewer more|least most|minimum maximum|higher lower|"
        "increase decrease|increase reduce|increase decline|increase drop|rise fall|rise decline|rise drop|grow shrink|"
        "rose fell|grew fell|grew shrank|rose declined|rose dropped|"
        "always never|all none|include exclude|allow prohibit|allow forbid|permit prohibit|permit forbid|accept reject|"
        "allow forbidden|permit forbidden|"
        "mandatory optional|required optional|compulsory voluntary|win lose|won lost|gain lose|gain loss|profit loss|"
        "earlier later|earliest latest|north south|northern southern|east west|eastern western|upper lower|"
        "inside outside|internal external|enable disable|success failure|succeed fail|best worst|better worse|"
        "continue stop|continue end|continue cease|continue suspend|"
        "longer shorter|larger smaller|largest smallest|bigger smaller|longest shortest|highest lowest|"
        "faster slower|majority minority|import export|start end|begin end|open close|positive negative|"
        "stieg fiel|stieg sank|gestiegen gefallen|gestiegen gesunken|steigen fallen|steigen sinken|"
        "mehr weniger|höchstens mindestens|erlaubt verboten|größer kleiner|höher niedriger|früher später"
    ).split("|")
    for a, b in (line.split(),)
    for pair in ((a, b), (b, a))
)  # fmt: skip
_SMALL = frozenset(map(base_stem, STOP_WORDS))
_STEMMED = tuple(dict.fromkeys((base_stem(a), base_stem(b)) for a, b in _OPPOSITES))


@dataclass(frozen=True, slots=True)
class Polarity:
    """The stems that a text denies, those that it affirms, and all its stems."""

    denied: frozenset[str]
    affirmed: frozenset[str]
    stems: frozenset[str]
    negates: bool
    denies: bool
    """Whether it denies by a negation, or by another word."""


def without_answer_word(claim: str) -> str:
    """Return a claim without a "Yes," or "No." before it, which answers the question and denies nothing of the rest."""
    return _ANSWER_WORD.sub("", claim, count=1) if _ANSWER_WORD.match(claim) else claim


def under_heading(claim: str, lead: str, source: str) -> str:
    """Return a claim after the heading or lead-in that it stands under, if that denies, or says what a source denies.

    "Skiing" is something else under "Covered" than under "Not covered".
    """
    said = polarity(lead)
    tells = said.denies or bool(said.affirmed & polarity(source).denied)
    return f"{lead.strip(_DRESS)}: {claim.lstrip(_DRESS)}" if _LEAD.match(lead) and tells else claim


def without_limits(text: str) -> str:
    """Return a text with limits told without a negation: "at most" for "no later than"."""
    for idiom, meaning in _LIMITS:
        text = idiom.sub(meaning, text)
    return text


@lru_cache(maxsize=4096)
def polarity(text: str) -> Polarity:
    """Return what a text denies and affirms, clause by clause.

    A name is denied only if it is the first word after the negation: "not run between A and B" denies neither place.
    """
    plain, known_names = _without_idioms(text), names(text)
    denied: set[str] = set()
    affirmed: set[str] = set()
    for clause in re.split(r"[.;:!?,\n—–()]", plain):
        scope, before = 0, list[str]()
        for word in words(clause):
            if word in _NEGATIONS or word.endswith("n't"):
                scope = _SCOPE
            elif word not in STOP_WORDS and not (0 < scope < _SCOPE and word in known_names):
                before.append(base_stem(word))
                (denied if scope else affirmed).add(before[-1])
                scope = max(0, scope - 1)
        if scope == _SCOPE:  # nothing follows: "but dogs may not"
            denied.update(before[-_SCOPE:])
            affirmed.difference_update(before[-_SCOPE:])
    all_stems = frozenset(map(base_stem, words(plain)))
    negative = negates(set(words(plain)))
    return Polarity(frozenset(denied), frozenset(affirmed), all_stems, negative, negative or bool(all_stems & _DENIALS))


def _without_idioms(text: str) -> str:
    plain = text.lower().replace("’", "'")
    for idiom, meaning in _IDIOMS:
        plain = idiom.sub(meaning, plain)
    return plain


def negation_conflict(new: Sequence[str], old: Sequence[str], claim: str, sentence: str, around: str) -> bool:
    """Return whether a negation stands only in words of the claim, or only in those of the source that they replace.

    There is no conflict if the other side denies the same, or tells by "otherwise" what is if not. ``around`` is the
    text of the source, and the ``sentence`` of it is aligned with the claim.
    """
    mine, theirs = (negates(set(words(_without_idioms(" ".join(part))))) for part in (new, old))
    if mine == theirs or "otherwise" in words(f"{claim} {sentence}"):
        return False
    said, told = ({*map(base_stem, words(_without_idioms(text)))} for text in (claim, sentence))
    if _DENIALS & ((told - said) if mine else (said - told)):
        return False
    beside = {*map(base_stem, old[1:])} - _SMALL
    if theirs and negates({old[0]}) and beside and not beside & said:
        return False  # "online, not by telephone": what is denied beside is left out
    denied, other = (_denied_by(new, claim), around) if mine else (_denied_by(old, sentence), claim)
    return not (denied and is_denied(denied, polarity(other)))


def _denied_by(part: Sequence[str], text: str) -> str:
    """Return the first stem that a negation in a part of a text denies; nothing if there is none."""
    tokens = words(text)
    start = next((at for at in range(len(tokens)) if tokens[at : at + len(part)] == [*part]), 0)
    negation = next((at for at in range(start, len(tokens)) if negates({tokens[at]})), start)
    return next((base_stem(token) for token in tokens[negation + 1 :] if token not in STOP_WORDS), "")


def is_denied(word: str, text: Polarity) -> bool:
    """Return whether a text denies a stem, or says the opposite."""
    opposites = {b for a, b in _STEMMED if a == word}
    return word in text.denied or bool(opposites & text.affirmed) or _by_prefix(frozenset((word,)), text.stems)


def negates(tokens: set[str]) -> bool:
    """Return whether one of the lower-case words is a negation."""
    return bool(tokens & _NEGATIONS) or any(token.endswith(("n't", "n’t")) for token in tokens)


def polarity_conflict(claim: Polarity, source: Polarity) -> str:
    """Return what one denies and the other affirms, or the opposite that the source has, in words; else nothing."""
    is_told = source.denies or "only" in source.stems or _by_prefix(claim.denied, source.stems)
    if claim.negates and not is_told:
        return "a negation"
    only_denied = (claim.denied - claim.affirmed) & (source.affirmed - source.denied)
    if only_denied and not source.denies:
        return f"not {min(only_denied)}"
    if not claim.denies and source.negates:
        only_affirmed = (source.denied - source.affirmed) & claim.affirmed
        if only_affirmed and not _by_prefix(source.denied, claim.stems):
            return f"{min(only_affirmed)}, which is denied"
    return "" if claim.negates != source.negates else antonym(claim.stems, source.stems)


def antonym(claim: frozenset[str], source: frozenset[str]) -> str:
    """Return a stem of the claim of which the source has the opposite instead, in words; else nothing."""
    claim_only, source_only = claim - source, source - claim
    return next((f"{b}, not {a}" for a, b in _STEMMED if a in claim_only and b in source_only), "")


def _by_prefix(denied: frozenset[str], stems: frozenset[str]) -> bool:
    """Return whether a prefix denies it: ``not paid`` is ``unpaid``."""
    plain = {one.rstrip("e") for one in stems}
    return any(prefix + word.rstrip("e") in plain for word in denied for prefix in _PREFIXES)
