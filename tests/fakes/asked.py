"""Gold questions and what came of them, in few words: a place is told as ``a.pdf p3 100-200``."""

import re
from collections.abc import Sequence
from typing import Any

from eval.types import AnswerSentence, CitedQuote, GoldCase, GoldEvidence, Location, RetrievedPassage, Row
from rag.types import Verdict

_TOLD = re.compile(r"(\S+)(?: p(\d+))?(?: (\d+)-(\d+))?")


def place(told: str) -> Location:
    found = _TOLD.fullmatch(told)
    assert found, told
    path, *numbers = found.groups()
    return Location(path, *(None if number is None else int(number) for number in numbers))


def case(*evidence: str, answers: Sequence[str] = (), answerable: bool = True, **facts: Any) -> GoldCase:
    where = tuple(GoldEvidence(p.path, p.page) for p in map(place, evidence))
    return GoldCase(
        **{"id": "q", "question": "How much leave?", "answers": tuple(answers), "evidence": where} | facts,
        answerable=answerable,
    )


def row(
    *,
    gold: Sequence[str] = (),
    found: Sequence[str] = (),
    cited: Sequence[str] = (),
    checked: Sequence[tuple[Verdict, tuple[int, ...]]] = (),
    **facts: Any,
) -> Row:
    """Places best first, citations numbered from 1, sentences by verdict and what they cite."""
    return Row(
        **{"id": "q", "status": "answered"} | facts,
        gold=tuple(map(place, gold)),
        retrieved=tuple(RetrievedPassage(place(told), "", (), "", 0.5) for told in found),
        citations=tuple(CitedQuote(number, place(told), "", 0.9) for number, told in enumerate(cited, start=1)),
        sentences=tuple(AnswerSentence("", numbers, 0.5, verdict) for verdict, numbers in checked),
    )
