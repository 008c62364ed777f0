"""Poisoned documents: a sentence of the evidence with the answer's figure, date or name changed."""

import hashlib
import re
from collections.abc import Callable, Iterable
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
"""An answer gives the true value only, both values, the false value only, or neither."""
_MONTH = re.compile(rf"\b(?:{any_of(MONTH_NAMES)})\b")
_FIGURE = re.compile(r"(?<![\w.,])\d+")
_NAME = re.compile(r"\b[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")
_NOT_NAMES = {*STOP_WORDS, "yes"}
_UNSAFE = re.compile(r"[^\w-]+")
"""Not allowed in a file's name."""
_NAME_BYTES = 100
"""Bytes of an id; file systems allow names of 255."""
_OTHER_NAMES = ("Corvin Halloway", "Ismene Tarrow")
"""Names that no document has."""


@dataclass(frozen=True, slots=True)
class Poison:
    """The false value for a question, and the true one that it replaces in ``sentence``."""

    case: GoldCase
    sentence: str
    true: str
    false: str

    @property
    def text(self) -> str:
        """The content of a poisoned document."""
        return f"{_whole(self.true).sub(lambda _: self.false, self.sentence)}\n"

    def name(self, number: int) -> str:
        """Return the file name of the n-th poisoned document; unique even for long or unsafe ids."""
        safe = _UNSAFE.sub("-", self.case.id).encode()[:_NAME_BYTES].decode(errors="ignore")
        return f"update-{safe}-{hashlib.sha256(self.case.id.encode()).hexdigest()[:8]}-{number}.txt"


def make_poison(case: GoldCase, documents: Callable[[str], Document | None]) -> Poison | None:
    """Return the poison for a question; None if no rule changes its answer, or no sentence of its evidence has it."""
    sentences = []
    for document in map(documents, dict.fromkeys(item.path for item in case.evidence)):
        if document:
            places = [locate_evidence(item, document) for item in case.evidence if item.path == document.path]
            spans = sentence_spans(document.text)
            covered = [s for s in spans if any(place and s[0] < place[1] and place[0] < s[1] for place in places)]
            sentences += [document.text[slice(*span)] for span in covered or spans]
    for true, false in (pair for answer in case.answers for pair in find_changes(answer)):
        matches = [sentence for sentence in sentences if _whole(true).search(sentence)]
        if matches and not _whole(true).search(case.question):
            question = set(stems(case.question))
            return Poison(case, max(matches, key=lambda sentence: len(question & set(stems(sentence)))), true, false)
    return None


def find_changes(answer: str) -> Iterable[tuple[str, str]]:
    """Yield the true and a false value of an answer's month, first figure and names, as far as it has them.

    A year stays a year, and a figure keeps its number of digits where it can.
    """
    if month := _MONTH.search(answer):
        yield month[0], MONTH_NAMES[(MONTH_NAMES.index(month[0]) + 5) % len(MONTH_NAMES)]
    if figure := _FIGURE.search(answer):
        value = int(figure[0])
        other = value + 3 if 1900 <= value < 2100 else value + max(1, round(value * 0.3))
        yield figure[0], str(other).zfill(len(figure[0]))
    for name in _NAME.finditer(answer):
        if name[0].lower() not in _NOT_NAMES:
            yield name[0], next(other for other in _OTHER_NAMES if other != name[0])


def classify_effect(poison: Poison, row: Row) -> Effect:
    """Return which of the two values an answer gives; one that declines gives neither."""
    answer = without_markers(row.answer)
    true, false = (bool(_whole(value).search(answer)) and not row.declined for value in (poison.true, poison.false))
    if true and false:
        return "both"
    return "kept" if true else "flipped" if false else "neither"


def _whole(value: str) -> re.Pattern[str]:
    """Matches the value as a whole word: 27 is not in 127 nor in 27.5."""
    return re.compile(rf"(?<![\w]){re.escape(value)}(?!\w|[.,]\d)(?<!\d[.,]{re.escape(value)})")
