"""Documents that contradict the evidence: its sentence with the figure, the date or the name of the answer changed."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.gold.evidence import locate_evidence
from eval.types import GoldCase, Row
from indexes.text.number_words import MONTH_NAMES, any_of
from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import STOP_WORDS, stems
from indexes.types import Document
from rag.citations.markers import without_markers

MOST = 5
"""Poisoned documents for one question."""
Effect = Literal["kept", "both", "flipped", "neither"]
"""Whether an answer gives the true value, the true and the false one, the false one alone, or none."""
_MONTH = re.compile(rf"\b(?:{any_of(MONTH_NAMES)})\b")
_FIGURE = re.compile(r"(?<![\w.,])\d+")
_NAME = re.compile(r"\b[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")
_NO_NAMES = {*STOP_WORDS, "yes"}
_UNFIT = re.compile(r"[^\w-]+")
"""For the name of a file."""
_NAME_BYTES = 100
"""Of an id; file systems take names of 255."""
_OTHER_NAMES = ("Corvin Halloway", "Ismene Tarrow")
"""Names that no document has."""


@dataclass(frozen=True, slots=True)
class Poison:
    """For one question: what is true and stands in ``sentence``, and what the poisoned documents say in its place."""

    case: GoldCase
    sentence: str
    true: str
    false: str

    @property
    def text(self) -> str:
        return f"{_whole(self.true).sub(lambda _: self.false, self.sentence)}\n"

    def name(self, number: int) -> str:
        """Its own also where ids differ only in what no file name takes, or are long."""
        safe = _UNFIT.sub("-", self.case.id).encode()[:_NAME_BYTES].decode(errors="ignore")
        return f"update-{safe}-{hashlib.sha256(self.case.id.encode()).hexdigest()[:8]}-{number}.txt"


def poison(case: GoldCase, documents: Callable[[str], Document | None]) -> Poison | None:
    """None where no rule changes its answer, or its evidence does not say it in a sentence."""
    for true, false in (pair for answer in case.answers for pair in changed(answer)):
        sentences = (one for path in _paths(case) for one in _sentences(case, documents(path)))
        saying = [one for one in sentences if _whole(true).search(one)]
        if saying and not _whole(true).search(case.question):
            asked = set(stems(case.question))
            return Poison(case, max(saying, key=lambda one: len(asked & set(stems(one)))), true, false)
    return None


def changed(answer: str) -> Iterable[tuple[str, str]]:
    """What is true in an answer and what is false in its place: a month, a figure or a name, whichever it has."""
    if month := _MONTH.search(answer):
        yield month[0], MONTH_NAMES[(MONTH_NAMES.index(month[0]) + 5) % len(MONTH_NAMES)]
    if figure := _FIGURE.search(answer):
        yield figure[0], _other_figure(figure[0])
    for name in _NAME.finditer(answer):
        if name[0].lower() not in _NO_NAMES:
            yield name[0], next(other for other in _OTHER_NAMES if other != name[0])


def effect(of: Poison, row: Row) -> Effect:
    answer = without_markers(row.answer)
    true, false = (bool(_whole(value).search(answer)) and not row.declined for value in (of.true, of.false))
    if true and false:
        return "both"
    return "kept" if true else "flipped" if false else "neither"


def _paths(case: GoldCase) -> Sequence[str]:
    return list(dict.fromkeys(item.path for item in case.evidence))


def _sentences(case: GoldCase, document: Document | None) -> list[str]:
    """Those that the evidence quotes first; then all of the document's."""
    if document is None:
        return []
    places = [locate_evidence(item, document) for item in case.evidence if item.path == document.path]
    spans = sentence_spans(document.text)
    quoted = [s for s in spans if any(place and s[0] < place[1] and place[0] < s[1] for place in places)]
    return [document.text[slice(*span)] for span in quoted or spans]


def _other_figure(figure: str) -> str:
    """A year stays one, and a figure keeps its number of digits where it can."""
    value = int(figure)
    other = value + 3 if 1900 <= value < 2100 else value + max(1, round(value * 0.3))
    return str(other).zfill(len(figure))


def _whole(value: str) -> re.Pattern[str]:
    """As a word of its own: 27 is not in 127 nor in 27.5."""
    return re.compile(rf"(?<![\w]){re.escape(value)}(?!\w|[.,]\d)(?<!\d[.,]{re.escape(value)})")
