"""What a judge said of a run's answers: ``judgements.jsonl``, and the measures that it gives."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from pydantic import TypeAdapter

from eval.metrics.spans import characters, shared_characters
from eval.runs.folder import JsonLinesLog, RunFolder
from eval.types import CaseScores, CitedQuote, GoldCase, Metric, RetrievedPassage, Row
from rag.types import Usage

Correctness = Literal["correct", "wrong", "unstable", "invalid", "unanswered"]
"""``unstable`` where the judge says otherwise when the answers change places; ``invalid`` where it said nothing that
can be read; ``unanswered`` where there was no answer to judge."""
Faithfulness = Literal["yes", "partly", "no", "uncited", "invalid"]
_UNKNOWN = Usage()
_WORTH = {"yes": 1.0, "partly": 0.5}

METRICS = (
    Metric("judged_correct", "Whether a judge finds that it says what the gold answer says.", kind="rate"),
    Metric("judged_faithful", "How much of its sentences a judge finds in what they cite."),
    Metric("judged_unstable", "Whether the judge contradicts itself, so that it counts as wrong.", "lower", "rate"),
    Metric("judged_invalid", "Whether the judge gave no verdict, so that it counts as wrong.", "lower", "rate"),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A line of ``judgements.jsonl``."""

    id: str
    judge: str
    """Model and version of the prompts."""
    of: str
    """Hash of what was judged: an answer that was given anew is judged anew."""
    correct: Correctness | None = None
    """None where there is no gold answer to hold it against."""
    faithful: tuple[Faithfulness, ...] = ()
    """A sentence each."""
    reasons: tuple[str, ...] = ()
    usage: Usage = _UNKNOWN
    error: str | None = None
    """Why there is no judgement."""

    @property
    def scores(self) -> dict[str, float]:
        """Those that apply. What the judge could not tell counts as not shown."""
        told: dict[str, float] = {}
        if self.correct:
            told["judged_correct"] = float(self.correct == "correct")
        if self.correct and self.correct != "unanswered":
            told["judged_unstable"] = float(self.correct == "unstable")
        if self.faithful:
            told["judged_faithful"] = round(fmean(_WORTH.get(verdict, 0.0) for verdict in self.faithful), 6)
        if self.faithful or "judged_unstable" in told:
            told["judged_invalid"] = float("invalid" in (self.correct, *self.faithful))
        return told


def judgement_log(folder: RunFolder) -> JsonLinesLog[Judgement]:
    return JsonLinesLog(folder.path / "judgements.jsonl", TypeAdapter(Judgement))


def read_judgements(folder: RunFolder) -> dict[str, Judgement]:
    """By question: those of the answers that the run has now, without those that failed."""
    rows, cases = folder.rows(), {case.id: case for case in folder.cases}
    return {
        known: told
        for known, told in judgement_log(folder).read().items()
        if known in rows and told.error is None and told.of == judged_hash(cases[known], rows[known])
    }


def add_judgements(folder: RunFolder, scored: Iterable[CaseScores]) -> list[CaseScores]:
    told = read_judgements(folder)
    return [replace(one, scores={**one.scores, **told[one.id].scores}) if one.id in told else one for one in scored]


def judged_hash(case: GoldCase, row: Row) -> str:
    """Hash of all that a judge is shown."""
    turns = [[turn.role, turn.text] for turn in case.history]
    sentences = [sentence.text for sentence in row.sentences]
    cited = [[cited.number, cited.quote, cited.place.path, cited.place.start] for cited in row.citations]
    passages = [
        (one.title, one.heading, one.text) if one else None for one in (cited_passage(c, row) for c in row.citations)
    ]
    shown = [case.question, turns, case.answers, row.status, row.answer, sentences, cited, passages]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def cited_passage(cited: CitedQuote, row: Row) -> RetrievedPassage | None:
    """The passage that holds what is cited."""
    held = characters([cited.place])
    return next((one for one in row.retrieved if shared_characters([one.place], [cited.place]) == held > 0), None)
