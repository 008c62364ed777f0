"""A judge's verdicts on a run's answers: ``judgements.jsonl``, and their metrics."""

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
"""``unstable`` if the verdict changes when the answers swap places; ``invalid`` if the judge's reply cannot be read;
``unanswered`` if there was no answer to judge."""
Faithfulness = Literal["yes", "partly", "no", "uncited", "invalid"]
_UNKNOWN = Usage()
_WORTH = {"yes": 1.0, "partly": 0.5}

METRICS = (
    Metric("judged_correct", "Whether a judge finds that the answer says what a gold answer says.", kind="rate"),
    Metric(
        "judged_faithful",
        "Share of the answer's sentences that a judge finds supported; a partly supported one counts half.",
    ),
    Metric(
        "judged_unstable", "Whether the judge contradicts itself; the answer then counts as wrong.", "lower", "rate"
    ),
    Metric("judged_invalid", "Whether the judge gave no verdict; the answer then counts as wrong.", "lower", "rate"),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A line of ``judgements.jsonl``."""

    id: str
    judge: str
    """Model and version of the prompts."""
    of: str
    """Hash of what was judged: a new answer needs a new judgement."""
    correct: Correctness | None = None
    """None without a gold answer to compare with."""
    faithful: tuple[Faithfulness, ...] = ()
    """A verdict per sentence."""
    reasons: tuple[str, ...] = ()
    usage: Usage = _UNKNOWN
    error: str | None = None
    """Why there is no judgement."""

    @property
    def scores(self) -> dict[str, float]:
        """The metrics that apply. Where the judge gave no verdict, the answer counts as wrong."""
        scores: dict[str, float] = {}
        if self.correct:
            scores["judged_correct"] = float(self.correct == "correct")
        if self.correct and self.correct != "unanswered":
            scores["judged_unstable"] = float(self.correct == "unstable")
        if self.faithful:
            scores["judged_faithful"] = round(fmean(_WORTH.get(verdict, 0.0) for verdict in self.faithful), 6)
        if self.faithful or "judged_unstable" in scores:
            scores["judged_invalid"] = float("invalid" in (self.correct, *self.faithful))
        return scores


def judgement_log(folder: RunFolder) -> JsonLinesLog[Judgement]:
    """Return the run's file of judgements."""
    return JsonLinesLog(folder.path / "judgements.jsonl", TypeAdapter(Judgement))


def read_judgements(folder: RunFolder) -> dict[str, Judgement]:
    """Return the judgements of the run's present answers by question, without failed ones."""
    rows, cases = folder.rows(), {case.id: case for case in folder.cases}
    return {
        case_id: judgement
        for case_id, judgement in judgement_log(folder).read().items()
        if case_id in rows and judgement.error is None and judgement.of == judged_hash(cases[case_id], rows[case_id])
    }


def add_judgements(folder: RunFolder, scores: Iterable[CaseScores]) -> list[CaseScores]:
    """Return the scores with the judge's metrics added."""
    judgements = read_judgements(folder)
    return [
        replace(item, scores={**item.scores, **judgements[item.id].scores}) if item.id in judgements else item
        for item in scores
    ]


def judged_hash(case: GoldCase, row: Row) -> str:
    """Return a hash of all that a judge is shown."""
    turns = [[turn.role, turn.text] for turn in case.history]
    sentences = [sentence.text for sentence in row.sentences]
    quotes = [[cited.number, cited.quote, cited.place.path, cited.place.start] for cited in row.citations]
    passages = [(p.title, p.heading, p.text) if p else None for p in (cited_passage(c, row) for c in row.citations)]
    shown = [case.question, turns, case.answers, row.status, row.answer, sentences, quotes, passages]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def cited_passage(cited: CitedQuote, row: Row) -> RetrievedPassage | None:
    """Return the retrieved passage that holds the quote."""
    length = characters([cited.place])
    return next((p for p in row.retrieved if shared_characters([p.place], [cited.place]) == length > 0), None)
