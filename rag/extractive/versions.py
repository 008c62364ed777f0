"""Versions of a document: what they say alike but for its figures is told of each, the newest first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key

from indexes.text.sentences import is_table_row
from indexes.text.tokenization import figures, stems
from rag.evidence.figures.dates import days_in
from rag.evidence.tables.relations import cells_of
from rag.extractive.candidates import Candidate, NumberedPassage

LEAD_IN = "The documents differ; the newer one comes first:"
_ALIKE = 0.8
"""Share of the words of two sentences, figures apart, that both have if they say the same."""
_MOST = 3
"""Versions that are told."""
_DATING = re.compile(
    r"\W*(?:(?:this|the) (?:\w+ ){1,3})?(?:(?:is|was|has been) )?"
    r"(?:valid|effective|in (?:force|effect)|applies|as (?:of|at)|dated?|version|edition"
    r"|(?:last )?(?:updated|revised|changed|reviewed|issued|published|approved|modified)"
    r"|gültig|in kraft|stand|fassung|ausgabe|datum|en vigueur|valable|vigente|válid[oa]|valid[oa]|in vigore|fecha|data)"
    r"\b",
    re.IGNORECASE,
)
"""How a line begins that dates its document."""
_LONGEST = 12
"""Words of such a line."""
_REPLACES = re.compile(
    r"\b(?:replaces|supersedes|takes the place of|ersetzt(?! durch)|remplace|reemplaza|sustituye|sostituisce)\b"
    r"(?P<object>.*)",
    re.IGNORECASE | re.DOTALL,
)
_EARLIER_ONES = re.compile(
    r"\b(?:earlier|previous|prior|former|older|frühere\w*|vorherige\w*|bisherige\w*|précédent\w*|anterior\w*"
    r"|precedent\w*)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_FIGURES = re.compile(r"[\d\W_]+")

_Date = tuple[int, int, int]
"""Year, month and day; 0 for what is not given."""


@dataclass(frozen=True, slots=True)
class _Version:
    """What the passages found show of a document: its names, and what dates it."""

    answer: Candidate
    names: tuple[str, str]
    """Path and title."""
    dating: Candidate | None
    """The line that dates it, or says which document it replaces."""
    date: _Date | None
    replaced: tuple[str, ...]
    """What it says that it replaces."""

    @classmethod
    def of(cls, answer: Candidate, found: Sequence[Candidate]) -> "_Version":
        passage = answer.source.passage
        sources = {c.source.number: c.source for c in found if c.source.passage.path == passage.path}
        lines = [line for number in sorted(sources) for line in _lines(sources[number])]
        dated = [(line, date) for line in lines if _dates(line.text) and (date := _date_in(line.text))]
        replacing = [(line, match["object"]) for line in lines if (match := _REPLACES.search(line.text))]
        named = max(filter(None, map(_date_in, (passage.path, passage.title))), default=None)
        dating = next((line for line, _ in (*dated, *replacing)), None)
        date = dated[0][1] if dated else named
        return cls(answer, (passage.path, passage.title), dating, date, tuple(text for _, text in replacing))

    def compare(self, other: "_Version") -> int:
        """Return -1 if it is the newer of the two, 1 if it is the older, and 0 if nothing tells."""
        if self.replaces(other) != other.replaces(self):
            return -1 if self.replaces(other) else 1
        if self.date is None or other.date is None or not self.is_akin(other):
            return 0
        known = [(own, others) for own, others in zip(self.date, other.date, strict=True) if own and others]
        return next((-1 if own > others else 1 for own, others in known if own != others), 0)

    def replaces(self, other: "_Version") -> bool:
        """Return whether it says that it replaces the other: by year, by title or as an earlier one of its kind."""
        years = {str(other.date[0])} if other.date else set()
        titles = set(stems(other.names[1]))
        return any(
            bool(years & set(_YEAR.findall(text)))
            or (self.is_akin(other) and _EARLIER_ONES.search(text) is not None)
            or (bool(titles) and titles <= set(stems(text)) and self.names[1] != other.names[1])
            for text in self.replaced
        )

    def is_akin(self, other: "_Version") -> bool:
        """Return whether the two have the same path or title but for figures."""
        pairs = zip(self.names, other.names, strict=True)
        return any(_bare(own) == _bare(others) != "" for own, others in pairs)

    def told(self) -> list[Candidate]:
        """Return the line that dates the document, and the answer, in the order of the document."""
        lines = [line for line in (self.dating,) if line and _place(line) != _place(self.answer)]
        return sorted([*lines, self.answer], key=_place)


def newest_first(chosen: Sequence[Candidate], found: Sequence[Candidate], question: str) -> list[Candidate]:
    """Return the chosen sentences, each with what other versions of its document say instead, the newest first.

    ``found`` are all candidates. A question that names a year asks for a version, and gets what was chosen.
    """
    told = dict[tuple[int, int], Candidate]()
    for candidate in chosen:
        versions = [] if _YEAR.search(question) else _versions(candidate, found)
        lines = [line for version in versions for line in version.told()] or [candidate]
        fresh = [line for line in lines if _place(line) not in told]
        if versions and versions[0].answer in fresh:
            fresh[0] = replace(fresh[0], lead_in=LEAD_IN)
        told |= {_place(line): line for line in fresh}
    return [*told.values()]


def _versions(candidate: Candidate, found: Sequence[Candidate]) -> list[_Version]:
    """Return the versions that say otherwise and the candidate's own, the newest first; none if there is one alone."""
    rivals = dict[str, Candidate]()
    for other in sorted(found, key=lambda other: -_likeness(candidate, other)):
        if _says_otherwise(candidate, other):
            rivals.setdefault(other.source.passage.path, other)
    own = _Version.of(candidate, found)
    others = [version for rival in rivals.values() if (version := _Version.of(rival, found)).compare(own)]
    return sorted([own, *others], key=cmp_to_key(_Version.compare))[:_MOST] if others else []


