"""Diagnoses: why an answer is wrong, in words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from eval.metrics.spans import have_characters, is_at, shared_characters
from eval.types import GoldCase, Location, Row

Judgement = Literal["right", "wrong", "none"]
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
"""In the order of the steps of an answer."""

_LONGEST = 80
"""Characters of a gold answer or quote that are shown."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The cause of a wrong answer, and a sentence about it."""

    cause: Cause
    words: str

    def __str__(self) -> str:
        return self.words


def diagnose(case: GoldCase, row: Row, scores: Mapping[str, float]) -> Diagnosis | None:
    """Return why the answer is wrong; None where it is right, or where ``scores`` without ``correct`` do not tell."""
    if row.status == "failed":
        return Diagnosis("failed", f"failed: {row.error}")
    if not case.answerable:
        verified = ", not verified," if row.status == "unverified" else ""
        anyway = f"answered{verified} although the documents do not say{_confidence(row)}"
        return Diagnosis("answered-anyway", anyway) if row.answers else None
    if row.status != "retrieved" and "correct" not in scores:
        return None
    row = replace(row, gold=evidence_places(case, row))
    ranks = [next((r for r, hit in enumerate(row.retrieved, 1) if holds(hit.place, gold)), None) for gold in row.gold]
    if scores.get("correct"):
        return _diagnose_right(row, ranks)
    if None in ranks:
        declined = f", so it declined{_confidence(row)}" if row.declined else ""
        return Diagnosis("not-found", f"not found: {_describe_absence(case, row, ranks)}{declined}")
    return None if row.status == "retrieved" else _diagnose_wrong(case, row, ranks)


def judge(case: GoldCase, row: Row, scores: Mapping[str, float], diagnosis: Diagnosis | None) -> Judgement:
    """Return whether the answer is right; for a search alone, whether the evidence was found."""
    if row.status == "failed":
        return "wrong"
    if row.status == "retrieved":
        return "none" if not (case.answerable and case.evidence) else "wrong" if diagnosis else "right"
    return "none" if "correct" not in scores else "right" if scores["correct"] else "wrong"


def count_causes(causes: Iterable[str | None]) -> list[dict[str, Any]]:
    """Return each cause that occurs with its count, and the count in percent of the largest."""
    counts = Counter(causes)
    most = max(counts[cause] for cause in CAUSES)
    return [
        {"name": cause, "title": title, "count": counts[cause], "percent": 100 * counts[cause] / most}
        for cause, title in CAUSES.items()
        if counts[cause]
    ]


def evidence_places(case: GoldCase, row: Row) -> tuple[Location, ...]:
    """Return the evidence as located in the index; if the row does not have it, as the case names it."""
    return row.gold or tuple(Location(item.path, item.page) for item in case.evidence)


def holds(place: Location, gold: Location) -> bool:
    """Return whether both share characters or, where these are unknown, the page or file."""
    if have_characters((place, gold)):
        return shared_characters([place], [gold]) > 0
    return is_at(place, gold)


def _diagnose_right(row: Row, ranks: Sequence[int | None]) -> Diagnosis | None:
    """A right answer may still not cite the evidence."""
    if not row.gold or _cited_evidence(row):
        return None
    places = dict.fromkeys((cited.place.path, cited.place.page) for cited in row.citations)
    cites = " and ".join(path if page is None else f"{path}, page {page}" for path, page in places) or "nothing"
    evidence = f"{_at_ranks(ranks)} of what was retrieved" if any(ranks) else "not among what was retrieved"
    return Diagnosis("miscited", f"right answer, but cites {cites}; the evidence is {evidence}")


def _diagnose_wrong(case: GoldCase, row: Row, ranks: Sequence[int | None]) -> Diagnosis:
    """All evidence was retrieved, and yet the answer is wrong."""
    lacks = f"the answer lacks {_quote(case.answers[0])}" if case.answers else "the answer does not cite the evidence"
    if row.declined:
        evidence = f"the evidence was retrieved {_at_ranks(ranks)}" if row.gold else "the documents answer"
        return Diagnosis("declined", f"declined although {evidence}{_confidence(row)}")
    if not row.gold:
        return Diagnosis("wrong-answer", lacks)
    cited = _cited_evidence(row)
    if not cited:
        found = f"found {_at_ranks(ranks)} but not cited"
        return Diagnosis("not-cited", f"{found}, and {lacks}" if case.answers else found)
    right = "right file" if cited[0].page is None else "right page"
    if len(row.gold) > 1:
        right = f"{len(cited)} of {len(row.gold)} pieces of evidence"
    return Diagnosis("wrong-answer", f"{right} cited, but {lacks}")


def _describe_absence(case: GoldCase, row: Row, ranks: Sequence[int | None]) -> str:
    """About the first piece of evidence that was not retrieved."""
    missing = [(place, item) for place, item, rank in zip(row.gold, case.evidence, ranks, strict=False) if rank is None]
    place, item = missing[0]
    count, of_file = len(row.retrieved), sum(hit.place.path == place.path for hit in row.retrieved)
    if not count:
        absence = "nothing was retrieved"
    elif not of_file:
        absence = f"no passage of {place.path} was among the {count}"
    else:
        page = "" if place.page is None else f" on page {place.page}"
        evidence = _quote(item.quote) if item.quote else f"the evidence{page}"
        are = "is" if of_file == 1 else "are"
        absence = f"{of_file} of the {count} passages {are} of {place.path}, none with {evidence}"
    more = f" ({len(missing)} of {len(ranks)} pieces of evidence are missing)" if len(ranks) > 1 else ""
    return absence + more


def _cited_evidence(row: Row) -> list[Location]:
    """The gold places whose page or file is cited."""
    return [gold for gold in row.gold if any(is_at(cited.place, gold) for cited in row.citations)]


def _at_ranks(ranks: Sequence[int | None]) -> str:
    known = sorted({rank for rank in ranks if rank})
    return f"at {'rank' if len(known) == 1 else 'ranks'} {' and '.join(map(str, known))}"


def _confidence(row: Row) -> str:
    return "" if row.confidence is None else f" (confidence {row.confidence:.2f})"


def _quote(text: str) -> str:
    return f"“{text if len(text) <= _LONGEST else f'{text[: _LONGEST - 1].rstrip()}…'}”"
