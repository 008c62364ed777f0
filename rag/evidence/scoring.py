"""Scores how well a source supports a claim.

The claim's facts must stand in the source; the rest is weighed by a small calibrated model.
"""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from textwrap import shorten
from typing import Literal

from indexes.text.sentences import is_table_row
from indexes.text.tokenization import STOP_WORDS, content_words, figures, stem, stems, words
from indexes.types import Passage
from rag.evidence.calculations import recomputed
from rag.evidence.counts import Recount, is_count, recount, without_bullets
from rag.evidence.figures.agreement import has_uncertain_amounts, missing_amounts, spell_as
from rag.evidence.figures.quantities import Amounts, Quantity, amounts, leave_out, normalize_amounts
from rag.evidence.figures.units import is_money
from rag.evidence.tables.cell_claims import Reading, is_without_subject, table_conflict, value_told
from rag.evidence.tables.relations import Table, prose_of, read_tables
from rag.evidence.wording.alignment import conflict, sentences_in
from rag.evidence.wording.clauses import NOT_MIXED, Mixture, mixture, stands_elsewhere
from rag.evidence.wording.cross_language import compare, is_foreign
from rag.evidence.wording.names import fold_accents, leading_name, names, unknown_names
from rag.evidence.wording.negation import (
    antonym,
    is_denied,
    negates,
    polarity,
    polarity_conflict,
    without_answer_word,
    without_limits,
)
from rag.evidence.wording.yes_no import answer_conflict
from rag.types import Verdict

__all__ = ["Evidence", "SourceText", "gather_evidence", "likelihood", "negates", "support", "verdict"]

WEAK = 0.4
"""Likelihood below which a claim is unsupported."""
SUPPORTED = 0.65
# Fitted by benchmarks/check_support.py; those for words alone are rounded by hand, and a fit of them is due:
# docs/decisions/0009-each-sentence-is-proven-or-marked.md
_WEIGHTS = {"found": 2.9, "gap": -4.4, "bound": 1.4, "likeness": 4.1}, -5.4
_WORDS_ONLY = {"found": 4.3, "gap": -4.6, "bound": 2.6}, -4.6
_SAME = 0.5
"""A claim that shares this part of its words with the source is in the same language."""
_SAME_STATEMENT = 0.8
"""Share of a claim's words, beside its facts, that a source has which tells of the same, and so may contradict it."""
_LONGEST_SAID = 160
"""Characters of a sentence that a finding repeats."""
_SAME_SUBJECT = 0.3
"""Share of a claim's words that a sentence has which says the opposite of it."""
_HEADING = re.compile(r"\s*(?:#{1,6}\s|\*\*[^*]+\*\*\W*\Z)")
_LABEL = re.compile(r"\A([\s*_•-]*[^\W\d][^:–—.]{0,40}?)\s*[*_]*\s*(?:[–—-]|:)[*_]*\s")
"""What an item of a list is about, before a colon or dash."""
_FRAGMENT = 3
"""Content words of a sentence that is read with its question."""
_PARTLY = 0.25
"""Share of a claim's words that the source has, if all else that it says is calculated."""
_NEAR = 3
"""Words on each side of a fact that tell what it is about."""
_LEAD_INS = frozenset(
    "however therefore additionally moreover furthermore according overall finally thus yes instead meanwhile currently"
    " specifically generally based please yet still often".split()
)


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text that a claim is checked against, with the context that a reader has."""

    text: str
    context: str = ""
    """Headings, and a table's header row."""
    name: str = ""
    """The document's title and path, which may prove a name but no figure."""
    around: str = ""
    """The whole passage, which tells names by its capitals. It proves nothing by itself."""
    tables: tuple[Table, ...] = ()
    """The tables of the whole passage, if the text has rows of one."""
    passages: tuple[Passage, ...] = ()
    """The passages that the text is of, where things may be counted."""

    @classmethod
    def of(cls, passage: Passage, text: str | None = None, context: str = "") -> "SourceText":
        """Return a passage as a source, or a part of it with the ``context`` that its reader needs."""
        name = f"{passage.path} {passage.title}".translate(_MARKS)
        text = passage.text if text is None else text
        has_rows = any(map(is_table_row, text.splitlines()))
        tables = read_tables(passage.text, passage.context) if has_rows else ()
        return cls(text, f"{passage.context}\n{context}".strip(), name, passage.text, tables, (passage,))

    @classmethod
    def joined(cls, sources: Iterable["SourceText"]) -> "SourceText":
        """Return several sources as one, without repeated parts."""
        all_sources = list(sources)

        def each(part: str) -> str:
            return "\n\n".join(dict.fromkeys(getattr(source, part) for source in all_sources))

        tables = tuple(dict.fromkeys(table for source in all_sources for table in source.tables))
        passages = tuple(dict.fromkeys(passage for source in all_sources for passage in source.passages))
        return cls(each("text"), each("context"), each("name"), each("around"), tables, passages)


