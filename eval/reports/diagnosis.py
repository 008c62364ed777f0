"""Why a question went wrong, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eval.metrics.spans import have_characters, is_at, shared_characters
from eval.types import GoldCase, GoldEvidence, Location, Row

Cause = Literal["failed", "answered-anyway", "not-found", "declined", "wrong-answer", "not-cited", "miscited"]
CAUSES: Mapping[Cause, str] = {
    "failed": "Failed",
    "answered-anyway": "Answered, although the documents do not say",
    "not-found": "Evidence not found",
    "declined": "Declined, although the documents answer",
    "not-cited": "Wrong, with the evidence not cited",
    "wrong-answer": "Wrong, with the evidence cited",
    "miscited": "Right, but the evidence is not cited",
}
"""In the order of an answer's making."""

_SHOWN = 80
"""Characters of a gold answer or quote."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    cause: Cause
    words: str

    def __str__(self) -> str:
        return self.words


def diagnosis(case: GoldCase, row: Row, scores: Mapping[str, float]) -> Diagnosis | None:
    """None where nothing is wrong, or nothing can be told: ``scores`` without ``correct`` are no judgement."""
    if row.status == "failed":
        return Diagnosis("failed", f"failed: {row.error}")
    if not case.answerable:
        return _anyway(row)
    if row.status != "retrieved" and "correct" not in scores:
        return None
    row = replace(row, gold=wanted(case, row))
    ranks = [_rank(place, row) for place in row.gold]
    if scores.get("correct"):
        return _miscited(row, ranks)
    if None in ranks:
        return Diagnosis("not-found", f"not found: {_absence(case, row, ranks)}{_but_declined(row)}")
    return None if row.status == "retrieved" else _in_answering(case, row, ranks)


def wanted(case: GoldCase, row: Row) -> tuple[Location, ...]:
    """The evidence as the index has it; of a row that does not tell, as the case has it."""
    return row.gold or tuple(Location(item.path, item.page) for item in case.evidence)


def holds(place: Location, gold: Location) -> bool:
    """Whether they share characters; where these are not known, whether it is on the gold page, or in its file."""
    if have_characters((place, gold)):
        return shared_characters([place], [gold]) > 0
    return is_at(place, gold)


def _rank(gold: Location, row: Row) -> int | None:
    """Of the first passage that holds it."""
    return next((rank for rank, found in enumerate(row.retrieved, 1) if holds(found.place, gold)), None)


def _anyway(row: Row) -> Diagnosis | None:
    if row.status not in ("answered", "partly"):
        return None
    return Diagnosis("answered-anyway", f"answered although the documents do not say{_sureness(row)}")


def _miscited(row: Row, ranks: Sequence[int | None]) -> Diagnosis | None:
    if not row.gold or _cited(row):
        return None
    cited = " and ".join(dict.fromkeys(_where(one.place.path, one.place.page) for one in row.citations)) or "nothing"
    return Diagnosis("miscited", f"right answer, but cites {cited}; the evidence is {_found(ranks)}")


def _in_answering(case: GoldCase, row: Row, ranks: Sequence[int | None]) -> Diagnosis:
    lacks = f"the answer lacks {_quoted(case.answers[0])}" if case.answers else "the answer does not cite the evidence"
    if row.declined:
        evidence = f"the evidence was retrieved {_at(ranks)}" if row.gold else "the documents answer"
        return Diagnosis("declined", f"declined although {evidence}{_sureness(row)}")
    if not row.gold:
        return Diagnosis("wrong-answer", lacks)
    if cited := _cited(row):
        return Diagnosis("wrong-answer", f"{_rightly(cited, row.gold)} cited, but {lacks}")
    return Diagnosis("not-cited", f"found {_at(ranks)} but not cited{f', and {lacks}' if case.answers else ''}")


def _cited(row: Row) -> list[Location]:
    """The gold places whose page or file is cited."""
    return [gold for gold in row.gold if any(is_at(one.place, gold) for one in row.citations)]


def _rightly(cited: Sequence[Location], gold: Sequence[Location]) -> str:
    if len(gold) > 1:
        return f"{len(cited)} of {len(gold)} pieces of evidence"
    return "right file" if cited[0].page is None else "right page"


def _absence(case: GoldCase, row: Row, ranks: Sequence[int | None]) -> str:
    missing = [(place, item) for place, item, rank in zip(row.gold, case.evidence, ranks, strict=False) if rank is None]
    told = _absent(*missing[0], row)
    return told if len(ranks) == 1 else f"{told} ({len(missing)} of {len(ranks)} pieces of evidence are missing)"


def _absent(place: Location, item: GoldEvidence, row: Row) -> str:
    passages, of_file = len(row.retrieved), sum(found.place.path == place.path for found in row.retrieved)
    if not passages:
        return "nothing was retrieved"
    if not of_file:
        return f"no passage of {place.path} was among the {passages}"
    what = _quoted(item.quote) if item.quote else _where("the evidence", place.page)
    return f"{of_file} of the {passages} passages {'is' if of_file == 1 else 'are'} of {place.path}, none with {what}"


def _found(ranks: Sequence[int | None]) -> str:
    return f"{_at(ranks)} of what was retrieved" if any(ranks) else "not among what was retrieved"


def _at(ranks: Sequence[int | None]) -> str:
    known = sorted({rank for rank in ranks if rank})
    return f"at {'rank' if len(known) == 1 else 'ranks'} {' and '.join(map(str, known))}"


def _but_declined(row: Row) -> str:
    return f", so it declined{_sureness(row)}" if row.declined else ""


def _sureness(row: Row) -> str:
    return "" if row.confidence is None else f" (confidence {row.confidence:.2f})"


def _where(what: str, page: int | None) -> str:
    return what if page is None else f"{what} on page {page}" if what == "the evidence" else f"{what}, page {page}"


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= _SHOWN else f'{text[: _SHOWN - 1].rstrip()}…'}”"