def _says_otherwise(one: Candidate, other: Candidate) -> bool:
    """Return whether two documents say the same with different figures: of the same years, in a row of the same key."""
    of_rows = is_table_row(one.text) or is_table_row(other.text)
    return (
        one.source.passage.path != other.source.passage.path
        and _likeness(one, other) >= _ALIKE
        and set() != figures(one.text) != figures(other.text) != set()
        and set(_YEAR.findall(one.text)) == set(_YEAR.findall(other.text))
        and not (of_rows and cells_of(one.text)[0] != cells_of(other.text)[0])
    )


def _likeness(one: Candidate, other: Candidate) -> float:
    """Return the share of the words of two sentences, figures apart, that both have."""
    words, others = ({word for word in stems(c.text) if not word[0].isdigit()} for c in (one, other))
    return len(words & others) / len(words | others) if words | others else 0.0


def _lines(source: NumberedPassage) -> Iterator[Candidate]:
    """Yield the sentences of a passage as they may be quoted."""
    for sentence in source.sentences():
        yield Candidate(source, sentence.start, sentence.end, {}, {})


def _dates(line: str) -> bool:
    """Return whether a line says from when a document is."""
    return _DATING.match(line) is not None and not is_table_row(line) and len(line.split()) <= _LONGEST


def _date_in(text: str) -> _Date | None:
    """Return the latest date that a text has with its year, or its latest year."""
    days = [(day.year, day.month, day.day) for day in days_in(text)[0] if day.year]
    return max(days, default=None) or max(((int(year), 0, 0) for year in _YEAR.findall(text)), default=None)


def _bare(name: str) -> str:
    return _FIGURES.sub(" ", name.casefold()).strip()


def _place(candidate: Candidate) -> tuple[int, int]:
    return candidate.source.number, candidate.start
