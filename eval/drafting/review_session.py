"""A person's review of drafts; each decision is on disk before the next question."""

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Literal

from eval.drafting.generator import TO_CHECK
from eval.gold.files import GoldError, read_gold, write_gold
from eval.types import GoldCase

Decision = Literal["accepted", "rejected", "skipped"]


class ReviewSession:
    """Keeps decisions beside the drafts, so that a later review resumes, and accepted cases in the gold."""

    def __init__(self, drafts: Path, gold: Path) -> None:
        """Read the drafts and earlier decisions. Raises ``GoldError`` where a file is bad, or the gold is a table."""
        if gold.suffix.lower() == ".csv":
            raise GoldError(f"Accepted questions are written as JSON lines, not into {gold}: name a .jsonl file.")
        self._drafts = read_gold(drafts)
        self._gold = gold
        self._log = drafts.with_name(f"{drafts.name}.decisions")
        self._decided: dict[str, str] = {}
        if self._log.exists():
            complete, end, _ = self._log.read_bytes().rpartition(b"\n")
            os.truncate(self._log, len(complete) + len(end))  # a line that a kill cut short was no decision yet
            try:
                rows = [json.loads(line) for line in complete.splitlines()]
                self._decided = {row["id"]: row["decision"] for row in rows}
            except (ValueError, TypeError, KeyError) as error:
                raise GoldError(
                    f"{self._log} is not a list of decisions: move it away to start the review anew."
                ) from error
        if gold.exists() and gold.stat().st_size:
            self._decided |= {case.id: "accepted" for case in read_gold(gold)}

    @property
    def waiting(self) -> list[GoldCase]:
        """The drafts without a decision, then the skipped ones."""
        undecided = [case for case in self._drafts if case.id not in self._decided]
        return undecided + [case for case in self._drafts if self._decided.get(case.id) == "skipped"]

    @property
    def counts(self) -> Counter[str]:
        """How many drafts are accepted, rejected, skipped and new."""
        return Counter(self._decided.get(case.id, "new") for case in self._drafts)

    def accept(self, case: GoldCase) -> None:
        """Add the case, edited or not, to the gold. Its id must be the draft's; its tag to be checked is removed."""
        tags = tuple(tag for tag in case.tags if tag != TO_CHECK)
        _append(self._gold, write_gold([replace(case, tags=tags)]))
        self._decide(case.id, "accepted")

    def reject(self, case: GoldCase) -> None:
        """Leave the case out for good."""
        self._decide(case.id, "rejected")

    def skip(self, case: GoldCase) -> None:
        """Leave the case for the next review."""
        self._decide(case.id, "skipped")

    def _decide(self, draft: str, decision: Decision) -> None:
        _append(self._log, json.dumps({"id": draft, "decision": decision}) + "\n")
        self._decided[draft] = decision


def edit_case(case: GoldCase, question: str, answers: str, *, answerable: bool) -> GoldCase:
    """Return the case with another question and answers, separated by ``|``; no evidence if unanswerable."""
    texts = tuple(part.strip() for part in answers.split("|") if part.strip())
    return replace(
        case,
        question=question,
        answers=texts if answerable else (),
        evidence=case.evidence if answerable else (),
        answerable=answerable,
    )


def _append(file: Path, line: str) -> None:
    """Write a line to disk before returning; end the last line first where it is not ended."""
    try:
        with file.open("a+b") as out:
            end = out.seek(0, os.SEEK_END)
            if end:
                out.seek(end - 1)
                line = line if out.read(1) == b"\n" else f"\n{line}"
            out.write(line.encode())
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise GoldError(f"The decision cannot be written to {file}: {error.strerror}.") from error
