"""Candidates for gold questions, made from feedback on answers, for `footnote eval review`.

They follow the format of gold files (docs/evaluation.md), as ``eval`` cannot be imported here.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from api.history.journal_entry import JournalEntry, SourceBody
from indexes.text.tokenization import words
from rag.citations.markers import without_markers

Row = Mapping[str, Any]
_EVIDENCE_FIELDS = {"path", "page", "lines", "quote"}


def candidates(entries: Iterable[JournalEntry]) -> list[Row]:
    """Return one row per question, from its latest feedback. Feedback that implies no right answer is left out."""
    rows = dict[str, Row]()
    for entry in entries:
        answer, feedback = entry.result, entry.feedback
        if answer is None or feedback is None:
            continue
        if feedback.verdict == "up":
            unverified = answer.status == "unverified"
            text = without_markers(answer.answer).strip() if answer.citations or unverified else ""
            unclear = unverified or (answer.citations and (answer.status == "partly" or not text))
            row = _make_row(entry, text, answer.citations, "liked", *(["check"] if unclear else []))
        elif feedback.reason == "should_have_declined":
            row = _make_row(entry, "", (), "disliked", "check")
        elif better := feedback.better_answer.strip():
            row = _make_row(entry, better, answer.citations, "disliked", "check")
        else:
            continue
        rows.pop(row["id"], None)
        rows[row["id"]] = row
    return list(rows.values())


def _make_row(entry: JournalEntry, answer: str, evidence: tuple[SourceBody, ...], *tags: str) -> Row:
    """Return a gold row, unanswerable without answer and evidence. The tag ``check`` asks a person to correct it."""
    history = [turn.model_dump() for turn in entry.history]
    turns = (entry.question, *(turn.text for turn in entry.history))
    identity = "\n".join(" ".join(words(text)) for text in turns)  # as drafts have it: the same question, the same id
    return {
        "id": f"d-{hashlib.sha256(identity.encode()).hexdigest()[:8]}",
        "question": entry.question,
        "answers": [answer] if answer else [],
        "evidence": [place.model_dump(include=_EVIDENCE_FIELDS, exclude_none=True) for place in evidence],
        "answerable": bool(answer or evidence),
        "kind": "drafted",
        "tags": tags,
        **({"history": history} if history else {}),
    }
