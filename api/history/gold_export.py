"""What people said of answers becomes candidates for gold questions, for `footnote eval review` to decide on.

Written in the format of gold (docs/evaluation.md): the evaluation is not imported here, its format is kept to.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from api.history.journal_entry import Entry, SourceBody
from indexes.text.tokenization import words
from rag.citations.markers import without_markers

Row = Mapping[str, Any]
_PLACE = {"path", "page", "lines", "quote"}


def candidates(entries: Iterable[Entry]) -> list[Row]:
    """A row a question, of the last that was said of it. What nobody can tell the right answer of is none."""
    rows = dict[str, Row]()
    for entry in entries:
        if row := _row(entry):
            rows.pop(row["id"], None)
            rows[row["id"]] = row
    return list(rows.values())


def _row(entry: Entry) -> Row | None:
    told, said = entry.noted, entry.feedback
    if told is None or said is None:
        return None
    if said.verdict == "up":
        answer = without_markers(told.answer).strip() if told.citations else ""
        unclear = told.citations and (told.status == "partly" or not answer)
        return _case(entry, answer, told.citations, "liked", *(["check"] if unclear else []))
    if said.reason == "should_have_declined":
        return _case(entry, "", (), "disliked", "check")
    better = said.better_answer.strip()
    return _case(entry, better, told.citations, "disliked", "check") if better else None


def _case(entry: Entry, answer: str, evidence: tuple[SourceBody, ...], *tags: str) -> Row:
    """Unanswerable without answer and evidence. Tagged ``check``, it is for a person to mend before it is gold."""
    row = {
        "id": _id(entry),
        "question": entry.question,
        "answers": [answer] if answer else [],
        "evidence": [place.model_dump(include=_PLACE, exclude_none=True) for place in evidence],
        "answerable": bool(answer or evidence),
        "kind": "drafted",
        "tags": tags,
    }
    history = [turn.model_dump() for turn in entry.history]
    return row | ({"history": history} if history else {})


def _id(entry: Entry) -> str:
    """As drafts have it: the same for the same question, whenever it is asked; another after another conversation."""
    asked = "\n".join(" ".join(words(text)) for text in (entry.question, *(turn.text for turn in entry.history)))
    return f"d-{hashlib.sha256(asked.encode()).hexdigest()[:8]}"