_MARKS = str.maketrans("_-/.", "    ")


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
    claim, known = without_answer_word(claim), amounts(source.text) | amounts(source.context)
    counts = _recounts(claim, source, reading)
    if miscounted := next(
        (f"{q}: the source has {count.words}" for q, count in counts.items() if count.agrees is False), ""
    ):
        return Evidence(miscounted, {}, contradicts=True)
    has_subject = not is_without_subject(reading, source.tables)
    uncounted = replace(reading, text=leave_out(reading.text, counts))
    misread = table_conflict(uncounted, source.tables, prose_of(source.around))
    is_prose = misread is None and not source.tables
    mixed = _mixture(leave_out(claim, counts), reading, source) if is_prose else NOT_MIXED
    if has_subject and not misread and not mixed.is_doubtful and _is_verbatim(claim, source.text, known):
        return Evidence("", {}, verbatim=True)
    is_uncertain, calculations = has_uncertain_amounts(amounts(claim), known), recomputed(claim, known, counts)
    calculated = ", ".join(_told(calculations, counts))
    if any(count.is_all and count.agrees for count in counts.values()):
        return Evidence("", {}, verbatim=True, calculated=calculated)
    claim = spell_as(leave_out(claim, [*calculations, *counts]), known)
    claim_stems = set(_stems(claim))
    if not claim_stems:
        return Evidence("no words", {})
    everything = f"{source.text}\n{source.context}\n{source.name}"
    shared = claim_stems & set(_stems(source.text))
    if is_foreign(claim, source.around or source.text) and len(shared) < _SAME * len(claim_stems):
        comparison = compare(claim, f"{source.text}\n{source.context}", everything)
        foreign: Literal["agrees", "open"] = "agrees" if comparison.agrees else "open"
        return Evidence(comparison.finding, {"found": 0.0}, calculated=calculated, foreign=foreign)
    first = leading_name(claim)
    is_strange = bool(first) and first not in STOP_WORDS | _LEAD_INS | _known_words(everything)
    absent = _absent_facts(claim, known, everything)
    lacking = misread or (f"{', '.join(absent)}: in no source" if absent else "")
    otherwise = _cell_instead(claim, reading, source.tables) if lacking else ""
    if not (otherwise or misread) and (not absent or _tells_of_the_same(claim, source)):
        in_order = misread is None and not mixed.is_shared and not calculations
        otherwise = _contradiction(claim, source, in_order=in_order) or mixed.conflict
    return Evidence(
        "; ".join(filter(None, (lacking, otherwise))),
        _features(claim, source),
        is_doubtful=is_strange or is_uncertain or mixed.is_doubtful or not has_subject,
        calculated=calculated,
        contradicts=bool(misread or otherwise),
        lacks_row=not has_subject,
    )


def _recounts(claim: str, source: SourceText, reading: Reading) -> dict[Quantity, Recount]:
    """Return the numbers of things in a claim that can be counted in the passages, which do not state them."""
    stated = amounts(without_bullets(source.around)) | amounts(prose_of(source.context))
    asked = "".join(reading.leads[-1:])
    counts = {
        figure: recount(figure, claim, source.passages, asked)
        for figure in amounts(claim).quantities
        if not any(is_count(q) and q.value == figure.value for q in stated.quantities)
    }
    return {figure: count for figure, count in counts.items() if count}


def _told(calculations: Mapping[Quantity, str], counts: Mapping[Quantity, Recount]) -> Iterator[str]:
    """Yield what was calculated and counted, in words."""
    yield from (f"{figure} = {how}" for figure, how in calculations.items() if how)
    for figure, count in counts.items():
        yield f"{figure} = {count.words}" if count.agrees else f"{figure}, where {count.words} are in view"


def _features(claim: str, source: SourceText) -> dict[str, float]:
    """Return what the words of a claim, in the source's spelling, tell for it: each 0 to 1."""
    stems_in_order, source_stems = _stems(claim), set(_stems(source.text))
    source_stems |= {word for word in polarity(claim).denied if is_denied(word, polarity(source.text))}
    claim_stems = set(stems_in_order)
    context_stems = (set(_stems(source.context)) | set(stems(source.name))) - source_stems
    runs = itertools.groupby(stems_in_order, key=(source_stems | context_stems).__contains__)
    gaps = (len(list(run)) for is_known, run in runs if not is_known)  # a half-true claim has a long one
    found = len(claim_stems & source_stems) + 0.5 * len(claim_stems & context_stems)
    return {
        "found": found / len(claim_stems),
        "gap": max(gaps, default=0) / len(stems_in_order),
        "bound": _binding(claim, source.text, context_stems),
    }


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


def _absent_facts(claim: str, known: Amounts, everything: str) -> list[str]:
    """Return the figures and dates, or else the names, of a claim that its source has nowhere.

    ``known`` are the amounts of the source and its context.
    """
    return missing_amounts(amounts(claim), known) or unknown_names(claim, _known_words(everything), everything)


