"""Claims made of a set's own sentences: as they stand, worded otherwise, and false in ways that models are."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

SUPPORTED = ("verbatim", "reworded")
FALSE = ("number", "number near", "swapped", "unit", "name", "name near", "negated", "elsewhere", "half true")
"""``near``: what was put in stands elsewhere in the same passage, so that a look at its words cannot tell."""
_FIGURE = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|[.,]\d)")
_NAME = re.compile(r"\b[A-Z][a-z]+(?:[ -][A-Z][a-z]+)*\b|\b[A-Z]{2,}\b")
_WITHIN = re.compile(r"[a-z,] $")
_NO_NAMES = frozenset(
    "January February March April May June July August September October November December Monday Tuesday Wednesday"
    " Thursday Friday Saturday Sunday The This These If When For You Your In On At As To And But It Its We They He She"
    " Use Note".split()
)
_UNITS = (("days", "weeks"), ("hours", "minutes"), ("weeks", "months"), ("months", "years"), ("years", "decades"),
          ("million", "billion"), ("%", " million"), (" percent", " million"), ("day", "week"))  # fmt: skip
_AUXILIARY = re.compile(r"\b(is|are|was|were|can|will|may|must|should|could|would|has|have|had|did|does)\b(?! not|n't)")
_NEGATION = re.compile(r"(?<=\w) not\b(?! only)|\bnever ")
_DAY = re.compile(
    r"\b(\d{1,2}) (January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_DAY_AFTER = re.compile(
    r"\b(January|February|March|April|May|June|July|August|September|October|November|December) (\d{1,2})\b(?!,\d)"
)
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_SYNONYMS = {
    "about": "approximately", "also": "as well", "although": "though", "assist": "help", "because": "since",
    "began": "started", "begin": "start", "big": "large", "bought": "purchased", "build": "construct",
    "built": "constructed", "buy": "purchase", "called": "named", "choose": "select", "close": "near",
    "commonly": "often", "contains": "holds", "created": "made", "current": "present", "different": "distinct",
    "during": "in the course of", "employees": "staff", "ensure": "make sure", "entire": "whole",
    "famous": "well-known",
    "find": "locate", "frequently": "often", "gave": "handed", "get": "receive", "help": "assist", "however": "yet",
    "important": "significant", "includes": "contains", "large": "big", "located": "situated", "main": "principal",
    "many": "numerous", "movie": "film", "must": "have to", "need": "require", "obtain": "get", "often": "frequently",
    "people": "persons", "primarily": "mainly", "provide": "offer", "provides": "offers", "receive": "get",
    "required": "needed", "several": "a number of", "show": "display", "some": "a few", "such as": "like",
    "the majority of": "most of", "use": "employ", "used": "employed", "using": "with", "usually": "generally",
    "various": "different", "while": "whereas", "works": "functions", "written": "authored",
}  # fmt: skip
_SYNONYM = re.compile(rf"\b(?:{'|'.join(_SYNONYMS)})\b(?!-)")


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be said of a passage, and how it was made."""

    kind: str
    text: str

    @property
    def is_true(self) -> bool:
        return self.kind in SUPPORTED


def claims(sentence: str, passage: str, others: Sequence[str], chance: Random) -> Iterator[Claim]:
    """Of a sentence of a passage, of each kind that can be made; ``others`` are sentences of other documents."""
    makers: dict[str, Callable[[], str]] = {
        "verbatim": lambda: sentence,
        "reworded": lambda: reworded(sentence),
        "number": lambda: _other_number(sentence, passage, chance),
        "number near": lambda: _near(sentence, passage, _FIGURE, chance),
        "unit": lambda: _other_unit(sentence),
        "name": lambda: _other_name(sentence, passage, others, chance),
        "name near": lambda: _near(sentence, passage, _NAME, chance),
        "negated": lambda: negated(sentence),
        "half true": lambda: _joined(sentence, chance.choice(others)),
        "swapped": lambda: swapped(sentence),
    }
    for kind, make in makers.items():
        text = make()
        if text and (kind == "verbatim" or text != sentence):
            yield Claim(kind, text)


