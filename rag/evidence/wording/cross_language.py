"""Compares a claim with a source in another language: by figures, names and negation."""

import re
from dataclasses import dataclass
from decimal import Decimal

from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import words
from rag.evidence.figures.quantities import amounts
from rag.evidence.wording.language_id import has_negation, identify_language
from rag.evidence.wording.names import absent_names, codes, fold_accents, names, names_in

FINDING = "in another language than its source, so that only figures and names were compared"
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Comparison:
    """``finding`` is what the source lacks, in words. ``agrees`` is whether something stands in both."""

    finding: str
    agrees: bool


def is_foreign(claim: str, source: str) -> bool:
    """Return whether the two are in different languages, and both languages are certain."""
    languages = identify_language(claim), identify_language(source)
    return None not in languages and languages[0] != languages[1]


def compare(claim: str, text: str, everything: str) -> Comparison:
    """Compare a claim with a quote in another language. ``everything`` may hold names too."""
    claim_figures, source_figures = _figures(claim), _all_readings(text)
    known, coded = frozenset(words(fold_accents(everything))), codes(claim)
    absent = [
        figure
        for figure, readings in claim_figures.items()
        if not (readings & source_figures or any(figure in code for code in coded))
    ]
    claim_language, claim_names = identify_language(claim) or "", names(claim)
    absent += absent_names(names_in(claim, claim_language), claim, known, everything)
    if absent:
        return Comparison(f"{', '.join(absent)}: in no source", agrees=False)
    shared = claim_names & known
    if not (claim_figures or shared):
        return Comparison("", agrees=False)
    readings = set[str]().union(*claim_figures.values())
    sentences = (text[start:end] for start, end in sentence_spans(text))
    # the sentences that share no figure or name may deny something else
    related = [s for s in sentences if _all_readings(s) & readings or shared.intersection(words(fold_accents(s)))]
    source_negates = has_negation(" ".join(related), identify_language(everything) or "")
    return Comparison("", agrees=has_negation(claim, claim_language) == source_negates)


def _figures(text: str) -> dict[str, set[str]]:
    """Return each figure with its readings: ``1.200`` is a thousand and more here, one and a fraction there."""
    readings: dict[str, set[str]] = {}
    for figure in _FIGURE.findall(text):
        for thousands, point in ((",", "."), (".", ",")):
            plain = figure.replace(thousands, "").replace(point, ".")
            value = f"{Decimal(plain).normalize():f}" if plain.count(".") < 2 and len(plain) < 40 else figure
            readings.setdefault(figure, set()).add(value)
    return readings


def _all_readings(text: str) -> set[str]:
    """Return the readings of all figures, those in words or with a scale too, and the days and years of dates."""
    source = amounts(text)
    dates = {str(part) for day in source.days for part in (day.year, day.month, day.day) if part}
    spelt = {form for quantity in source.quantities for form in (quantity.value, quantity.written)}
    return set[str]().union(dates, spelt, *_figures(text).values())