def _mixture(claim: str, reading: Reading, source: SourceText) -> Mixture:
    """Return how a claim in prose mixes what the source says, read after its heading, or with its question.

    Of a heading, or the question of a fragment with a figure, only the words count that the source has.
    """
    claim = _LABEL.sub(r"\1 ", claim.lstrip(" -*•–"))
    heading = next((lead for lead in reading.leads[:-1] if _HEADING.match(lead)), "")
    question = "".join(reading.leads[-1:]) if not heading and _is_fragment(claim) else ""
    if question and stands_elsewhere(claim, question, source.around):
        return Mixture("", is_doubtful=True)
    known = set(_stems(source.around))
    about = " ".join(word for word in content_words(heading or question) if stem(word) in known)
    return mixture(f"{about} {claim}".strip(), source.around)


def _is_fragment(claim: str) -> bool:
    return len(content_words(claim)) <= _FRAGMENT and any(map(str.isdigit, normalize_amounts(claim)))


def _tells_of_the_same(claim: str, source: SourceText) -> bool:
    """Return whether a source has the words of a claim, whatever its figures and names are."""
    facts = frozenset(stems(" ".join(names(claim)))) | figures(normalize_amounts(claim))
    rest = set(_stems(claim)) - facts
    return bool(rest) and len(rest & set(_stems(f"{source.text}\n{source.context}"))) >= _SAME_STATEMENT * len(rest)


def _cell_instead(claim: str, reading: Reading, tables: Sequence[Table]) -> str:
    """Return the cell that a claim with another figure of its kind speaks of, in words; else nothing."""
    cell = value_told(reading, tables)
    claimed, told = (frozenset(q.unit for q in amounts(text).quantities if not q.soft) for text in (claim, cell))
    alike = any(one == other or (is_money(one) and is_money(other)) for one in claimed for other in told)
    return f"the source says {cell}" if alike else ""


def _contradiction(claim: str, source: SourceText, *, in_order: bool) -> str:
    """Return what the source says in place of the claim, in words; else nothing.

    ``in_order`` says that the order of words counts, as it does not in a row that has its key and the value.
    """
    wanted = set(_stems(claim))
    said = max(sentences_in(source.text), key=lambda sentence: len(wanted & set(_stems(sentence))), default="")
    opposite = next((one for one in sentences_in(source.text) if _says_opposite(claim, one, source.text)), "")
    if opposite or polarity_conflict(polarity(claim), polarity(source.text)):
        said = opposite or said
        return f"the source says “{shorten(said, _LONGEST_SAID, placeholder='…')}”"
    instead = conflict(claim, source.text, names(source.around)) if in_order else ""
    return f"the source says {instead}" if instead else ""


def _says_opposite(claim: str, sentence: str, text: str) -> bool:
    """Return whether a sentence of the same subject has the opposite of a word of the claim that the text lacks."""
    mine, theirs, whole = polarity(claim), polarity(sentence), polarity(text)
    said = mine.affirmed | mine.denied
    shares = len(said & (theirs.affirmed | theirs.denied)) >= _SAME_SUBJECT * len(said)
    return shares and mine.negates == theirs.negates and bool(antonym(mine.stems - whole.stems, theirs.stems))


@lru_cache(maxsize=1024)
def _known_words(text: str) -> frozenset[str]:
    return frozenset(words(fold_accents(text)))


def _is_verbatim(claim: str, text: str, known: Amounts) -> bool:
    """Return whether a text has the words of a claim in order, with its figures, and does not deny them."""
    said = _plain_words(claim)
    before, found, _ = f" {_plain_words(text)} ".partition(f" {said} ")
    claimed = amounts(claim)
    if not said or not found or missing_amounts(claimed, known) or has_uncertain_amounts(claimed, known):
        return False
    return negates(set(words(claim))) or not negates(set(before.split()[-_NEAR:]))


@lru_cache(maxsize=4096)
def _plain_words(text: str) -> str:
    return " ".join(words(text))


def _stems(text: str) -> list[str]:
    """Return the stems, with figures, dates and limits in one spelling."""
    return stems(without_limits(normalize_amounts(text)))


def _binding(claim: str, text: str, context_stems: set[str]) -> float:
    """Return how well facts keep their neighbours: the least share that one sentence has with the fact, 0 to 1."""
    facts = names(claim) | figures(normalize_amounts(claim))
    if not facts:
        return 1.0
    sentences = [context_stems | set(_stems(sentence)) for sentence in sentences_in(text)]
    claim_stems, least = _stems(claim), 1.0
    for at, fact in enumerate(claim_stems):
        neighbours = {*claim_stems[max(0, at - _NEAR) : at], *claim_stems[at + 1 : at + 1 + _NEAR]}
        if fact in facts and neighbours:
            shares = [len(neighbours & sentence) / len(neighbours) for sentence in sentences if fact in sentence]
            least = min(least, max(shares, default=1.0))
    return least


def sigmoid(log_odds: float) -> float:
    """Return the probability, 0 to 1, that has these log-odds."""
    return 1 / (1 + math.exp(-log_odds))


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability, which is first clipped to between .01 and .99."""
    clipped = min(max(probability, 0.01), 0.99)
    return math.log(clipped / (1 - clipped))
