"""The questions of a report, as plain values that the page's script reads."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from eval.reports.diagnosis import Judgement, diagnose, evidence_places, holds, judge
from eval.runs.folder import RunError, RunFolder
from eval.types import CaseScores, GoldCase, Row

Passages = dict[tuple[Any, ...], int]
"""The number of each passage in the report. Many questions share passages, so each is written once."""

_WORDS: Mapping[Judgement, str] = {"right": "Right", "wrong": "Wrong", "none": "Not judged"}
_SEARCH_WORDS: Mapping[Judgement, str] = {"right": "Found", "wrong": "Not found", "none": "Not judged"}


def describe_questions(run: RunFolder, baseline: RunFolder | None) -> dict[str, Any]:
    """Return ``questions`` in the order of the gold, and their ``passages`` by number.

    Raises ``RunError`` for unfinished runs.
    """
    passages: Passages = {}
    rows, scored = run.rows(), run.scores()
    if missing := [id_ for id_ in scored if id_ not in rows]:
        raise RunError(
            f"{run.path}/rows.jsonl has no row of {missing[0]}, which was scored: "
            f"`footnote eval … --run {run.path}` asks it again."
        )
    old_rows, old_scored = (baseline.rows(), baseline.scores()) if baseline else ({}, {})
    questions = []
    for case in (case for case in run.cases if case.id in scored):
        now = rows[case.id], scored[case.id]
        old_row, old = old_rows.get(case.id), old_scored.get(case.id)
        questions.append(_describe_question(case, now, (old_row, old) if old_row and old else None, passages))
        measure = "correct" if "correct" in now[1].scores else "context_file_all"  # of a search alone: all files found
        gain = now[1].scores.get(measure, 0) - (old.scores.get(measure, 0) if old else 0)
        change = "better" if gain > 0 else "worse" if gain < 0 else "same"
        questions[-1]["change"] = change if old else "new"
    names = ("path", "page", "heading", "text")
    return {"questions": questions, "passages": [dict(zip(names, key[:4], strict=True)) for key in passages]}


def _describe_question(
    case: GoldCase, now: tuple[Row, CaseScores], before: tuple[Row, CaseScores] | None, passages: Passages
) -> dict[str, Any]:
    return {
        "id": case.id,
        "kind": case.kind,
        "tags": case.tags,
        "question": case.question,
        "history": [(turn.role, turn.text) for turn in case.history],
        "answers": case.answers,
        "answerable": case.answerable,
        "evidence": [asdict(item) for item in case.evidence],
        "now": _describe_answer(case, *now, passages),
        "before": _describe_answer(case, *before, passages) if before else None,
    }


def _describe_answer(case: GoldCase, row: Row, scored: CaseScores, passages: Passages) -> dict[str, Any]:
    diagnosis, gold = diagnose(case, row, scored.scores), evidence_places(case, row)
    judgement = judge(case, row, scored.scores, diagnosis)
    retrieved = []
    for hit in row.retrieved:
        key = (hit.place.path, hit.place.page, " › ".join(hit.heading), hit.text, hit.place.start)
        number = passages.setdefault(key, len(passages))
        is_gold = any(holds(hit.place, place) for place in gold)
        retrieved.append({"passage": number, "score": hit.score, "gold": is_gold})
    return {
        "status": row.status,
        "declined_by": row.declined_by,
        "unanswered": row.unanswered,
        "outcome": judgement,
        "words": "Failed"
        if row.status == "failed"
        else (_SEARCH_WORDS if row.status == "retrieved" else _WORDS)[judgement],
        "cause": diagnosis.cause if diagnosis else None,
        "why": diagnosis.words if diagnosis else None,
        "answer": row.answer,
        "sentences": [asdict(sentence) for sentence in row.sentences],
        "footnotes": [
            {"number": cited.number, "path": cited.place.path, "page": cited.place.page, "quote": cited.quote}
            for cited in row.citations
        ],
        "retrieved": retrieved,
        "confidence": row.confidence,
        "scores": scored.scores,
        "timings": row.timings or {},
        "tokens": (row.usage.input_tokens, row.usage.output_tokens),
        "cost": row.cost,
        "cached": row.cached,
        "model": row.model,
        "error": row.error,
    }
