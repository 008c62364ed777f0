"""True and false claims, made by rule from the sentences of a gold set. They are false in the ways that models err."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from indexes.text.number_words import MONTH_NAMES, SMALL_CARDINALS, any_of

SUPPORTED = ("verbatim", "reworded")
FALSE = ("number", "number near", "swapped", "unit", "name", "name near", "negated", "elsewhere", "half true")
"""A ``near`` kind takes its replacement from elsewhere in the passage, so that its words do not give it away."""
_FIGURE = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|[.,]\d)")
_NAME = re.compile(r"\b[A-Z][a-z]+(?:[ -][A-Z][a-z]+)*\b|\b[A-Z]{2,}\b")
_WITHIN = re.compile(r"[a-z,] $")
_NOT_NAMES = frozenset(MONTH_NAMES) | frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday The This These If When For You Your In On At As To And"
    " But It Its We They He She Use Note".split()
)
_UNITS = (("days", "weeks"), ("hours", "minutes"), ("weeks", "months"), ("months", "years"), ("years", "decades"),
          ("million", "billion"), ("%", " million"), (" percent", " million"), ("day", "week"))  # fmt: skip
_AUXILIARY = re.compile(r"\b(is|are|was|were|can|will|may|must|should|could|would|has|have|had|did|does)\b(?! not|n't)")
_NEGATION = re.compile(r"(?<=\w) not\b(?! only)|\bnever ")
_DAY = re.compile(rf"\b(\d{{1,2}}) ({any_of(MONTH_NAMES)})\b")
_DAY_AFTER = re.compile(rf"\b({any_of(MONTH_NAMES)}) (\d{{1,2}})\b(?!,\d)")
_WORDS = tuple(SMALL_CARDINALS)
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
    """A sentence that a passage may bear out, and the kind of rule that made it."""

    kind: str
    text: str

    @property
    def is_true(self) -> bool:
        """Whether the passage bears it out."""
        return self.kind in SUPPORTED


def make_claims(sentence: str, passage: str, others: Sequence[str], rng: Random) -> Iterator[Claim]:
    """Yield a claim of each kind that the sentence allows. ``others`` are sentences of other documents."""
    rules: dict[str, Callable[[], str]] = {
        "verbatim": lambda: sentence,
        "reworded": lambda: reword(sentence),
        "number": lambda: _change_digit(sentence, passage, rng),
        "number near": lambda: _replace_by_near(sentence, passage, _FIGURE, rng),
        "unit": lambda: _change_unit(sentence),
        "name": lambda: _change_name(sentence, passage, others, rng),
        "name near": lambda: _replace_by_near(sentence, passage, _NAME, rng),
        "negated": lambda: negate(sentence),
        "half true": lambda: f"{sentence.rstrip('.')}, and {_lower_first(rng.choice(others))}",
        "swapped": lambda: swap_figures(sentence),
    }
    for kind, rule in rules.items():
        text = rule()
        if text and (kind == "verbatim" or text != sentence):
            yield Claim(kind, text)


def reword(sentence: str) -> str:
    """Return a paraphrase: synonyms, figures and dates spelled differently, asides dropped, an opening phrase last."""
    text = re.sub(r"\s*\([^()]*\)", "", sentence)
    text = re.sub(r", (?:which|who) [^,.]{5,80}(?=[,.])", "", text)
    text = _DAY.sub(r"\2 \1", text) if _DAY.search(text) else _DAY_AFTER.sub(r"\2 \1", text)
    text = re.sub(r"(?<![\w.,$-])(?:[2-9]|1[0-2])(?= [a-z])", lambda match: _WORDS[int(match[0])], text)
    text = re.sub(r"(?<=\d)\s?%", " percent", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = _SYNONYM.sub(lambda match: _SYNONYMS[match[0]], text)
    opening = re.match(r"((?:In|On|At|During|After|By|For|Since|From) [^,]{3,60}), (\w)([^;:?]*)\.$", text)
    if opening:
        text = f"{opening[2].upper()}{opening[3]} {_lower_first(opening[1])}."
    return text


def negate(sentence: str) -> str:
    """Return the sentence with its only negation removed, or one added; empty where it has several."""
    if _NEGATION.search(sentence):
        return _NEGATION.sub("", sentence) if len(_NEGATION.findall(sentence)) == 1 else ""
    return _AUXILIARY.sub(r"\1 not", sentence, count=1)


def swap_figures(sentence: str) -> str:
    """Return the sentence with its first two figures exchanged; empty where no word stands between them."""
    first, second = (*_FIGURE.finditer(sentence), None, None)[:2]
    if first is None or second is None or first[0] == second[0]:
        return ""
    between = sentence[first.end() : second.start()]
    if not re.search(r"[a-z]{2}", re.sub(r"\b(?:and|or)\b", "", between)):
        return ""
    return f"{sentence[: first.start()]}{second[0]}{between}{first[0]}{sentence[second.end() :]}"


def find_names(text: str, passage: str) -> list[re.Match[str]]:
    """Return the names in a text. A capital word that opens it is one if the passage also has it inside a sentence."""
    return [
        match
        for match in _NAME.finditer(text)
        if not set(match[0].split()) & _NOT_NAMES
        and (_WITHIN.search(text[: match.start()]) or re.search(rf"[a-z,] {re.escape(match[0])}\b", passage))
    ]


def _change_digit(sentence: str, passage: str, rng: Random) -> str:
    """One digit of one figure is another, and the passage has no such figure."""
    figures = list(_FIGURE.finditer(sentence))
    if not figures:
        return ""
    match = rng.choice(figures)
    figure = match[0]
    for _ in range(20):
        at = rng.choice([at for at, character in enumerate(figure) if character.isdigit()])
        other = figure[:at] + rng.choice([digit for digit in "123456789" if digit != figure[at]]) + figure[at + 1 :]
        if not re.search(rf"(?<![\d.,]){re.escape(other)}(?!\d)", passage) and other.replace(",", "") not in passage:
            return _replace(sentence, match, other)
    return ""


def _change_unit(sentence: str) -> str:
    for unit, other in _UNITS:
        match = re.search(rf"(\d[ -]?|\d ){re.escape(unit)}(?!\w)", sentence)
        if match:
            return _replace(sentence, match, match[1] + other.strip())
    return ""


def _change_name(sentence: str, passage: str, others: Sequence[str], rng: Random) -> str:
    """A name is one of another document that the passage lacks."""
    names = find_names(sentence, passage)
    foreign = [
        match[0] for other in rng.sample(others, min(40, len(others))) for match in find_names(other, other)
        if match[0].lower() not in passage.lower()
    ]  # fmt: skip
    return _replace(sentence, rng.choice(names), rng.choice(foreign)) if names and foreign else ""


def _replace_by_near(sentence: str, passage: str, pattern: re.Pattern[str], rng: Random) -> str:
    """A figure or name is another one of the same passage."""

    def find(text: str, context: str) -> list[re.Match[str]]:
        return list(pattern.finditer(text)) if pattern is _FIGURE else find_names(text, context)

    spans, rest = find(sentence, passage), passage.replace(sentence, " ")
    words = {word for span in spans for word in span[0].lower().split()}
    near = [match[0] for match in find(rest, rest)]
    near = [other for other in near if other not in sentence and not words & set(other.lower().split())]
    return _replace(sentence, rng.choice(spans), rng.choice(near)) if spans and near else ""


def _replace(sentence: str, span: re.Match[str], other: str) -> str:
    return sentence[: span.start()] + other + sentence[span.end() :]


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]
