"""Holds a claim against a source: which of its facts the source lacks or contradicts, and how many words it has."""

import itertools
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from textwrap import shorten

from indexes.text.tokenization import STOP_WORDS, content_words, figures, stem, stems, words
from rag.evidence.calculations import derived_days, recomputed, without_announcement
from rag.evidence.counts import Recount, is_count, recount, without_bullets
from rag.evidence.figures.agreement import has_uncertain_amounts, missing_amounts, spell_as
from rag.evidence.figures.dates import Day, full_weekdays
from rag.evidence.figures.quantities import Amounts, Quantity, amounts, leave_out, normalize_amounts
from rag.evidence.figures.units import is_money
from rag.evidence.source_text import SourceText
from rag.evidence.tables.cell_claims import Reading, is_without_subject, table_conflict, value_told
from rag.evidence.tables.relations import prose_of
from rag.evidence.wording.alignment import conflict, sentences_in
from rag.evidence.wording.clauses import NOT_MIXED, Mixture, mixture, stands_elsewhere
from rag.evidence.wording.cross_language import is_foreign
from rag.evidence.wording.language_id import has_capital_nouns, identify_language
from rag.evidence.wording.names import absent_names, absent_nouns, fold_accents, leading_name, names, names_in
from rag.evidence.wording.negation import (
    antonym,
    is_denied,
    negates,
    polarity,
    polarity_conflict,
    without_limits,
)
from rag.evidence.wording.subjects import exchanged_party
from rag.evidence.wording.verb_forms import base_stems

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
_MORE = 1
"""Words beside a calculation that leave it all that is said: "That is €170 more expensive"."""
_FRAGMENT = 3
"""Content words of a sentence that is read with its question."""
_ALL = re.compile(r"\b(?:all|any|every|each|always|any(?:one|body)|every(?:one|body|where))\b", re.IGNORECASE)
_EXCEPTION = re.compile(r"\b(?:except|exclud\w+|only|unless|apart from|other than|but not)\b", re.IGNORECASE)
"""With which a source takes something from what it says; a claim of all that the source does not call so is wider."""
_NEAR = 3
"""Words on each side of a fact that tell what it is about."""
_LEAD_INS = frozenset(
    "however therefore additionally moreover furthermore according overall finally thus yes instead meanwhile currently"
    " specifically generally based please yet still often".split()
)