def reworded(sentence: str) -> str:
    """By rules: words for others, figures and dates in another spelling, asides left out, what comes first put last."""
    text = re.sub(r"\s*\([^()]*\)", "", sentence)
    text = re.sub(r", (?:which|who) [^,.]{5,80}(?=[,.])", "", text)
    text = _DAY.sub(r"\2 \1", text) if _DAY.search(text) else _DAY_AFTER.sub(r"\2 \1", text)
    text = re.sub(r"(?<![\w.,$-])(?:[2-9]|1[0-2])(?= [a-z])", lambda found: _WORDS[int(found[0])], text)
    text = re.sub(r"(?<=\d)\s?%", " percent", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = _SYNONYM.sub(lambda found: _SYNONYMS[found[0]], text)
    first = re.match(r"((?:In|On|At|During|After|By|For|Since|From) [^,]{3,60}), (\w)([^;:?]*)\.$", text)
    if first:
        text = f"{first[2].upper()}{first[3]} {first[1][0].lower()}{first[1][1:]}."
    return text


def negated(sentence: str) -> str:
    if _NEGATION.search(sentence):
        return _NEGATION.sub("", sentence) if len(_NEGATION.findall(sentence)) == 1 else ""
    return _AUXILIARY.sub(r"\1 not", sentence, count=1)


def swapped(sentence: str) -> str:
    """Its first two figures in each other's place, where a word stands between them."""
    one, other = (*_FIGURE.finditer(sentence), None, None)[:2]
    if one is None or other is None or one[0] == other[0]:
        return ""
    between = sentence[one.end() : other.start()]
    if not re.search(r"[a-z]{2}", re.sub(r"\b(?:and|or)\b", "", between)):
        return ""
    return f"{sentence[: one.start()]}{other[0]}{between}{one[0]}{sentence[other.end() :]}"


def name_spans(text: str, passage: str) -> list[re.Match[str]]:
    """A capital at the beginning is a name's where it stands within the passage's sentences too."""
    return [
        found
        for found in _NAME.finditer(text)
        if not set(found[0].split()) & _NO_NAMES
        and (_WITHIN.search(text[: found.start()]) or re.search(rf"[a-z,] {re.escape(found[0])}\b", passage))
    ]


def _other_number(sentence: str, passage: str, chance: Random) -> str:
    found = list(_FIGURE.finditer(sentence))
    if not found:
        return ""
    one = chance.choice(found)
    for _ in range(20):
        other = _changed(one[0], chance)
        if not re.search(rf"(?<![\d.,]){re.escape(other)}(?!\d)", passage) and other.replace(",", "") not in passage:
            return sentence[: one.start()] + other + sentence[one.end() :]
    return ""


def _changed(figure: str, chance: Random) -> str:
    """One digit of it another."""
    at = chance.choice([at for at, character in enumerate(figure) if character.isdigit()])
    return figure[:at] + chance.choice([d for d in "123456789" if d != figure[at]]) + figure[at + 1 :]


def _other_unit(sentence: str) -> str:
    for one, other in _UNITS:
        found = re.search(rf"(\d[ -]?|\d ){re.escape(one)}(?!\w)", sentence)
        if found:
            return sentence[: found.start()] + found[1] + other.strip().join(["", sentence[found.end() :]])
    return ""


def _other_name(sentence: str, passage: str, others: Sequence[str], chance: Random) -> str:
    spans = name_spans(sentence, passage)
    strange = [
        found[0] for other in chance.sample(others, min(40, len(others))) for found in name_spans(other, other)
        if found[0].lower() not in passage.lower()
    ]  # fmt: skip
    return _put(sentence, chance.choice(spans), chance.choice(strange)) if spans and strange else ""


def _near(sentence: str, passage: str, pattern: re.Pattern[str], chance: Random) -> str:
    spans = list(pattern.finditer(sentence)) if pattern is _FIGURE else name_spans(sentence, passage)
    rest = passage.replace(sentence, " ")
    near = [found[0] for found in (pattern.finditer(rest) if pattern is _FIGURE else name_spans(rest, rest))]
    near = [other for other in near if other not in sentence and not any(_overlap(other, s[0]) for s in spans)]
    return _put(sentence, chance.choice(spans), chance.choice(near)) if spans and near else ""


def _overlap(one: str, other: str) -> bool:
    return bool(set(one.lower().split()) & set(other.lower().split()))


def _put(sentence: str, found: re.Match[str], other: str) -> str:
    return sentence[: found.start()] + other + sentence[found.end() :]


def _joined(sentence: str, other: str) -> str:
    """A true half and one from elsewhere."""
    return f"{sentence.rstrip('.')}, and {other[0].lower()}{other[1:]}"
