"""Comparison of two runs of the same questions."""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from eval.metrics.scoring import METRICS_BY_NAME
from eval.runs.folder import Provenance, RunError, RunFolder
from eval.stats.differences import Difference, holm, paired_difference
from eval.types import CaseScores, Metric

_NOT_COMPARED = ("name", "started", "gold_file")
"""Facts that identify a run and do not affect its answers."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact of the runs that differs, or a setting as ``retrieval.limit``."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class MeasureComparison:
    """A measure over the questions that have it in both runs. ``better`` and ``worse`` are ids of questions."""

    measure: Metric
    before: float
    after: float
    n: int
    difference: Difference
    p: float
    """Two-sided, Holm-adjusted over all measures that were compared."""
    better: tuple[str, ...]
    worse: tuple[str, ...]
    lost: tuple[str, ...]
    """Questions that have the measure in the baseline only."""

    @classmethod
    def between(cls, pairs: Sequence[tuple[CaseScores, CaseScores]], name: str) -> "MeasureComparison":
        """Return the comparison of the named measure, with ``p`` not adjusted."""
        measure = METRICS_BY_NAME.get(name) or Metric(name, "")
        both = [(a, b) for a, b in pairs if name in a.scores and name in b.scores]
        before, after = [a.scores[name] for a, _ in both], [b.scores[name] for _, b in both]
        gains = [(b.id, (b.scores[name] - a.scores[name]) * sign(measure)) for a, b in both]
        change = paired_difference(before, after, [b.cluster for _, b in both], measure.kind)
        return cls(
            measure=measure,
            before=math.fsum(before) / len(both),
            after=math.fsum(after) / len(both),
            n=len(both),
            difference=change,
            p=change.p,
            better=tuple(id_ for id_, gain in gains if gain > 0),
            worse=tuple(id_ for id_, gain in gains if gain < 0),
            lost=tuple(a.id for a, b in pairs if name in a.scores and name not in b.scores),
        )

    @property
    def gain(self) -> float:
        """The difference, negative where the run is worse."""
        return self.difference.value * sign(self.measure)


@dataclass(frozen=True, slots=True)
class FlippedQuestion:
    """A question and both answers; these are empty where a run has no rows, as in a committed baseline."""

    question: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``before`` is the baseline. Ids and measures that only one run has are named, and not compared."""

    before: Provenance
    after: Provenance
    changes: tuple[Change, ...]
    n: int
    """Questions in both."""
    missing: tuple[str, ...]
    added: tuple[str, ...]
    edited: tuple[str, ...]
    """Questions whose text, answers or evidence changed."""
    gone: tuple[str, ...]
    new: tuple[str, ...]
    compared: tuple[MeasureComparison, ...]
    told: Mapping[str, FlippedQuestion]
    """The questions, by id, of which a rate differs."""

    @property
    def notes(self) -> list[str]:
        """Caveats to read before the figures, a sentence each."""
        questions = {
            "changed in the gold": self.edited,
            "only in the baseline": self.missing,
            "only in this run": self.added,
        }
        measures = {"in the baseline": self.gone, "in this run": self.new}
        edited = self.before.gold != self.after.gold
        return [
            *["The gold differs: a changed question cannot be told from a changed answer."] * edited,
            *(f"Questions {what}: {len(ids)} ({', '.join(ids)})." for what, ids in questions.items() if ids),
            *(f"Measured only {where}: {', '.join(names)}." for where, names in measures.items() if names),
        ]


def sign(measure: Metric) -> int:
    """Return 1 where higher is better, else -1."""
    return 1 if measure.better == "higher" else -1


def compare(baseline: RunFolder, run: RunFolder, names: Collection[str] | None = None) -> Comparison:
    """Compare the named measures, or all. Raises ``RunError`` where a run is unfinished or no question is in both."""
    facts = baseline.provenance, run.provenance  # first, so that a folder that is no run is reported as such
    before, after = baseline.scores(), run.scores()
    pairs = [(scored, after[id_]) for id_, scored in before.items() if id_ in after]
    if not pairs:
        raise RunError(f"{baseline.path} and {run.path} have no question in common: they are runs of other gold.")
    earlier, later = _measure_names(before.values()), _measure_names(after.values())
    shared = [name for name in earlier if any(name in a.scores and name in b.scores for a, b in pairs)]
    compared = [MeasureComparison.between(pairs, name) for name in shared if names is None or name in names]
    adjusted = holm([measure.p for measure in compared])
    old, new = (dict(flatten(asdict(side))) for side in facts)
    changed = [name for name in old | new if name not in _NOT_COMPARED and old.get(name) != new.get(name)]
    return Comparison(
        before=facts[0],
        after=facts[1],
        changes=tuple(Change(name, old.get(name, ""), new.get(name, "")) for name in changed),
        n=len(pairs),
        missing=tuple(id_ for id_ in before if id_ not in after),
        added=tuple(id_ for id_ in after if id_ not in before),
        edited=tuple(a.id for a, b in pairs if a.gold != b.gold),
        gone=tuple(name for name in earlier if name not in shared),
        new=tuple(name for name in later if name not in earlier),
        compared=tuple(replace(measure, p=p) for measure, p in zip(compared, adjusted, strict=True)),
        told=_flipped_questions(baseline, run, compared),
    )


def _measure_names(scored: Iterable[CaseScores]) -> list[str]:
    """In the order of ``MEASURES``; then measures unknown to it, by name."""
    names = {name for question in scored for name in question.scores}
    return [name for name in METRICS_BY_NAME if name in names] + sorted(names - METRICS_BY_NAME.keys())


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested values by dotted name, as text; settings by their own names."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, "" if key == "settings" else f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value)


def _flipped_questions(
    baseline: RunFolder, run: RunFolder, compared: Sequence[MeasureComparison]
) -> dict[str, FlippedQuestion]:
    """A committed baseline has no gold of its own, and no answers."""
    folders = [folder for folder in (baseline, run) if (folder.path / "gold.jsonl").exists()]
    questions = {case.id: case.question for folder in folders for case in folder.cases}
    rows = baseline.rows(), run.rows()
    flipped = {id_: None for m in compared if m.measure.kind == "rate" for id_ in (*m.better, *m.worse)}
    answers = {id_: [(row.error or row.answer) if (row := side.get(id_)) else "" for side in rows] for id_ in flipped}
    return {id_: FlippedQuestion(questions.get(id_, ""), *answers[id_]) for id_ in flipped}