@dataclass(frozen=True)
class ClaimCheck:
    """A claim, the source, and the reading that completes it. Each fact is found out where it is first asked for."""

    written: str
    """The claim without markers and without "Yes," before it."""
    source: SourceText
    reading: Reading

    @cached_property
    def known(self) -> Amounts:
        """The amounts of the source and its context."""
        return amounts(self.source.text) | amounts(self.source.context)

    @cached_property
    def counts(self) -> dict[Quantity, Recount]:
        """The numbers of things that can be counted in the passages, which do not state them."""
        stated = amounts(without_bullets(self.source.around)) | amounts(prose_of(self.source.context))
        asked = "".join(self.reading.leads[-1:])
        counts = {
            figure: recount(figure, self.written, self.source.passages, asked)
            for figure in amounts(self.written).quantities
            if not any(is_count(q) and q.value == figure.value for q in stated.quantities)
        }
        return {figure: count for figure, count in counts.items() if count}

    @property
    def miscounted(self) -> str:
        """The first number that was counted otherwise, in words."""
        wrong = (f"{q}: the source has {count.words}" for q, count in self.counts.items() if count.agrees is False)
        return next(wrong, "")

    @property
    def is_counted(self) -> bool:
        """Whether a number of things, or a calculation, is all that the claim says, and it is right."""
        if any(count.is_all and count.agrees for count in self.counts.values()):
            return True
        is_little = len(set(_stems(without_announcement(self.claim)))) <= _MORE
        return bool(self.calculations) and is_little and not self.absent

    @cached_property
    def calculations(self) -> dict[Quantity | Day, str]:
        """The figures and dates that follow from those of the source, and how."""
        found = recomputed(self.written, self.known, self.counts, self.source.tables)
        calculations: dict[Quantity | Day, str] = dict(found.items())
        return calculations | dict(derived_days(self.written, self.known).items())

    @property
    def calculated(self) -> str:
        """What was calculated and counted, in words."""
        told = [f"{figure} = {how}" for figure, how in self.calculations.items() if how]
        for figure, count in self.counts.items():
            told.append(f"{figure} = {count.words}" if count.agrees else f"{figure}, where {count.words} are in view")
        return ", ".join(told)

    @cached_property
    def lacks_row(self) -> bool:
        """Whether it is a table's value, and neither it nor its question names the row."""
        return is_without_subject(self.reading, self.source.tables)

    @cached_property
    def misread(self) -> str | None:
        """As ``table_conflict``: the value that stands in another row or column, in words."""
        uncounted = replace(self.reading, text=leave_out(self.reading.text, self.counts))
        return table_conflict(uncounted, self.source.tables, prose_of(self.source.around))

    @cached_property
    def mixed(self) -> Mixture:
        """How the claim in prose mixes what the source says, read after its heading, or with its question.

        Of a heading, or the question of a fragment with a figure, only the words count that the source has.
        """
        if self.misread is not None or self.source.tables:
            return NOT_MIXED
        claim = _LABEL.sub(r"\1 ", leave_out(self.written, self.counts).lstrip(" -*•–"))
        heading = next((lead for lead in self.reading.leads[:-1] if _HEADING.match(lead)), "")
        is_fragment = len(content_words(claim)) <= _FRAGMENT and any(map(str.isdigit, normalize_amounts(claim)))
        question = "".join(self.reading.leads[-1:]) if not heading and is_fragment else ""
        if question and stands_elsewhere(claim, question, self.source.around):
            return Mixture("", is_doubtful=True)
        known = set(_stems(self.source.around))
        about = " ".join(word for word in content_words(heading or question) if stem(word) in known)
        return mixture(f"{about} {claim}".strip(), self.source.around)

    @cached_property
    def is_verbatim(self) -> bool:
        """Whether the source has the words in order, with their figures, and neither denies nor divides them."""
        if self.lacks_row or self.misread or self.mixed.is_doubtful:
            return False
        said = _plain_words(self.written)
        before, found, _ = f" {_plain_words(self.source.text)} ".partition(f" {said} ")
        if not said or not found or missing_amounts(amounts(self.written), self.known) or self.is_uncertain:
            return False
        return negates(set(words(self.written))) or not negates(set(before.split()[-_NEAR:]))

    @cached_property
    def is_uncertain(self) -> bool:
        """Whether a figure or date agrees in one reading of several only."""
        return has_uncertain_amounts(amounts(self.written), self.known)

    @cached_property
    def claim(self) -> str:
        """The claim in the source's spelling, without what was calculated or counted."""
        return spell_as(leave_out(self.written, [*self.calculations, *self.counts]), self.known)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of the claim."""
        return frozenset(_stems(self.claim))

    @property
    def is_foreign(self) -> bool:
        """Whether the claim is in another language than the source."""
        has_words = len(self.stems & set(_stems(self.source.text))) >= _SAME * len(self.stems)
        return not has_words and is_foreign(self.claim, self.source.around or self.source.text)

    @property
    def is_doubtful(self) -> bool:
        """As ``Evidence.is_doubtful``."""
        first = leading_name(self.claim)
        is_strange = bool(first) and first not in STOP_WORDS | _LEAD_INS | _known_words(self.source.everything)
        is_wider = bool(_ALL.search(self.claim) and _EXCEPTION.search(self.source.around))
        is_wider = is_wider and not _ALL.search(self.source.text)
        return is_strange or is_wider or self.is_uncertain or self.mixed.is_doubtful or self.lacks_row

    @cached_property
    def absent(self) -> list[str]:
        """The figures and dates, or else the names, that the source has nowhere."""
        everything = full_weekdays(self.source.everything)
        lacking = missing_amounts(amounts(self.claim), self.known)
        language, known = identify_language(self.source.around) or "", _known_words(everything)
        named = absent_names(names_in(self.claim, language), self.claim, known, everything)
        return lacking or named or (absent_nouns(self.claim, known) if has_capital_nouns(language) else [])

    @property
    def lacking(self) -> str:
        """What the source lacks, or has in another row or column, in words."""
        return self.misread or (f"{', '.join(self.absent)}: in no source" if self.absent else "")

    @cached_property
    def otherwise(self) -> str:
        """What the source says in place of the claim, in words; empty if it tells of something else."""
        if self.lacking and (cell := self.cell_instead):
            return f"the source says {cell}"
        if self.misread or (self.absent and not self.tells_of_the_same):
            return ""
        is_in_order = self.misread is None and not self.mixed.is_shared and not self.calculations
        around = names(self.source.around)
        said = self.opposite or (conflict(self.claim, self.source.text, around) if is_in_order else "")
        if said:
            return f"the source says {said}"
        if self.mixed.conflict or self.source.tables:
            return self.mixed.conflict
        return exchanged_party(self.claim, self.source.around, self.reading.leads)

    @property
    def cell_instead(self) -> str:
        """The cell that the claim speaks of, in words, if the claim has another figure of its kind."""
        cell = value_told(self.reading, self.source.tables)
        claimed, told = (
            frozenset(q.unit for q in amounts(text).quantities if not q.soft) for text in (self.claim, cell)
        )
        is_alike = any(one == other or (is_money(one) and is_money(other)) for one in claimed for other in told)
        return cell if is_alike else ""

    @property
    def tells_of_the_same(self) -> bool:
        """Whether the source has the words of the claim, whatever its figures and names are."""
        facts = frozenset(stems(" ".join(names(self.claim)))) | figures(normalize_amounts(self.claim))
        rest, said = self.stems - facts, set(_stems(f"{self.source.text}\n{self.source.context}"))
        return bool(rest) and len(rest & said) >= _SAME_STATEMENT * len(rest)

    @property
    def opposite(self) -> str:
        """The sentence that says the opposite, quoted.

        It is of the same subject, and has the opposite of a word that the source lacks; or else it is the nearest, if
        the source denies what the claim says.
        """
        mine, whole = polarity(self.claim), polarity(self.source.text)
        if self.misread == "" and not mine.negates:  # what other cells deny is not denied of the claim's
            return ""
        least = _SAME_SUBJECT * len(mine.affirmed | mine.denied)
        for sentence in sentences_in(self.source.text):
            theirs = polarity(sentence)
            shared = (mine.affirmed | mine.denied) & (theirs.affirmed | theirs.denied)
            is_near = len(shared) >= least and mine.negates == theirs.negates
            if is_near and antonym(mine.stems - whole.stems, theirs.stems):
                return _quoted(sentence)
        if not polarity_conflict(mine, whole):
            return ""
        return _quoted(
            max(sentences_in(self.source.text), key=lambda one: len(self.stems & set(_stems(one))), default="")
        )

    @cached_property
    def source_stems(self) -> set[str]:
        """The stems of the source, and what it denies in other words."""
        whole = polarity(self.source.text)
        return {*_stems(self.source.text), *(word for word in polarity(self.claim).denied if is_denied(word, whole))}

    @cached_property
    def context_stems(self) -> set[str]:
        """The stems that only the context or the document's name has."""
        return {*_stems(self.source.context), *stems(self.source.name)} - self.source_stems

    @property
    def found(self) -> float:
        """The share of the claim's words that the source has, 0 to 1; those of the context count half."""
        return (len(self.stems & self.source_stems) + 0.5 * len(self.stems & self.context_stems)) / len(self.stems)

    @property
    def gap(self) -> float:
        """The share of the longest stretch of words that the source lacks, 0 to 1: a half-true claim has a long one."""
        in_order = _stems(self.claim)
        runs = itertools.groupby(in_order, key=(self.source_stems | self.context_stems).__contains__)
        return max((len(list(run)) for is_known, run in runs if not is_known), default=0) / len(in_order)

    @property
    def bound(self) -> float:
        """How well facts keep their neighbours: the least share that one sentence has with the fact, 0 to 1."""
        facts = names(self.claim) | figures(normalize_amounts(self.claim))
        if not facts:
            return 1.0
        sentences = [self.context_stems | set(_stems(sentence)) for sentence in sentences_in(self.source.text)]
        in_order, least = _stems(self.claim), 1.0
        for at, fact in enumerate(in_order):
            neighbours = {*in_order[max(0, at - _NEAR) : at], *in_order[at + 1 : at + 1 + _NEAR]}
            if fact in facts and neighbours:
                shares = [len(neighbours & sentence) / len(neighbours) for sentence in sentences if fact in sentence]
                least = min(least, max(shares, default=1.0))
        return least


def _quoted(sentence: str) -> str:
    return f"“{shorten(sentence, _LONGEST_SAID, placeholder='…')}”"


@lru_cache(maxsize=1024)
def _known_words(text: str) -> frozenset[str]:
    return frozenset(words(fold_accents(text)))


@lru_cache(maxsize=4096)
def _plain_words(text: str) -> str:
    return " ".join(words(text))


def _stems(text: str) -> tuple[str, ...]:
    """Return the stems, with figures, dates, limits and verbs in one spelling."""
    return base_stems(without_limits(normalize_amounts(text)))
