"""Two runs of the same questions, side by side."""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from eval.metrics.registry import BY_NAME
from eval.runs.folder import Facts, RunError, RunFolder
from eval.stats.differences import Difference, difference, holm
from eval.types import GoldCase, Measure, Row, Scored

_NOT_COMPARED = ("name", "started", "gold_file")
"""Facts that say which run it is, and nothing of what it was made of."""


@dataclass(frozen=True, slots=True)
class Change:
    """Of what the runs were made of: a fact, or a setting as ``retrieval.limit``."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure over the questions that it applies to in both runs; ``better`` and ``worse`` are their ids."""

    measure: Measure
    before: float
    after: float
    n: int
    difference: Difference
    p: float
    """Two-sided, Holm-adjusted over all measures that were compared."""
    better: tuple[str, ...]
    worse: tuple[str, ...]
    lost: tuple[str, ...]
    """Questions that it applied to in the baseline, and no longer does."""

    @property
    def gain(self) -> float:
        """The difference, below 0 where it is for the worse."""
        return self.difference.value * sign(self.measure)


@dataclass(frozen=True, slots=True)
class Told:
    """A question, and what each run said to it; empty where a run's folder has no rows, as a committed baseline."""

    question: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``before`` is the baseline. Ids and measures that only one of the runs has are named, and not compared."""

    before: Facts
    after: Facts
    changes: tuple[Change, ...]
    n: int
    """Questions in both."""
    missing: tuple[str, ...]
    added: tuple[str, ...]
    edited: tuple[str, ...]
    """Questions whose text, answers or evidence changed."""
    gone: tuple[str, ...]
    new: tuple[str, ...]
    compared: tuple[Compared, ...]
    told: Mapping[str, Told]
    """The questions that a rate tells apart."""

    @property
    def notes(self) -> list[str]:
        """What a reader should know before the figures, a sentence each."""
        return [*_of_questions(self), *_of_measures(self)]


def _of_questions(comparison: Comparison) -> Iterator[str]:
    if comparison.before.gold != comparison.after.gold:
        yield "The gold differs: what changed in a question is not told from what changed in its answer."
    for what, ids in (
        ("changed in the gold", comparison.edited),
        ("only in the baseline", comparison.missing),
        ("only in this run", comparison.added),
    ):
        if ids:
            yield f"Questions {what}: {len(ids)} ({', '.join(ids)})."


def _of_measures(comparison: Comparison) -> Iterator[str]:
    for what, names in (("in the baseline", comparison.gone), ("in this run", comparison.new)):
        if names:
            yield f"Measured only {what}: {', '.join(names)}."


def sign(measure: Measure) -> int:
    return 1 if measure.better == "higher" else -1


def compare(baseline: RunFolder, run: RunFolder, names: Collection[str] | None = None) -> Comparison:
    """Measures by name, or all. Raises ``RunError`` where a run is not finished, or they share no question."""
    facts = baseline.facts, run.facts  # first: what is no run at all is said to be none
    before, after = baseline.scored(), run.scored()
    pairs = [(one, after[id_]) for id_, one in before.items() if id_ in after]
    if not pairs:
        raise RunError(f"{baseline.path} and {run.path} have no question in common: they are runs of other gold.")
    measured, measuring = _measures(before.values()), _measures(after.values())
    shared = [name for name in measured if any(name in a.scores and name in b.scores for a, b in pairs)]
    compared = _adjusted([_compared(name, pairs) for name in shared if names is None or name in names])
    return Comparison(
        before=facts[0],
        after=facts[1],
        changes=tuple(_changes(*facts)),
        n=len(pairs),
        missing=tuple(id_ for id_ in before if id_ not in after),
        added=tuple(id_ for id_ in after if id_ not in before),
        edited=tuple(a.id for a, b in pairs if a.gold != b.gold),
        gone=tuple(name for name in measured if name not in shared),
        new=tuple(name for name in measuring if name not in measured),
        compared=compared,
        told=_told(baseline, run, compared),
    )


def _measures(scored: Iterable[Scored]) -> list[str]:
    """In the order of ``MEASURES``; then those of other makers, by name."""
    having = {name for one in scored for name in one.scores}
    return [name for name in BY_NAME if name in having] + sorted(having - BY_NAME.keys())


def _compared(name: str, pairs: Sequence[tuple[Scored, Scored]]) -> Compared:
    measure = BY_NAME.get(name) or Measure(name, "")
    both = [(a, b) for a, b in pairs if name in a.scores and name in b.scores]
    before, after = [a.scores[name] for a, _ in both], [b.scores[name] for _, b in both]
    gains = [(b.scores[name] - a.scores[name]) * sign(measure) for a, b in both]
    told = difference(before, after, [b.cluster for _, b in both], measure.kind)
    return Compared(
        measure=measure,
        before=math.fsum(before) / len(both),
        after=math.fsum(after) / len(both),
        n=len(both),
        difference=told,
        p=told.p,
        better=tuple(a.id for (a, _), gain in zip(both, gains, strict=True) if gain > 0),
        worse=tuple(a.id for (a, _), gain in zip(both, gains, strict=True) if gain < 0),
        lost=tuple(a.id for a, b in pairs if name in a.scores and name not in b.scores),
    )


def _adjusted(compared: Sequence[Compared]) -> tuple[Compared, ...]:
    adjusted = holm([one.p for one in compared])
    return tuple(replace(one, p=p) for one, p in zip(compared, adjusted, strict=True))


def _changes(before: Facts, after: Facts) -> Iterator[Change]:
    old, new = dict(_flat(asdict(before))), dict(_flat(asdict(after)))
    for name in dict.fromkeys((*old, *new)):
        if name not in _NOT_COMPARED and old.get(name) != new.get(name):
            yield Change(name, old.get(name, ""), new.get(name, ""))


def _flat(value: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    for key, part in value.items():
        if isinstance(part, dict):
            yield from _flat(part, "" if key == "settings" else f"{within}{key}.")
        else:
            yield f"{within}{key}", part if isinstance(part, str) else json.dumps(part)


def _told(baseline: RunFolder, run: RunFolder, compared: Sequence[Compared]) -> dict[str, Told]:
    cases, before, after = _cases(baseline) | _cases(run), baseline.rows(), run.rows()
    flipped = {id_: None for one in compared if one.measure.kind == "rate" for id_ in (*one.better, *one.worse)}
    return {
        id_: Told(cases[id_].question if id_ in cases else "", _answer(before.get(id_)), _answer(after.get(id_)))
        for id_ in flipped
    }


def _answer(row: Row | None) -> str:
    return (row.error or row.answer) if row else ""


def _cases(folder: RunFolder) -> dict[str, GoldCase]:
    """None of a committed baseline: its gold is the repository's own."""
    return {case.id: case for case in folder.cases} if (folder.path / "gold.jsonl").exists() else {}
