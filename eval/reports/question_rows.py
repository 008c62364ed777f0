"""What a report tells of each question: plain values, which the page's script reads."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from eval.reports.diagnosis import Diagnosis, diagnosis, holds, wanted
from eval.runs.folder import RunError, RunFolder
from eval.types import CaseScores, CitedQuote, GoldCase, Location, RetrievedPassage, Row

Outcome = Literal["right", "wrong", "none"]
Change = Literal["better", "worse", "same", "new"]
Passages = dict[tuple[Any, ...], int]
"""Of a report, each once, with its number: questions meet the same ones again and again."""

_WORDS: Mapping[Outcome, str] = {"right": "Right", "wrong": "Wrong", "none": "Not judged"}
_FOUND: Mapping[Outcome, str] = {"right": "Found", "wrong": "Not found", "none": "Not judged"}


def records(run: RunFolder, baseline: RunFolder | None) -> dict[str, Any]:
    """``passages`` by number, and ``questions`` in the order of the gold. Raises ``RunError`` for unfinished runs."""
    passages: Passages = {}
    rows, scored = run.rows(), run.scores()
    if lost := [name for name in scored if name not in rows]:
        raise RunError(
            f"{run.path}/rows.jsonl has no row of {lost[0]}, which was scored: "
            f"`footnote eval … --run {run.path}` asks it again."
        )
    before = (baseline.rows(), baseline.scores()) if baseline else ({}, {})
    questions = [
        _question(case, (rows[case.id], scored[case.id]), (before[0].get(case.id), before[1].get(case.id)), passages)
        for case in run.cases
        if case.id in scored
    ]
    names = ("path", "page", "heading", "text")
    return {"questions": questions, "passages": [dict(zip(names, one[:4], strict=True)) for one in passages]}


def _question(
    case: GoldCase, now: tuple[Row, CaseScores], before: tuple[Row | None, CaseScores | None], passages: Passages
) -> dict[str, Any]:
    earlier_row, earlier = before
    return {
        "id": case.id,
        "kind": case.kind,
        "tags": case.tags,
        "question": case.question,
        "history": [(turn.role, turn.text) for turn in case.history],
        "answers": case.answers,
        "answerable": case.answerable,
        "evidence": [asdict(item) for item in case.evidence],
        "now": _told(case, *now, passages),
        "before": _told(case, earlier_row, earlier, passages) if earlier_row and earlier else None,
        "change": _change(earlier.scores if earlier else None, now[1].scores),
    }


def _told(case: GoldCase, row: Row, scored: CaseScores, passages: Passages) -> dict[str, Any]:
    why = diagnosis(case, row, scored.scores)
    outcome = _outcome(case, row, scored.scores, why)
    return {
        "status": row.status,
        "declined_by": row.declined_by,
        "unanswered": row.unanswered,
        "outcome": outcome,
        "words": "Failed" if row.status == "failed" else (_FOUND if row.status == "retrieved" else _WORDS)[outcome],
        "cause": why.cause if why else None,
        "why": why.words if why else None,
        "answer": row.answer,
        "sentences": [asdict(sentence) for sentence in row.sentences],
        "footnotes": [_footnote(cited) for cited in row.citations],
        "retrieved": [_retrieved(found, wanted(case, row), passages) for found in row.retrieved],
        "confidence": row.confidence,
        "scores": scored.scores,
        "timings": row.timings or {},
        "tokens": (row.usage.input_tokens, row.usage.output_tokens),
        "cost": row.cost,
        "cached": row.cached,
        "model": row.model,
        "error": row.error,
    }


def _outcome(case: GoldCase, row: Row, scores: Mapping[str, float], why: Diagnosis | None) -> Outcome:
    """Of a question that was not to be answered: whether its evidence was found."""
    if row.status == "failed":
        return "wrong"
    if row.status == "retrieved":
        return "none" if not (case.answerable and case.evidence) else "wrong" if why else "right"
    return "none" if "correct" not in scores else "right" if scores["correct"] else "wrong"


def _change(before: Mapping[str, float] | None, now: Mapping[str, float]) -> Change:
    """By ``correct``; of retrieval alone, by whether all files of the evidence were found."""
    if before is None:
        return "new"
    measure = "correct" if "correct" in now else "context_file_all"
    gain = now.get(measure, 0) - before.get(measure, 0)
    return "better" if gain > 0 else "worse" if gain < 0 else "same"


def _footnote(cited: CitedQuote) -> dict[str, Any]:
    return {"number": cited.number, "path": cited.place.path, "page": cited.place.page, "quote": cited.quote}


def _retrieved(found: RetrievedPassage, gold: Sequence[Location], passages: Passages) -> dict[str, Any]:
    place = found.place
    key = (place.path, place.page, " › ".join(found.heading), found.text, place.start)
    number = passages.setdefault(key, len(passages))
    return {"passage": number, "score": found.score, "gold": any(holds(place, one) for one in gold)}
