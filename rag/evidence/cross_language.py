"""A claim in another language than its source: what can be compared all the same, figures, names and negation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import words
from rag.evidence.language_id import denies, tongue
from rag.evidence.names import absent, codes, folded, names
from rag.evidence.quantities import amounts

FINDING = "in another language than its source, so that only figures and names were compared"
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_CAPITAL_NOUNS = "de"
"""There every noun has a capital: names are told by capitals throughout and by digits alone."""


@dataclass(frozen=True, slots=True)
class Compared:
    """``finding``: what the source has not, in words; ``agrees``: whether there is something that both have."""

    finding: str
    agrees: bool


def is_foreign(claim: str, source: str) -> bool:
    """Whether both are surely of a language, and not of the same."""
    said, told = tongue(claim), tongue(source)
    return said is not None and told is not None and said != told


def compared(claim: str, text: str, everything: str) -> Compared:
    """A foreign claim with what is quoted; ``everything`` may name things too."""
    wanted = _figures(claim)
    told = set[str]().union(*_figures(text).values()) | _spelt(text)
    known, coded = frozenset(words(folded(everything))), codes(claim)
    named = coded if tongue(claim) == _CAPITAL_NOUNS else names(claim)
    lacking = [f for f, readings in wanted.items() if not (readings & told or any(f in code for code in coded))]
    lacking += absent(named, claim, known, everything)
    if lacking:
        return Compared(f"{', '.join(lacking)}: in no source", agrees=False)
    shared = names(claim) & known
    if not (wanted or shared):
        return Compared("", agrees=False)
    beside = " ".join(_having(text, set[str]().union(*wanted.values()), shared))
    return Compared("", agrees=denies(claim, tongue(claim) or "") == denies(beside, tongue(everything) or ""))


def _having(text: str, figures: set[str], named: frozenset[str]) -> Iterator[str]:
    """The sentences that have one of the figures or names; the others may deny something else."""
    for start, end in sentence_spans(text):
        said = text[start:end]
        found = set[str]().union(*_figures(said).values()) | _spelt(said)
        if found & figures or named.intersection(words(folded(said))):
            yield said


def _figures(text: str) -> dict[str, set[str]]:
    """Each as it is written, with what it may be: ``1.200`` is a thousand and more here, and one and a bit there."""
    return {figure: set(_readings(figure)) for figure in _FIGURE.findall(text)}


def _readings(figure: str) -> Iterator[str]:
    for thousands, point in ((",", "."), (".", ",")):
        plain = figure.replace(thousands, "").replace(point, ".")
        yield f"{Decimal(plain).normalize():f}" if plain.count(".") < 2 and len(plain) < 40 else figure


def _spelt(text: str) -> set[str]:
    """Figures in words or with a scale, and the days and years of dates."""
    found = amounts(text)
    days = {str(part) for day in found.days for part in (day.year, day.month, day.day) if part}
    return {form for q in found.quantities for form in (q.value, q.written)} | days
