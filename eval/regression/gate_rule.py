"""Whether a run is worse than its baseline: the rule, and why it is this one, is in docs/decisions/0007."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eval.metrics.registry import MEASURES
from eval.regression.comparison import Compared, Comparison, compare, sign
from eval.runs.folder import Facts, RunFolder
from eval.stats.differences import holm
from indexes.errors import FootnoteError

ALPHA = 0.05
"""How often a run of an unchanged system may fail, all guarded measures together."""
_FIRST = "correct"
_TELLING = 5
"""Fewer questions that differ are never told from chance: each way is as likely, and 0.5 ** 4 is above ALPHA."""
_LEAST, _MOST = 1, 4
"""Questions' worth of loss that passes where nothing is left to chance."""
_NO_CHANCE = "failed"
"""An error is no answer that could have come out otherwise: it fails whatever the chance, and is asked again."""
_ROUNDING = 1e-9


class GateError(FootnoteError):
    """There is nothing to guard, or what is to be guarded is no measure."""

    kind = "bad-gate"


@dataclass(frozen=True, slots=True)
class Guard:
    """``margin`` is None where the measure's own holds."""

    name: str
    margin: float | None = None


GUARDS = tuple(Guard(measure.name) for measure in MEASURES if measure.guarded)


@dataclass(frozen=True, slots=True)
class Guarded:
    """What became of a guarded measure of the baseline. ``compared`` is None where the run has nothing of it."""

    name: str
    compared: Compared | None
    allowed: float
    """How much worse its mean may be."""
    p: float
    """Of chance making it so much worse: one-sided, adjusted over the guarded measures."""
    failure: str
    """In words; empty where it passes."""

    @property
    def beyond(self) -> bool:
        """Whether it is worse by more than is allowed, be it by chance."""
        return self.compared is not None and -self.compared.gain > self.allowed + _ROUNDING


@dataclass(frozen=True, slots=True)
class Ruling:
    comparison: Comparison
    repeatable: bool
    """Whether both are runs of systems that answer the same each time."""
    unlike: tuple[str, ...]
    """A sentence each, of what keeps questions from being compared: those not asked, and those edited."""
    guarded: tuple[Guarded, ...]

    @property
    def failures(self) -> list[str]:
        """A sentence each; none where the run passes."""
        return [failure for failure in (*self.unlike, *(one.failure for one in self.guarded)) if failure]


def guard(told: str) -> Guard:
    """Reads ``NAME`` or ``NAME:MARGIN``; raises ``GateError``."""
    name, colon, given = told.partition(":")
    try:
        margin = float(given) if colon else None
    except ValueError:
        margin = -1
    if margin is not None and not 0 <= margin < math.inf:
        raise GateError(f"{told}: the margin is no number from 0; {name}:0.02 lets its mean become .02 worse.")
    return Guard(name, margin)


def rule(baseline: RunFolder, run: RunFolder, guards: Sequence[Guard] = ()) -> Ruling:
    """Without ``guards``, of the guarded measures, those that there are: runs that only search have fewer.

    Raises ``RunError`` where one of them is no finished run, ``GateError`` where there is nothing to guard.
    """
    comparison = compare(baseline, run, {one.name for one in guards or GUARDS})
    for one in guards:
        _check_measured(one, comparison)
    repeatable = _repeatable(baseline.facts) and _repeatable(run.facts)
    guarded = _guarded(_in_baseline(guards or GUARDS, comparison), comparison, repeatable=repeatable)
    return Ruling(comparison, repeatable, tuple(_unlike(comparison)), tuple(guarded))


def _check_measured(guard: Guard, comparison: Comparison) -> None:
    if guard.name not in _measured(comparison) | {*comparison.new}:
        raise GateError(f"Neither run measured {guard.name!r}: `footnote eval compare --all` shows what they have.")


def _in_baseline(guards: Sequence[Guard], comparison: Comparison) -> list[Guard]:
    measured = [one for one in guards if one.name in _measured(comparison)]
    if not measured:
        raise GateError("There is nothing to guard: the baseline has none of the guarded measures.")
    return measured


def _measured(comparison: Comparison) -> set[str]:
    return {one.measure.name for one in comparison.compared} | {*comparison.gone}


def _unlike(comparison: Comparison) -> Iterator[str]:
    if ids := comparison.missing:
        yield f"Of the baseline's questions {len(ids)} were not asked: {', '.join(ids)}."
    if ids := comparison.edited:
        yield (
            f"The gold of {len(ids)} questions was edited since the baseline: {', '.join(ids)}. "
            f"Make a new one with `footnote eval baseline`."
        )


def _guarded(guards: Sequence[Guard], comparison: Comparison, *, repeatable: bool) -> Iterator[Guarded]:
    compared = {one.measure.name: one for one in comparison.compared}
    chances = _chances(comparison.compared)
    for one in guards:
        if told := compared.get(one.name):
            looked_at = Guarded(one.name, told, _allowed(one, told, repeatable=repeatable), chances[one.name], "")
            if told.lost and not told.measure.of_answer:
                yield replace(looked_at, failure=_lost(told))
            elif looked_at.beyond and (repeatable or one.name == _NO_CHANCE or looked_at.p < ALPHA):
                yield replace(looked_at, failure=_worse(told, looked_at.allowed))
            else:
                yield looked_at
        else:
            yield Guarded(one.name, None, 0.0, 1.0, f"{one.name} was measured in the baseline, and no longer.")


def _chances(compared: Sequence[Compared]) -> dict[str, float]:
    """Adjusted so that all of them together alarm of an unchanged system with a chance of at most ALPHA.

    Half of ALPHA is for whether answers are correct, half for the others, by Holm. Measures of which too few questions
    differ take no share: they cannot alarm (Tarone).
    """
    ps = {
        one.measure.name: one.difference.p_of(-sign(one.measure))
        for one in compared
        if len(one.better) + len(one.worse) >= _TELLING
    }
    first = {name: ps.pop(name) for name in (_FIRST,) if name in ps}
    halves = 2 if first and ps else 1
    adjusted = first | dict(zip(ps, holm(list(ps.values())), strict=True))
    return {one.measure.name: min(1.0, halves * adjusted.get(one.measure.name, 1.0)) for one in compared}


def _allowed(guard: Guard, compared: Compared, *, repeatable: bool) -> float:
    if guard.margin is not None:
        return guard.margin
    own = compared.measure.margin
    return min(max(own, _LEAST / compared.n), _MOST / compared.n) if repeatable else own


def _lost(told: Compared) -> str:
    return f"{told.measure.name} was measured of {len(told.lost)} questions more before: {', '.join(told.lost)}."


def _worse(told: Compared, allowed: float) -> str:
    way = "fell" if told.after < told.before else "rose"
    by = f"by {abs(told.difference.value):.3f}, where {allowed:.3f} may pass"
    return f"{told.measure.name} {way} from {told.before:.3f} to {told.after:.3f}, {by} (n = {told.n})."


def _repeatable(facts: Facts) -> bool:
    """Without a language model or a server that embeds, nothing is left to chance."""
    llm, embedding = facts.settings.get("llm", {}), facts.settings.get("embedding", {})
    writes = not facts.retrieval_only and (llm.get("model") or llm.get("class_") or llm.get("class"))
    return not writes and not embedding.get("base_url")
