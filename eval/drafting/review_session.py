"""A person decides on drafts of gold questions; each decision is on disk before the next is asked for."""

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
    """What was decided stands beside the drafts, so that a later review goes on; what was accepted, in the gold."""

    def __init__(self, drafts: Path, gold: Path) -> None:
        """Raises ``GoldError`` where either is no gold file, or the gold is a table, which is not written here."""
        if gold.suffix.lower() == ".csv":
            raise GoldError(f"Accepted questions are written as JSON lines, not into {gold}: name a .jsonl file.")
        self._drafts = read_gold(drafts)
        self._gold = gold
        self._log = drafts.with_name(f"{drafts.name}.decisions")
        self._decided = self._read_log()
        if gold.exists() and gold.stat().st_size:
            self._decided |= {case.id: "accepted" for case in read_gold(gold)}

    @property
    def waiting(self) -> list[GoldCase]:
        """Those that are not decided on, then those that were skipped."""
        fresh = [case for case in self._drafts if case.id not in self._decided]
        return fresh + [case for case in self._drafts if self._decided.get(case.id) == "skipped"]

    @property
    def counts(self) -> Counter[str]:
        """How many drafts were accepted, rejected, skipped, and are still new."""
        return Counter(self._decided.get(case.id, "new") for case in self._drafts)

    def accept(self, case: GoldCase) -> None:
        """``case`` may have been edited; its id is still the draft's. What was to be checked is."""
        tags = tuple(tag for tag in case.tags if tag != TO_CHECK)
        _append(self._gold, write_gold([replace(case, tags=tags)]))
        self._decide(case.id, "accepted")

    def reject(self, case: GoldCase) -> None:
        self._decide(case.id, "rejected")

    def skip(self, case: GoldCase) -> None:
        """It comes again in the next review."""
        self._decide(case.id, "skipped")

    def _decide(self, draft: str, decision: Decision) -> None:
        _append(self._log, json.dumps({"id": draft, "decision": decision}) + "\n")
        self._decided[draft] = decision

    def _read_log(self) -> dict[str, str]:
        """A line that a kill cut short was no decision yet."""
        if not self._log.exists():
            return {}
        whole, end, _ = self._log.read_bytes().rpartition(b"\n")
        os.truncate(self._log, len(whole) + len(end))
        try:
            rows = [json.loads(line) for line in whole.splitlines()]
            return {row["id"]: row["decision"] for row in rows}
        except (ValueError, TypeError, KeyError) as error:
            raise GoldError(
                f"{self._log} is not a list of decisions: move it away to review the drafts anew."
            ) from error


def edit_case(case: GoldCase, question: str, answers: str, *, answerable: bool) -> GoldCase:
    """With another question and other answers, divided by ``|``; what has no answer has no evidence."""
    told = tuple(part.strip() for part in answers.split("|") if part.strip())
    return replace(
        case,
        question=question,
        answers=told if answerable else (),
        evidence=case.evidence if answerable else (),
        answerable=answerable,
    )


def _append(file: Path, line: str) -> None:
    """On disk when this returns, on a line of its own also where the last one was not ended."""
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
